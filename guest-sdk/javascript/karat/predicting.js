import { schema, withDefaults } from './scoring.js';

const DEFINITION = Symbol('what a predictor is');

/** Makes a predictor of a function: it calls the application under test. */
export function predictor(definition, predict) {
  const { parameters = {} } = definition;
  const made = (row, given = {}, context = {}) => predict(row, withDefaults(parameters, given), context);
  made[DEFINITION] = {
    name: definition.name,
    summary: definition.summary,
    parameters: JSON.stringify(schema(parameters)),
  };
  return made;
}

/** What a predictor was defined as; nothing for anything else. */
export const predictorDefinition = (value) => value?.[DEFINITION];

/** An answer with what there is to say about it. */
export class Prediction {
  constructor(outputs, { inputTokens, outputTokens, attributes = {} } = {}) {
    this.outputs = outputs;
    const tokens = { 'gen_ai.usage.input_tokens': inputTokens, 'gen_ai.usage.output_tokens': outputTokens };
    this.attributes = { ...attributes, ...tokens };
  }
}
