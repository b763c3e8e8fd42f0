import { abstain, scorer } from './karat/index.js';

interface Parameters {
  max_words: number;
}

export const {{scorer}} = scorer<Parameters>(
  {
    summary: 'whether the answer has no more words than allowed',
    value: 'boolean',
    parameters: { max_words: { type: 'integer', default: 50 } },
  },
  ({ outputs }, { max_words }) => {
    const words = (outputs as string).split(/\s+/).filter(Boolean).length;
    if (words === 0) return abstain('nothing was answered');
    return { value: words <= max_words, rationale: `${words} words, ${max_words} allowed` };
  },
);
