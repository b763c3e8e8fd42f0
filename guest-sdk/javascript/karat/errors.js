/** Ends a call. `code` is one of those in `wit/types.wit`, such as `bad-input`, `denied` or `timed-out`. */
export class Failure extends Error {
  constructor(message, code = 'other') {
    super(message);
    this.name = 'Failure';
    this.code = code;
  }
}

/** The row lacks something the scorer needs, or has it in a wrong shape. */
export class BadInput extends Failure {
  constructor(message) {
    super(message, 'bad-input');
  }
}
