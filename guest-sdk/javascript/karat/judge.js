import { Failure } from './errors.js';
import { call, host, refused } from './host.js';

/** Asks one question. */
export const ask = (prompt, options = {}) => reply(call(() => host('judge').complete(request({ prompt, ...options }))));

/** Asks several at once; replies in the order asked, a `Failure` in place of one that did not come. */
export function askMany(questions) {
  const answers = host('judge').completeMany(questions.map(request));
  return answers.map(({ tag, val }) => (tag === 'ok' ? reply(val) : (refused(val) ?? new Failure(String(val)))));
}

function request({ prompt, system, role = 'default', schema, choices, temperature, maxOutputTokens, sample = 0 }) {
  const message = (speaker, content) => ({ speaker, content, toolCalls: [], answers: undefined });
  const messages = [...(system ? [message('system', system)] : []), message('user', prompt)];
  return { role, messages, tools: [], format: format(schema, choices), maxOutputTokens, temperature, sample };
}

function format(schema, choices) {
  if (schema) return { tag: 'schema', val: JSON.stringify(schema) };
  return choices ? { tag: 'choice', val: choices } : { tag: 'text' };
}

function reply({ text, usage, cached }) {
  return {
    text,
    inputTokens: Number(usage.inputTokens),
    outputTokens: Number(usage.outputTokens),
    cost: usage.cost == null ? undefined : Number(usage.cost) / 1e6,
    cached,
    json: () => JSON.parse(text),
  };
}
