/** Unit tests without a host: answers in place of HTTP requests and judges, values and files in memory. */

import { Batch } from './exporting.js';
import { decode, encode } from './http.js';
import { link } from './host.js';

/** Answers requests by method and URL, such as `GET https://api.test/score`, while `work` runs. */
export function withHttp(answers, work) {
  const send = ({ method, url }) => {
    const name = `${method.toUpperCase()} ${url}`;
    if (!(name in answers)) throw { payload: { code: 'denied', message: `no answer for ${name}` } };
    const { status = 200, body = '' } = answers[name];
    return { status, headers: [], body: encode(typeof body === 'string' ? body : JSON.stringify(body)), truncated: false };
  };
  return replaced({ http: { send } }, work);
}

/** Answers every question with one text, or with what a function makes of the prompt, while `work` runs. */
export function withJudge(answer, work) {
  const complete = ({ messages }) => {
    const text = typeof answer === 'string' ? answer : answer(messages.at(-1).content);
    return { text, usage: { inputTokens: 0n, outputTokens: 0n, cost: undefined }, cached: false };
  };
  const completeMany = (requests) => requests.map((request) => ({ tag: 'ok', val: complete(request) }));
  return replaced({ judge: { complete, completeMany } }, work);
}

/** Keeps values in memory while `work` runs. */
export function withKv(work) {
  const buckets = new Map();
  const open = (name) => {
    if (!buckets.has(name)) buckets.set(name, memory());
    return buckets.get(name);
  };
  return replaced({ kv: { open } }, work);
}

/** Returns what exporters write to their file while `work` runs. */
export function written(work) {
  let text = '';
  replaced({ sink: { write: (bytes) => void (text += decode(bytes)) } }, work);
  return text;
}

/** A batch with the span of a row of this id, that scorers gave these scores. */
export function batch(row, scores) {
  const events = Object.entries(scores).map(([name, score]) => ({
    name: 'gen_ai.evaluation.result',
    attributes: [
      { key: 'gen_ai.evaluation.name', value: { stringValue: name } },
      { key: 'gen_ai.evaluation.score.value', value: { doubleValue: score } },
    ],
  }));
  const span = { name: 'karat.row', attributes: [{ key: 'karat.row.id', value: { stringValue: row } }], events };
  const request = { resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] };
  return new Batch({ payload: encode(JSON.stringify(request)), spanCount: 1 });
}

function memory() {
  const values = new Map();
  const text = (bytes) => (bytes === undefined ? undefined : decode(bytes));
  return {
    get: (key) => values.get(key),
    set: (key, value) => void values.set(key, value),
    delete: (key) => void values.delete(key),
    compareAndSet(key, old, value) {
      const isSame = text(values.get(key)) === text(old);
      if (isSame) values.set(key, value);
      return isSame;
    },
    keys: (prefix, after, limit) =>
      [...values.keys()].filter((key) => key.startsWith(prefix) && (after === undefined || key > after)).sort().slice(0, limit),
  };
}

function replaced(interfaces, work) {
  const before = link(interfaces);
  try {
    return work();
  } finally {
    link(before);
  }
}
