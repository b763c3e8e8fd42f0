/** Write scorers for Karat in JavaScript or TypeScript. */

export type Verdict = boolean | number | string | boolean[] | number[] | string[];

/** A verdict and why. One with a `name` of its own stands beside the scorer's: results have it as `SCORER/NAME`. */
export interface Feedback {
  value: Verdict;
  rationale?: string;
  name?: string;
}

/** The scorer looked and could not decide. It counts neither for nor against the application. */
export interface Abstained {
  abstained: string;
}

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** One step of the application. Times are nanoseconds since 1970. */
export interface Span {
  id: string;
  parentId?: string;
  name: string;
  kind: 'internal' | 'server' | 'client' | 'producer' | 'consumer';
  startTimeNs: bigint;
  endTimeNs?: bigint;
  status: 'unset' | 'ok' | 'error';
  error?: string;
  attributes: Record<string, any>;
}

/** What the application did on the way to its answer. */
export interface Trace {
  readonly id: string;
  /** All of them, by start. */
  readonly spans: Span[];
  search(filter?: { name?: string; errorsOnly?: boolean }): Span[];
}

/** One case of a dataset, with what the application answered. Unit tests give as much of it as the scorer reads. */
export interface Row {
  id?: string;
  inputs?: any;
  /** Absent where the application was not run. */
  outputs?: any;
  /** Another answer to the same inputs, for scorers that compare two. */
  candidate?: any;
  expectations?: any;
  tags?: Record<string, string>;
  session?: string;
  /** Which repetition of the row this is, from 0. */
  trial?: number;
  /** For anything random. */
  seed?: bigint;
  trace?: Trace;
}

/** An answer of the application, with what there is to say about it. */
export class Prediction {
  constructor(
    outputs: Json,
    about?: {
      /** What the application used of a model. */
      inputTokens?: number;
      outputTokens?: number;
      /** By names of OpenTelemetry's, such as `gen_ai.request.model`. */
      attributes?: Record<string, Json>;
    },
  );
}

/** What a call of a predictor belongs to. */
export interface Context {
  /** The header by which an application that is traced joins the trace. */
  traceparent?: string;
}

/**
 * Makes a predictor of a function, which calls the application under test for a row and returns its outputs. What it
 * throws is the row's error; a `Failure` with the code `unavailable`, `rate-limited` or `timed-out` has the host ask
 * again.
 */
export function predictor<P = any>(
  definition: {
    /** One sentence. */
    summary: string;
    /** The name in suites; the exported one by default. */
    name?: string;
    /** A JSON Schema for each parameter; one without `default` is required. */
    parameters?: Record<string, any>;
  },
  predict: (row: Row, parameters: P, context: Context) => Json | Prediction,
): (row: Row, parameters?: Partial<P>, context?: Context) => Json | Prediction;

/** A span as OTLP/JSON has it, but for attributes, which are an object. Times are nanoseconds since 1970, as texts. */
export interface SentSpan {
  traceId: string;
  spanId: string;
  name: string;
  startTimeUnixNano: string;
  endTimeUnixNano: string;
  attributes: Record<string, any>;
  events: { timeUnixNano: string; name: string; attributes: Record<string, any> }[];
  status?: { code: number; message?: string };
}

/** Spans that are handed over at once: an OTLP `ExportTraceServiceRequest`. */
export interface Batch {
  /** The same where the batch is sent again, so that repeats can be told. */
  readonly id: string;
  readonly encoding: 'json' | 'protobuf';
  readonly spanCount: number;
  readonly payload: Uint8Array;
  /** Those of a batch in JSON. */
  readonly spans: SentSpan[];
  json(): any;
  /** Some spans were not taken, and why: no more than the batch has. */
  rejected(spans: number, message: string): Receipt;
}

/** What became of the spans of a batch: each is accepted or rejected. */
export interface Receipt {
  accepted: number;
  rejected: number;
  /** Why some were rejected, or a warning. */
  message?: string;
}

/**
 * Makes an exporter of a function, which sends a batch elsewhere. A batch is accepted unless it returns a receipt that
 * says otherwise; what it throws is a batch of which nothing is known, and a `Failure` with the code `unavailable`,
 * `rate-limited` or `timed-out` has the host send it again. All batches go to one instance, so that a module can hold
 * something back for `flush`.
 */
export function exporter<P = any>(
  definition: {
    /** One sentence. */
    summary: string;
    /** The name by which it is asked for; the exported one by default. */
    name?: string;
    /** A JSON Schema for each parameter; one without `default` is required. */
    parameters?: Record<string, any>;
    /** How batches are written; else `json`. */
    encoding?: 'json' | 'protobuf';
    /** Sends what was held back. Called once behind the last batch. */
    flush?: (parameters: P) => void;
  },
  send: (batch: Batch, parameters: P) => Receipt | void,
): (batch: Batch, parameters?: Partial<P>) => Receipt | void;

