export { Generator, GENERATOR_STATE_BYTES } from './generator.js';
export {
  replacementOrderFromGlobal, shuffledBatches, shuffledOrder, shuffledOrderFromGlobal, type BatchOptions,
} from './loader.js';
export { PythonRandom } from './python.js';
export { randomSplit } from './split.js';
