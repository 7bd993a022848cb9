// Layers over sequences, and the ops they are made of: `import { Lstm } from 'isolab/sequences'`.
export { Dropout, type DropoutRows } from './dropout.js';
export { Embedding } from './embedding.js';
export { clipGradientNorm } from './gradient-norm.js';
export { Lstm } from './lstm.js';
export { packSequences, type PackedSequences } from './packing.js';
export * from '../tensor/sequences.js';