/** The file that an exporter may write to, which whoever runs it chooses. */
export namespace sink {
  /** Appends to the file. */
  function write(data: string | Uint8Array): void;
}

export type Result = Verdict | Feedback | Feedback[] | Abstained | null | undefined;

export interface Definition {
  /** Else the name it is exported under; `[a-z][a-z0-9_]*`. */
  name?: string;
  /** One sentence. */
  summary: string;
  /** What its verdicts are, or the labels they can be; else `any`. */
  value?: 'boolean' | 'number' | 'text' | 'booleans' | 'numbers' | 'texts' | 'any' | string[];
  /** Which way is better; else `higher` for numbers and booleans. */
  better?: 'higher' | 'lower' | 'neutral';
  /** Whether the same row gives the same answer; else by what the plugin may use. */
  determinism?: 'pure' | 'judge' | 'volatile';
  /** The parameters by name, each a JSON Schema; one without `default` has to be given. */
  parameters?: Record<string, { default?: Json; [keyword: string]: Json | undefined }>;
  /** What it can't do without; outputs unless told otherwise. */
  needs?: { outputs?: boolean; expectations?: boolean };
}

/** A scorer. Calling it calls the function, as unit tests do. */
export type Scorer<P> = (row: Row, parameters?: Partial<P>) => Result;

/** Makes a scorer of a function. The plugin offers every scorer that its source exports. */
export function scorer<P extends Record<string, any> = Record<string, any>>(
  definition: Definition,
  score: (row: Row, parameters: P) => Result,
): Scorer<P>;

/** To be returned by a scorer that can't decide. */
export function abstain(reason: string): Abstained;

/** A field that the scorer can't do without; its absence is a failure that names it. */
export function field(object: any, name: string): any;

/** Ends a call. `code` is one of those in `wit/types.wit`, such as `bad-input`, `denied` or `timed-out`. */
export class Failure extends Error {
  constructor(message: string, code?: string);
  code: string;
}

/** The row lacks something the scorer needs, or has it in a wrong shape. */
export class BadInput extends Failure {
  constructor(message: string);
}

/** Requests to the hosts that `plugin.toml` declares and the suite grants. Redirects are answers, not followed. */
export namespace http {
  interface Options {
    /** `{{secret:NAME}}` in a value is filled in by the host. */
    headers?: Record<string, string>;
    body?: string | Uint8Array;
    json?: unknown;
    timeoutMs?: number;
  }
  interface Response {
    status: number;
    headers: Record<string, string>;
    body: Uint8Array;
    readonly text: string;
    /** The body was cut off at the limit. */
    truncated: boolean;
    json(): any;
  }
  function send(method: string, url: string, options?: Options): Response;
  function get(url: string, options?: Options): Response;
  function post(url: string, json?: unknown, options?: Options): Response;
}

/** Small values that a plugin keeps for itself, in buckets that `plugin.toml` declares and the suite grants. */
export namespace kv {
  interface Bucket {
    get(key: string): Uint8Array | undefined;
    set(key: string, value: Uint8Array): void;
    delete(key: string): void;
    /** Sets `value` only where the value is `old`; says whether it did. */
    compareAndSet(key: string, old: Uint8Array | undefined, value: Uint8Array): boolean;
    keys(prefix?: string, after?: string, limit?: number): string[];
  }
  function open(name: string): Bucket;
}

/** Questions to an LLM, asked by the host. A plugin names a role that the suite binds to an endpoint. */
export namespace judge {
  interface Options {
    system?: string;
    role?: string;
    /** JSON Schema of the reply. */
    schema?: object;
    /** What the reply can be. */
    choices?: string[];
    temperature?: number;
    maxOutputTokens?: number;
    /** Tells repeated questions with one text apart. */
    sample?: number;
  }
  interface Reply {
    text: string;
    inputTokens: number;
    outputTokens: number;
    /** US dollars, where the price is known. */
    cost?: number;
    cached: boolean;
    json(): any;
  }
  function ask(prompt: string, options?: Options): Reply;
  /** Replies in the order asked, a `Failure` in place of one that did not come. */
  function askMany(questions: ({ prompt: string } & Options)[]): (Reply | Failure)[];
}

/** Lines for the plugin's author. The host shows the last of them with a failure. */
export namespace log {
  function debug(message: unknown): void;
  function info(message: unknown): void;
  function warn(message: unknown): void;
  function error(message: unknown): void;
}
