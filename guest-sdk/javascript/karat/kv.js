import { call, host } from './host.js';

/** The bucket of this name. */
export const open = (name) => new Bucket(call(() => host('kv').open(name)));

class Bucket {
  #linked;

  constructor(linked) {
    this.#linked = linked;
  }

  get(key) {
    // Engines differ in what stands for nothing.
    return call(() => this.#linked.get(key)) ?? undefined;
  }

  set(key, value) {
    call(() => this.#linked.set(key, value));
  }

  delete(key) {
    call(() => this.#linked.delete(key));
  }

  compareAndSet(key, old, value) {
    return call(() => this.#linked.compareAndSet(key, old, value));
  }

  keys(prefix = '', after = undefined, limit = 1000) {
    return call(() => this.#linked.keys(prefix, after, limit));
  }
}
