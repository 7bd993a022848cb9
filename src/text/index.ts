export { Tokenizer, type SampleOptions, type ScoredEncoding } from './tokenizer.js';
export { TokenizerError } from './tokenizer-error.js';
export { trainTokenizer, type TrainerEvent } from './trainer.js';
export type { TrainerOptions } from './trainer-options.js';
export { NORMALIZATION_NAMES, type NormalizationName } from './normalization-rules.js';
export { corpusBleu, type BleuOptions, type BleuScore } from './bleu.js';
export { corpusChrf, type ChrfOptions, type ChrfScore } from './chrf.js';
export type { References } from './metric-references.js';
export type { MetricTokenizer } from './metric-tokenizers.js';
