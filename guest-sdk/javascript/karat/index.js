/** Write scorers for Karat in JavaScript or TypeScript: see `index.d.ts`. */

export { BadInput, Failure } from './errors.js';
export { exporter } from './exporting.js';
export { Prediction, predictor } from './predicting.js';
export { abstain, field, scorer } from './scoring.js';
export * as http from './http.js';
export * as judge from './judge.js';
export * as kv from './kv.js';
export * as log from './log.js';
export * as sink from './sink.js';
