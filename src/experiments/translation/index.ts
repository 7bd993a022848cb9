export { readParallelText, type NamedFile, type ParallelOptions, type ParallelText, type SentencePair } from '../../data/texts.js';
export { resolveTranslationConfig, translationFields, type TranslationConfig } from './config.js';
export { heldOutPairs, type TranslationData } from './corpus.js';
export type { EpochRow, TranslationEvent, TranslationResult } from './events.js';
export { runTranslation, type TranslationRunOptions } from './run.js';
export { encodeTranslator, Translator, TRANSLATOR_FILES, TranslatorError, type TranslateOptions, type TranslatorFiles } from './translator.js';
