export { Adam, type AdamOptions } from './adam.js';
export { initializeLayer } from './initialization.js';
export { Conv2d, Linear, type Layer, type LayerOptions } from './layers.js';
export { decodeSafetensors, encodeSafetensors, type NamedArray, type SafetensorsFile } from './safetensors.js';
