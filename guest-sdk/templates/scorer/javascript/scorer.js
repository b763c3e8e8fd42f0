import { abstain, scorer } from './karat/index.js';

export const {{scorer}} = scorer(
  {
    summary: 'whether the answer has no more words than allowed',
    value: 'boolean',
    parameters: { max_words: { type: 'integer', default: 50 } },
  },
  ({ outputs }, { max_words }) => {
    const words = outputs.split(/\s+/).filter(Boolean).length;
    if (words === 0) return abstain('nothing was answered');
    return { value: words <= max_words, rationale: `${words} words, ${max_words} allowed` };
  },
);
