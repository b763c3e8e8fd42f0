import { abstain, Failure, field, http, judge, kv, scorer } from './karat/index.js';

const needing = (name) => ({ [name]: { type: 'string' } });

const VERDICTS = {
  boolean: { value: true, rationale: 'so it is' },
  number: 0.1,
  whole: -3,
  text: 'ü 😀 "quoted"\n',
  booleans: [true, false],
  numbers: [1.5, -2],
  texts: ['a', ''],
  parts: [{ value: true }, { name: 'words', value: 3 }, { name: 'tone', value: 'kind' }],
  nan: NaN,
};

export const verdict = scorer({ summary: 'a verdict', parameters: needing('kind') }, (_, { kind }) => VERDICTS[kind]);

export const abstains = scorer({ summary: 'none' }, () => abstain('cannot tell'));

export const fails = scorer({ summary: 'fails', parameters: needing('code') }, (_, { code }) => {
  throw new Failure(`because ${code}`, code);
});

export const raises = scorer({ summary: 'raises' }, () => {
  throw new Error('broken on purpose');
});

export const sees = scorer({ summary: 'the row', value: 'text' }, (row) => {
  const expected = field(row.expectations, 'expected_response');
  return [row.id, row.inputs.question, row.outputs, expected, row.tags.lang, row.session, row.trial].join('|');
});

export const size = scorer(
  { summary: 'bytes', value: 'number' },
  ({ outputs }) => new TextEncoder().encode(outputs).length,
);

export const keeps = scorer({ summary: 'values', value: 'text' }, () => {
  const bytes = (text) => new TextEncoder().encode(text);
  const text = (value) => (value === undefined ? 'none' : new TextDecoder().decode(value));
  const notes = kv.open('notes');
  const seen = [text(notes.get('n'))];
  notes.set('n', bytes('1'));
  seen.push(text(notes.get('n')));
  seen.push(notes.compareAndSet('n', bytes('0'), bytes('2')));
  seen.push(notes.compareAndSet('n', bytes('1'), bytes('2')));
  seen.push(text(notes.get('n')));
  notes.delete('n');
  seen.push(text(notes.get('n')));
  return seen.join('|');
});

export const fetches = scorer({ summary: 'HTTP', value: 'text', parameters: needing('url') }, (_, { url }) => {
  try {
    const answer = http.get(url);
    return `${answer.status} ${answer.text}`;
  } catch (error) {
    return error.code;
  }
});

export const asks = scorer({ summary: 'the judge', value: 'text', parameters: needing('role') }, (_, { role }) => {
  const said = [];
  try {
    said.push(judge.ask('well?', { role }).text);
  } catch (error) {
    said.push(error.code);
  }
  const replies = judge.askMany(['a', 'b', 'c'].map((prompt) => ({ prompt, role })));
  return [...said, ...replies.map((reply) => (reply instanceof Failure ? reply.code : reply.text))].join('|');
});

export const traces = scorer({ summary: 'spans', value: 'text' }, ({ trace }) =>
  trace === undefined ? 'none' : String(trace.spans.length),
);

export const spans = scorer({ summary: 'all of them', value: 'text', parameters: needing('key') }, ({ trace }, { key }) =>
  trace.spans
    .map(({ name, startTimeNs, endTimeNs = '?', attributes, status, error }) => {
      const text = key in attributes ? `=${attributes[key]}` : '';
      return `${name}@${startTimeNs}-${endTimeNs}${text}${status === 'error' ? `!${error}` : ''}`;
    })
    .join('|'),
);
