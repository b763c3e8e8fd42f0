// Tests without Karat: `npm test`.
import assert from 'node:assert/strict';
import test from 'node:test';

import { json_contract } from './target/scorer.js';

const told = (outputs, contract, more) => json_contract({ outputs }, { contract, ...more })[0].rationale;

test('each type takes its own', () => {
  const good = { string: 'x', number: 1.5, integer: 3, boolean: true, null: null, date: '2024-02-29', any: [1] };
  for (const [type, value] of Object.entries(good)) assert.equal(told({ value }, { value: type }), undefined, type);
  assert.equal(told({ value: 1.5 }, { value: 'integer' }), '$.value: expected integer, came 1.5');
  assert.equal(told({ value: '2026-02-29' }, { value: 'date' }), '$.value: expected date, came "2026-02-29"');
});

test('alternatives, ranges and texts in quotes', () => {
  assert.equal(told({ state: 'closed' }, { state: "'open' | 'closed'" }), undefined);
  assert.equal(told({ state: 'ajar' }, { state: "'open' | 'closed'" }), `$.state: expected 'open' or 'closed', came "ajar"`);
  assert.equal(told({ stars: 6 }, { stars: 'integer 1..5' }), '$.stars: expected integer 1..5, came 6');
  assert.equal(told({ stars: null }, { stars: 'integer 1.. | null' }), undefined);
});

test('a path leads to what is wrong', () => {
  const contract = { items: [{ name: 'string', 'unit price': 'number' }] };
  const outputs = { items: [{ name: 'a', 'unit price': 1 }, { name: 'b', 'unit price': '2' }] };
  assert.equal(told(outputs, contract), '$.items[1]["unit price"]: expected number, came "2"');
});

test('keys are there, optional, or free', () => {
  assert.equal(told({}, { name: 'string' }), '$.name: expected string, came nothing');
  assert.equal(told({}, { 'name?': 'string' }), undefined);
  assert.equal(told({ nick: 1 }, {}), '$.nick: expected no such key, came 1');
  assert.equal(told({ a: 1, b: 'x' }, { '...': 'number' }), '$.b: expected number, came "x"');
  assert.equal(told({}, { toString: 'string' }), '$.toString: expected string, came nothing');
});

test('a fence is a breach where it is not allowed', () => {
  const answer = '```json\n{"a": 1}\n```';
  assert.equal(told(answer, { a: 'number' }), '$: expected JSON, came a Markdown fence around it');
  assert.equal(told(answer, { a: 'number' }, { fences: true }), undefined);
});

test('a contract that is none is no verdict', () => {
  assert.throws(() => json_contract({ outputs: '{"a": 1}' }, { contract: { a: 'float' } }), /no type `float`/);
});
