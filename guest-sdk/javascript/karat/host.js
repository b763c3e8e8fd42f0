import { Failure } from './errors.js';

/** The interfaces of the host that this plugin was built with; none of them outside of a component. */
const linked = {};

/** Links interfaces by name, and returns what was there before. */
export function link(interfaces) {
  const before = Object.fromEntries(Object.keys(interfaces).map((name) => [name, linked[name]]));
  Object.assign(linked, interfaces);
  return before;
}

/** An interface of the host, where it is there. */
export const optional = (name) => linked[name];

/** An interface of the host; fails where the plugin was built without it. */
export function host(name) {
  if (linked[name]) return linked[name];
  throw new Failure(`\`${name}\` is not there: declare it under \`capabilities\` in \`plugin.toml\``, 'denied');
}

/** Calls the host; what it refuses is a `Failure` with its code. */
export function call(work) {
  try {
    return work();
  } catch (error) {
    throw refused(error.payload) ?? error;
  }
}

/** A `Failure` for the host's, nothing for anything else. */
export function refused(payload) {
  return payload?.code && payload.message !== undefined ? new Failure(payload.message, payload.code) : undefined;
}
