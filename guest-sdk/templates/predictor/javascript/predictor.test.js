// Tests without Karat: `node --test`.
import assert from 'node:assert/strict';
import test from 'node:test';

import { withHttp } from './karat/testing.js';
import { {{scorer}} } from './predictor.js';

test('the answer becomes the outputs', () => {
  const answers = { 'POST http://app.test/answer': { body: { answer: '42' } } };
  const outputs = withHttp(answers, () => {{scorer}}({ inputs: { question: '6 times 7?' } }, { url: 'http://app.test' }));
  assert.equal(outputs, '42');
});
