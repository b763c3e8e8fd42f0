import { BadInput } from './errors.js';

const DEFINITION = Symbol('what a scorer is');
const KINDS = ['boolean', 'number', 'text', 'booleans', 'numbers', 'texts', 'any'];
const DIRECTIONS = { higher: 'maximize', lower: 'minimize', neutral: 'neutral' };

/** Makes a scorer of a function. */
export function scorer(definition, score) {
  const { value = 'any', better, determinism, parameters = {}, needs = {} } = definition;
  if (!Array.isArray(value) && !KINDS.includes(value)) {
    throw new TypeError(`\`value\` is one of ${KINDS.join(', ')} or a list of labels, not \`${value}\``);
  }
  if (better !== undefined && !(better in DIRECTIONS)) {
    throw new TypeError(`\`better\` is one of ${Object.keys(DIRECTIONS).join(', ')}, not \`${better}\``);
  }
  const isAmount = ['boolean', 'number', 'booleans', 'numbers'].includes(value);
  const made = (row, given = {}) => score(row, withDefaults(parameters, given));
  made[DEFINITION] = {
    name: definition.name,
    summary: definition.summary,
    parameters: JSON.stringify(schema(parameters)),
    value: Array.isArray(value) ? 'label' : value,
    labels: Array.isArray(value) ? value : [],
    better: DIRECTIONS[better ?? (isAmount ? 'higher' : 'neutral')],
    needs: { outputs: needs.outputs ?? true, expectations: needs.expectations ?? false },
    determinism,
  };
  return made;
}

/** What a scorer was defined as; nothing for anything else. */
export const definition = (value) => value?.[DEFINITION];

/** To be returned by a scorer that can't decide. */
export const abstain = (reason) => ({ abstained: reason });

/** A field that the scorer can't do without. */
export function field(object, name) {
  const value = object?.[name];
  if (value === undefined || value === null) throw new BadInput(`the row has no \`${name}\``);
  return value;
}

/** The schema of an object with these parameters. */
export function schema(parameters) {
  const required = Object.keys(parameters).filter((name) => !('default' in parameters[name]));
  return {
    type: 'object',
    properties: parameters,
    additionalProperties: false,
    ...(required.length > 0 ? { required } : {}),
  };
}

/** What was given, and defaults for the rest. */
export const withDefaults = (parameters, given) => ({
  ...Object.fromEntries(
    Object.entries(parameters)
      .filter(([, property]) => 'default' in property)
      .map(([name, property]) => [name, property.default]),
  ),
  ...given,
});
