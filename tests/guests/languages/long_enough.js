// `long_enough`: whether the answer has at least 10 characters.
export const describe = {
  describe() {
    const scorer = {
      name: 'long_enough', summary: 'whether the answer has at least 10 characters', parameters: '{"type": "object"}',
      value: 'boolean', labels: [], better: 'maximize', needs: { outputs: true }, determinism: 'pure',
    };
    return { name: 'test/js', version: '0.1.0', scorers: [scorer], aggregators: [], predictors: [], exporters: [] };
  },
};
export const scorer = {
  score(name, parameters, row) {
    const answer = JSON.parse(row.outputs);
    return { tag: 'scored', val: [{ value: { tag: 'boolean', val: answer.length >= 10 } }] };
  },
};
