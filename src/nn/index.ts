export { Adam, type AdamOptions } from './adam.js';
export { Dropout, type DropoutRows } from './dropout.js';
export { Embedding } from './embedding.js';
export { clipGradientNorm } from './gradient-norm.js';
export { initializeLayer } from './initialization.js';
export { Conv2d, Linear, type Layer, type LayerOptions } from './layers.js';
export { Lstm } from './lstm.js';
export { packSequences, type PackedSequences } from './packing.js';
export { decodeSafetensors, encodeSafetensors, type NamedArray, type SafetensorsFile } from './safetensors.js';
