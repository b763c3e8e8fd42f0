import { call, host } from './host.js';

const METHODS = ['get', 'head', 'post', 'put', 'patch', 'delete'];

/** Sends a request, with `json` as its body where that is given. */
export function send(method, url, { headers = {}, body = new Uint8Array(), json, timeoutMs } = {}) {
  const all = { ...headers };
  let bytes = typeof body === 'string' ? encode(body) : body;
  if (json !== undefined) {
    bytes = encode(JSON.stringify(json));
    all['content-type'] ??= 'application/json';
  }
  if (!METHODS.includes(method.toLowerCase())) throw new TypeError(`\`${method}\` is no method`);
  const sent = Object.entries(all).map(([name, value]) => ({ name, value: encode(value) }));
  const request = { method: method.toLowerCase(), url, headers: sent, body: bytes, timeoutMs };
  return new Response(call(() => host('http').send(request)));
}

export const get = (url, options) => send('GET', url, options);
export const post = (url, json, options) => send('POST', url, { ...options, json });

export class Response {
  constructor({ status, headers = [], body = new Uint8Array(), truncated = false }) {
    this.status = status;
    this.body = body;
    this.truncated = truncated;
    this.headers = Object.fromEntries(headers.map(({ name, value }) => [name.toLowerCase(), decode(value)]));
  }

  get text() {
    return decode(this.body);
  }

  json() {
    return JSON.parse(this.text);
  }
}

export const encode = (text) => new TextEncoder().encode(text);
export const decode = (bytes) => new TextDecoder().decode(bytes);
