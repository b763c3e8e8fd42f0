/** What people expect of a JavaScript platform and small engines lack. The entry of a component loads it first. */

import * as log from './log.js';

class Encoder {
  encode(text = '') {
    const bytes = [];
    for (const character of String(text).toWellFormed()) {
      const code = character.codePointAt(0);
      if (code < 0x80) bytes.push(code);
      else if (code < 0x800) bytes.push(0xc0 | (code >> 6), 0x80 | (code & 0x3f));
      else if (code < 0x10000) bytes.push(0xe0 | (code >> 12), 0x80 | ((code >> 6) & 0x3f), 0x80 | (code & 0x3f));
      else {
        const [first, second] = [0xf0 | (code >> 18), 0x80 | ((code >> 12) & 0x3f)];
        bytes.push(first, second, 0x80 | ((code >> 6) & 0x3f), 0x80 | (code & 0x3f));
      }
    }
    return new Uint8Array(bytes);
  }
}

/** UTF-8 only; what is none of it becomes U+FFFD. */
class Decoder {
  decode(bytes = new Uint8Array()) {
    let text = '';
    for (let at = 0; at < bytes.length; ) {
      const lead = bytes[at++];
      const more = lead < 0x80 ? 0 : lead >= 0xf0 && lead < 0xf5 ? 3 : lead >= 0xe0 ? 2 : lead >= 0xc2 ? 1 : -1;
      let code = more < 0 ? 0xfffd : more === 0 ? lead : lead & (0x3f >> more);
      let missing = Math.max(more, 0);
      for (; missing > 0 && (bytes[at] & 0xc0) === 0x80; missing--) code = (code << 6) | (bytes[at++] & 0x3f);
      const least = [0, 0x80, 0x800, 0x10000][Math.max(more, 0)];
      const isCharacter = missing === 0 && code >= least && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
      text += isCharacter ? String.fromCodePoint(code) : '\ufffd';
    }
    return text;
  }
}

globalThis.TextEncoder ??= Encoder;
globalThis.TextDecoder ??= Decoder;

const line = (write) => (...parts) => write(parts.map(String).join(' '));
globalThis.console ??= { debug: line(log.debug), log: line(log.info), info: line(log.info), warn: line(log.warn), error: line(log.error) };
