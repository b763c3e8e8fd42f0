import { optional } from './host.js';

const emit = (level) => (message) => optional('log')?.emit(level, String(message));

export const debug = emit('debug');
export const info = emit('info');
export const warn = emit('warn');
export const error = emit('error');
