/** Contracts: what a value has to look like, written as a value of that look. */

/**
 * A text names a type (`string`, `number`, `integer`, `boolean`, `null`, `date`, `any`), with `0..5` behind it for a
 * range and `|` between alternatives; a text in quotes is itself. A list has the contract of its items, an object
 * those of its keys: `key?` may be missing, `...` is for all keys that are not named.
 */
export type Contract = string | [Contract] | { [key: string]: Contract };

/** Something that is not as agreed. */
export interface Breach {
  /** As in `$.items[2].price`. */
  path: string;
  expected: string;
  came: string;
}

/** A contract that is none. */
export class WrongContract extends Error {}

/** All breaches, in the order of the contract's keys, which the host hands over in alphabetical order. */
export function breaches(value: unknown, contract: Contract, path = '$'): Breach[] {
  if (typeof contract === 'string') return ofText(value, contract, path);
  if (Array.isArray(contract)) return ofList(value, contract, path);
  if (typeof contract === 'object' && contract !== null) return ofObject(value, contract, path);
  throw new WrongContract(`${path}: a contract is a text, a list of one contract, or an object of them`);
}

function ofText(value: unknown, contract: string, path: string): Breach[] {
  const alternatives = split(contract);
  const isAny = alternatives.map((alternative) => fits(value, alternative, path)).some(Boolean);
  return isAny ? [] : [{ path, expected: alternatives.join(' or '), came: shown(value) }];
}

function ofList(value: unknown, contract: [Contract], path: string): Breach[] {
  if (contract.length !== 1) throw new WrongContract(`${path}: a list has one contract for all of its items`);
  if (!Array.isArray(value)) return [{ path, expected: 'a list', came: shown(value) }];
  return value.flatMap((item, index) => breaches(item, contract[0], `${path}[${index}]`));
}

function ofObject(value: unknown, contract: { [key: string]: Contract }, path: string): Breach[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return [{ path, expected: 'an object', came: shown(value) }];
  }
  const object = value as { [key: string]: unknown };
  const known = new Set<string>();
  const found: Breach[] = [];
  for (const [written, inner] of Object.entries(contract)) {
    if (written === '...') continue;
    const key = written.endsWith('?') ? written.slice(0, -1) : written;
    known.add(key);
    const place = `${path}${step(key)}`;
    if (Object.hasOwn(object, key)) found.push(...breaches(object[key], inner, place));
    else if (key === written) found.push({ path: place, expected: expectation(inner), came: 'nothing' });
  }
  for (const key of Object.keys(object).filter((key) => !known.has(key))) {
    const place = `${path}${step(key)}`;
    const rest = contract['...'];
    if (rest === undefined) found.push({ path: place, expected: 'no such key', came: shown(object[key]) });
    else found.push(...breaches(object[key], rest, place));
  }
  return found;
}

/** Alternatives, with `|` in quotes left alone. */
const split = (contract: string): string[] => (contract.match(/(?:'[^']*'|[^|'])+/g) ?? [contract]).map((part) => part.trim());

const RANGE = /^(string|number|integer)\s+(-?[\d.]+)?\.\.(-?[\d.]+)?$/;

function fits(value: unknown, type: string, path: string): boolean {
  if (/^'[^']*'$/.test(type)) return value === type.slice(1, -1);
  const range = RANGE.exec(type);
  if (range) {
    const [, of, least = '-Infinity', most = 'Infinity'] = range;
    if (!fits(value, of as string, path)) return false;
    // Of a text, its characters.
    const size = typeof value === 'string' ? [...value].length : (value as number);
    return Number(least) <= size && size <= Number(most);
  }
  switch (type) {
    case 'any':
      return true;
    case 'null':
      return value === null;
    case 'string':
    case 'number':
    case 'boolean':
      return typeof value === type;
    case 'integer':
      return Number.isInteger(value);
    case 'date':
      return typeof value === 'string' && isDate(value);
    default:
      throw new WrongContract(`${path}: there is no type \`${type}\``);
  }
}

/** A day of the calendar, as `2026-02-28`. */
function isDate(text: string): boolean {
  if (!/^\d{4}-\d\d-\d\d$/.test(text)) return false;
  const time = Date.parse(`${text}T00:00:00Z`);
  // Engines differ in whether they refuse the 30th of February or make it the 2nd of March.
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(text);
}

const step = (key: string): string => (/^[A-Za-z_$][\w$]*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`);

function expectation(contract: Contract): string {
  if (typeof contract === 'string') return split(contract).join(' or ');
  return Array.isArray(contract) ? 'a list' : 'an object';
}

/** A value for a person: short, with its type plain to see. */
function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 40 ? `${text.slice(0, 37)}…` : text;
}
