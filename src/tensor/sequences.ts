// Ops over sequences: they need the builds with all kernels, and stand apart so that a page without them does not load them.
export { attend, type AttentionRows } from './attention.js';
export { lstm, type LstmSequence, type LstmState, type LstmWeights } from './lstm.js';
export { embedding } from './rows.js';
export { concatColumns } from './shape.js';
