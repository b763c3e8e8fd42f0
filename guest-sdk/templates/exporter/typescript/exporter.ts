import { exporter, sink } from './karat/index.js';

interface Parameters {
  below: number;
}

export const {{scorer}} = exporter<Parameters>(
  {
    summary: 'a line for each score that is too low: row, scorer, score',
    parameters: { below: { type: 'number', default: 1 } },
  },
  (batch, { below }) => {
    for (const { attributes, events } of batch.spans) {
      for (const { attributes: told } of events) {
        const score = told['gen_ai.evaluation.score.value'];
        if (score < below) {
          sink.write(`${attributes['karat.row.id']}\t${told['gen_ai.evaluation.name']}\t${score}\n`);
        }
      }
    }
  },
);
