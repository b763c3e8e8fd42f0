import { abstain, Failure, judge, scorer } from './karat/index.js';

import { question, VERDICT } from './question.js';

/** Qualities that are asked for unless a suite names others: under a short name, what it means. */
const QUALITIES = {
  polite: 'It is polite: it does not mock, scold or patronise.',
  plain: 'It is plain: someone without technical training understands it.',
  owns_up: 'It puts no blame on the reader; where something went wrong, it says so.',
};

export const tone = scorer(
  {
    summary: 'whether the answer has every quality of tone that was agreed on, as a judge sees it',
    value: 'boolean',
    parameters: {
      qualities: {
        description: 'names (a-z, 0-9, _) and what each means, in a sentence',
        type: 'object',
        additionalProperties: { type: 'string' },
        default: QUALITIES,
      },
      votes: {
        description: 'how often each question is asked; the majority counts',
        type: 'integer',
        minimum: 1,
        maximum: 9,
        default: 1,
      },
    },
  },
  ({ inputs, outputs }, { qualities, votes }) => {
    const answer = typeof outputs === 'string' ? outputs : JSON.stringify(outputs);
    if (answer.trim() === '') return abstain('nothing was answered');
    const names = Object.keys(qualities);
    const samples = [...Array(votes).keys()];
    const how = { schema: VERDICT, temperature: votes > 1 ? 1 : 0 };
    // All at once: the host asks them side by side.
    const questions = names.flatMap((name) =>
      samples.map((sample) => ({ ...question(inputs, answer, qualities[name]), ...how, sample })),
    );
    const replies = judge.askMany(questions).map(read);
    const parts = names.map((name, index) => majority(name, replies.slice(index * votes, (index + 1) * votes)));
    const undecided = parts.filter(({ value }) => value === undefined);
    if (undecided.length > 0) return abstain(`the judge is divided on ${undecided.map(({ name }) => name).join(', ')}`);
    const lacking = parts.filter(({ value }) => !value);
    const rationale = lacking.map(({ name, rationale }) => `${name}: ${rationale}`).join('; ');
    return [{ value: lacking.length === 0, rationale: rationale || undefined }, ...parts];
  },
);

/** What a reply says. One that did not come is no verdict on the answer: the scorer fails as it did. */
function read(reply) {
  if (reply instanceof Failure) throw reply;
  let said;
  try {
    said = reply.json();
  } catch {
    throw new Failure(`the judge's reply is no JSON: ${reply.text.slice(0, 80)}`);
  }
  if (typeof said?.holds === 'boolean') return said;
  throw new Failure(`the judge's reply has no \`holds\`: ${reply.text.slice(0, 80)}`);
}

/** What most replies say, with the reason of the first of them; no value where there are as many for as against. */
function majority(name, replies) {
  const held = replies.filter(({ holds }) => holds).length;
  const value = held * 2 === replies.length ? undefined : held * 2 > replies.length;
  return { name, value, rationale: replies.find(({ holds }) => holds === value)?.reason };
}
