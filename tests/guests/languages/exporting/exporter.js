import { exporter, Failure, sink } from './karat/index.js';

const held = [];

export const probe = exporter(
  {
    summary: 'holds back, rejects or fails',
    parameters: { how: { type: 'string', default: 'how?' } },
    flush: ({ how }) => sink.write(how === 'hold' ? held.join('') : ''),
  },
  (batch, { how }) => {
    if (how === 'reject') return batch.rejected(9, 'too old');
    if (how === 'fail') throw new Failure('not now', 'unavailable');
    if (how !== 'hold') throw new Failure(how);
    for (const { attributes, events } of batch.spans) {
      const said = events.map(({ attributes: told }) => {
        const value = told['gen_ai.evaluation.score.label'] ?? told['gen_ai.evaluation.score.value'];
        return `${told['gen_ai.evaluation.name']}=${value}`;
      });
      const row = [attributes['karat.row.id'], attributes['karat.row.index'] + 1, attributes['karat.row.tag.lang']];
      held.push(`${[...row, ...said].join(' ')}\n`);
    }
  },
);

export const raw = exporter({ summary: 'what it is handed', encoding: 'protobuf' }, (batch) => {
  const isSpan = new TextDecoder().decode(batch.payload).includes('karat.row');
  sink.write(new TextEncoder().encode(`${batch.spanCount} ${batch.encoding} ${isSpan}`));
});
