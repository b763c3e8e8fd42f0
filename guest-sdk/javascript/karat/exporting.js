import { decode } from './http.js';
import { schema, withDefaults } from './scoring.js';

const DEFINITION = Symbol('what an exporter is');
const ENCODINGS = ['json', 'protobuf'];

/** Makes an exporter of a function: it sends a batch elsewhere. */
export function exporter(definition, send) {
  const { parameters = {}, encoding = 'json', flush = () => {} } = definition;
  if (!ENCODINGS.includes(encoding)) {
    throw new TypeError(`\`encoding\` is one of ${ENCODINGS.join(', ')}, not \`${encoding}\``);
  }
  const made = (batch, given = {}) => send(batch, withDefaults(parameters, given));
  made[DEFINITION] = {
    name: definition.name,
    summary: definition.summary,
    parameters: JSON.stringify(schema(parameters)),
    encoding,
    flush: (given) => flush(withDefaults(parameters, given)),
  };
  return made;
}

/** What an exporter was defined as; nothing for anything else. */
export const exporterDefinition = (value) => value?.[DEFINITION];

/** Spans that are handed over at once. */
export class Batch {
  #spans;

  constructor({ id = 'batch', encoding = 'otlp-json', spanCount, payload }) {
    this.id = id;
    this.encoding = encoding.replace('otlp-', '');
    this.spanCount = spanCount;
    this.payload = payload;
  }

  json() {
    return JSON.parse(decode(this.payload));
  }

  get spans() {
    const scopes = () => this.json().resourceSpans.flatMap((resource) => resource.scopeSpans);
    return (this.#spans ??= scopes().flatMap((scope) => scope.spans.map((span) => plain({ events: [], ...span }))));
  }

  rejected(spans, message) {
    const rejected = Math.min(spans, this.spanCount);
    return { accepted: this.spanCount - rejected, rejected, message };
  }
}

function plain(told) {
  const attributes = object(told.attributes);
  return { ...told, ...(told.events && { events: told.events.map(plain) }), attributes };
}

const object = (pairs = []) => Object.fromEntries(pairs.map(({ key, value: held }) => [key, value(held)]));

function value({ intValue, arrayValue, kvlistValue, ...other }) {
  if (intValue !== undefined) return Number(intValue);
  if (arrayValue) return (arrayValue.values ?? []).map(value);
  if (kvlistValue) return object(kvlistValue.values);
  return Object.values(other)[0];
}
