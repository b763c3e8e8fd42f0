import { host, optional } from './host.js';

/** Spans that are asked for at once. */
const PAGE = 256;

/** The trace of the row at hand; none where it has none. */
export function ofRow() {
  const linked = optional('traces')?.ofRow(0);
  return linked ? new Trace(linked) : undefined;
}

class Trace {
  #linked;
  #spans;

  constructor(linked) {
    this.#linked = linked;
  }

  get id() {
    return this.#linked.id();
  }

  get spans() {
    return (this.#spans ??= this.#fetch(undefined));
  }

  search({ name, errorsOnly = false } = {}) {
    host('traces');
    return this.#fetch({ name, attribute: undefined, errorsOnly });
  }

  #fetch(filter) {
    const spans = [];
    for (;;) {
      const page = this.#linked.spans(filter, spans.length, PAGE);
      if (page.length === 0) return spans;
      spans.push(...page.map(span));
    }
  }
}

/** QuickJS hands over 64 bits as a number, which is exact to 256 ns. */
const span = ({ id, parent, name, kind, start, end, status, attributes }) => ({
  id,
  parentId: parent ?? undefined,
  name,
  kind,
  startTimeNs: BigInt(start),
  endTimeNs: end == null ? undefined : BigInt(end),
  status: status.tag,
  error: status.val,
  attributes: Object.fromEntries(attributes.map(({ key, value }) => [key, JSON.parse(value)])),
});
