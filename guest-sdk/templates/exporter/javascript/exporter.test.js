// Tests without Karat: `node --test`.
import assert from 'node:assert/strict';
import test from 'node:test';

import { batch, written } from './karat/testing.js';
import { {{scorer}} } from './exporter.js';

test('scores that are too low are written', () => {
  const six = batch('six', { exact_match: 0.25, tone: 0.75 });
  assert.equal(written(() => {{scorer}}(six, { below: 0.5 })), 'six\texact_match\t0.25\n');
  assert.equal(written(() => {{scorer}}(batch('seven', { exact_match: 1 }))), '');
});
