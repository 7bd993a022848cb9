export { Tokenizer, type SampleOptions, type ScoredEncoding } from './tokenizer.js';
export { TokenizerError } from './tokenizer-error.js';
export { trainTokenizer, type TrainerEvent } from './trainer.js';
export type { TrainerOptions } from './trainer-options.js';
export { NORMALIZATION_NAMES, type NormalizationName } from './normalization-rules.js';
export { requireUtf8, splitLines } from './lines.js';
