// Tests without Karat: `node --test`.
import assert from 'node:assert/strict';
import test from 'node:test';

import { {{scorer}} } from './scorer.js';

test('as many words as allowed are fine', () => {
  assert.equal({{scorer}}({ outputs: 'one two three' }, { max_words: 3 }).value, true);
  assert.equal({{scorer}}({ outputs: 'one two three' }, { max_words: 2 }).value, false);
});
