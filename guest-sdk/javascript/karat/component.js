/** What a plugin exports. Only `karat plugin build` uses it. */

import { Failure } from './errors.js';
import { Batch, exporterDefinition } from './exporting.js';
import { link, optional } from './host.js';
import * as log from './log.js';
import { Prediction, predictorDefinition } from './predicting.js';
import { definition } from './scoring.js';
import * as trace from './trace.js';

export function component(name, version, plugin, interfaces) {
  link(interfaces);
  const scorers = defined(plugin, definition, 'scorer');
  const predictors = defined(plugin, predictorDefinition, 'predictor');
  const exporters = defined(plugin, exporterDefinition, 'exporter');
  return {
    describe: {
      describe: () => ({
        name,
        version,
        scorers: [...scorers].map(([own, { defined }]) => ({
          ...defined,
          name: own,
          determinism: defined.determinism ?? determinism(),
        })),
        aggregators: [],
        predictors: [...predictors].map(described),
        exporters: [...exporters].map(described),
      }),
    },
    predictor: {
      predict: (own, parameters, row, span) =>
        answered(() => {
          const context = { traceparent: `00-${span.trace}-${span.span}-01` };
          const returned = found(predictors, own, 'predictor').call(new Row(row), JSON.parse(parameters), context);
          const { outputs, attributes } = returned instanceof Prediction ? returned : new Prediction(returned);
          const told = Object.entries(attributes).filter(([, value]) => value !== undefined);
          return {
            outputs: JSON.stringify(outputs ?? null),
            steps: [],
            attributes: told.map(([key, value]) => ({ key, value: JSON.stringify(value) })),
          };
        }),
    },
    exporter: {
      accepts: (own) => answered(() => [`otlp-${found(exporters, own, 'exporter').defined.encoding}`]),
      export: (own, parameters, handed) =>
        answered(() => {
          const batch = new Batch(handed);
          const receipt = found(exporters, own, 'exporter').call(batch, JSON.parse(parameters));
          return receipt ?? { accepted: batch.spanCount, rejected: 0, message: undefined };
        }),
      flush: (own, parameters) =>
        answered(() => void found(exporters, own, 'exporter').defined.flush(JSON.parse(parameters))),
    },
    scorer: {
      score: (own, parameters, row) =>
        answered(() => outcome(own, found(scorers, own, 'scorer').call(new Row(row), JSON.parse(parameters)))),
    },
  };
}

/** What a plugin exports of a kind, by name. */
function defined(plugin, definition, noun) {
  const items = new Map();
  for (const [exported, call] of Object.entries(plugin)) {
    const defined = definition(call);
    if (!defined) continue;
    const own = defined.name ?? exported;
    if (items.has(own)) throw new Error(`there are two ${noun}s named \`${own}\``);
    items.set(own, { call, defined });
  }
  return items;
}

function found(items, own, noun) {
  const item = items.get(own);
  if (!item) throw new Failure(`this plugin has no ${noun} \`${own}\``, 'bad-parameter');
  return item;
}

const described = ([own, { defined: { summary, parameters } }]) => ({ name: own, summary, parameters });

/** What a call returns, or what it throws in the interface's words. */
function answered(call) {
  try {
    return call();
  } catch (error) {
    throw refusal(error);
  }
}

function determinism() {
  if (optional('http') || optional('kv')) return 'volatile';
  return optional('judge') ? 'judge' : 'pure';
}

/** A row whose parts are parsed when they are asked for. */
class Row {
  #row;
  #parsed = new Map();

  constructor(row) {
    this.#row = row;
    this.id = row.id;
    this.tags = Object.fromEntries(row.tags);
    this.session = row.session ?? undefined;
    this.trial = row.trial;
    this.seed = row.seed;
  }

  #part(name) {
    if (!this.#parsed.has(name)) {
      const text = this.#row[name];
      // Engines differ in what stands for nothing.
      this.#parsed.set(name, text == null ? undefined : JSON.parse(text));
    }
    return this.#parsed.get(name);
  }

  get inputs() {
    return this.#part('inputs');
  }

  get outputs() {
    return this.#part('outputs');
  }

  get candidate() {
    return this.#part('candidate');
  }

  get expectations() {
    return this.#part('expectations') ?? {};
  }

  get trace() {
    return trace.ofRow();
  }
}

function outcome(own, returned) {
  if (returned === undefined || returned === null) return { tag: 'abstained', val: 'it returned nothing' };
  if (returned.abstained !== undefined) return { tag: 'abstained', val: String(returned.abstained) };
  const several = Array.isArray(returned) && returned.length > 0 && returned.every(isFeedback);
  return { tag: 'scored', val: (several ? returned : [returned]).map((one) => feedback(own, one)) };
}

const isFeedback = (value) => typeof value === 'object' && value !== null && 'value' in value;

function feedback(own, returned) {
  if (!isFeedback(returned)) return { name: undefined, value: verdict(returned), rationale: undefined };
  const { name, value, rationale } = returned;
  return { name: name === own ? undefined : name, value: verdict(value), rationale };
}

const KINDS = { boolean: 'boolean', number: 'number', string: 'text' };

function verdict(value) {
  const kind = KINDS[typeof value];
  if (kind) return { tag: kind, val: value };
  if (Array.isArray(value)) {
    const kinds = new Set(value.map((one) => KINDS[typeof one]));
    if (kinds.size === 0) return { tag: 'texts', val: [] };
    const [only] = kinds;
    if (kinds.size === 1 && only) return { tag: `${only}s`, val: value };
  }
  throw new Failure('a verdict is a boolean, a number, a string or a list of these');
}

/** What the interface has for it: an object that is thrown. */
function refusal(error) {
  if (error instanceof Failure) return { code: error.code, message: error.message };
  log.error(error?.stack ?? String(error));
  return { code: 'other', message: String(error) };
}
