import { abstain, Failure, type Feedback, type Json, scorer } from './karat/index.js';

import { type Breach, breaches, type Contract, WrongContract } from './contract.js';

interface Parameters {
  contract: Contract;
  fences: boolean;
}

/** Breaches that are told; one wrong type can break every item of a long list. */
const TOLD = 5;

export const json_contract = scorer<Parameters>(
  {
    summary: 'whether the answer is JSON of the shape that was agreed on',
    value: 'boolean',
    parameters: {
      contract: { description: 'what the answer has to look like', type: ['object', 'array', 'string'] },
      fences: { description: 'whether JSON may stand in a Markdown fence', type: 'boolean', default: false },
    },
  },
  ({ outputs }, { contract, fences }) => {
    if (typeof outputs === 'string' && outputs.trim() === '') return abstain('nothing was answered');
    const read = typeof outputs === 'string' ? parsed(outputs, fences) : { value: outputs as Json };
    if ('problem' in read) return verdicts([{ path: '$', expected: 'JSON', came: read.problem }], false);
    try {
      return verdicts(breaches(read.value, contract), true);
    } catch (error) {
      if (error instanceof WrongContract) throw new Failure(`\`contract\`: ${error.message}`, 'bad-parameter');
      throw error;
    }
  },
);

/** What an answer says as JSON, or why it says nothing. */
function parsed(answer: string, fences: boolean): { value: Json } | { problem: string } {
  const fence = /^\s*```(?:json)?\s*\n([\s\S]*?)\n?```\s*$/.exec(answer);
  if (fence && !fences) return { problem: 'a Markdown fence around it' };
  const text = fence?.[1] ?? answer;
  try {
    return { value: JSON.parse(text) };
  } catch {
    return { problem: JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text) };
  }
}

function verdicts(found: Breach[], isJson: boolean): Feedback[] {
  const told = found.slice(0, TOLD).map(({ path, expected, came }) => `${path}: expected ${expected}, came ${came}`);
  if (found.length > TOLD) told.push(`and ${found.length - TOLD} more`);
  return [
    { value: found.length === 0, rationale: told.length > 0 ? told.join('; ') : undefined },
    { name: 'is_json', value: isJson },
    { name: 'paths', value: found.map(({ path }) => path) },
  ];
}
