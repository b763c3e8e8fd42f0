// `numeric_match` as the built-in one, for a pattern with one group.
import { BadInput, field, scorer } from './karat/index.js';

const NUMBER = /(?:\d{1,3}(?!\d)(?:(?:,\d\d(?!\d))*,\d{3}(?!\d))*|\d+)(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

export const numeric_match = scorer(
  {
    summary: 'whether the last number in the outputs equals the last one in the expected response',
    value: 'boolean',
    parameters: { pattern: { type: 'string' } },
  },
  ({ outputs, expectations }, { pattern }) => {
    const expected = lastNumber(pattern, String(field(expectations, 'expected_response')));
    if (expected === undefined) {
      throw new BadInput('`expectations.expected_response` has no number where `pattern` matches');
    }
    const found = lastNumber(pattern, String(outputs));
    if (found === undefined) return { value: false, rationale: 'no number in the outputs where `pattern` matches' };
    return found === expected ? true : { value: false, rationale: `${found} is not ${expected}` };
  },
);

function lastNumber(pattern, text) {
  const excerpt = [...text.matchAll(new RegExp(pattern, 'g'))].at(-1)?.[1];
  const number = [...(excerpt ?? '').matchAll(NUMBER)].at(-1);
  if (!number) return undefined;
  let before = excerpt.slice(0, number.index);
  let digits = number[0].replaceAll(',', '');
  if (/(^|\D)\.$/.test(before)) [before, digits] = [before.slice(0, -1), `0.${digits}`];
  return /(^|[^0-9A-Za-z])[-−]$/.test(before) ? -Number(digits) : Number(digits);
}
