import type { NormalizerSpec, TrainerSpec } from './model-file.js';
import { compiledNormalization, NORMALIZATION_NAMES, type NormalizationName } from './normalization-rules.js';
import { TokenizerError } from './tokenizer-error.js';

/** spm_train's options, by its names and with its defaults. */
export interface TrainerOptions {
  /** Pieces of the vocabulary, control pieces and alphabet among them. Default 8000. */
  vocabSize?: number;
  /** Share of the corpus's characters that the alphabet covers, from 0.98 to 1. Default 0.9995. */
  characterCoverage?: number;
  /** Most substrings to begin with. Default 1,000,000. */
  seedSentencepieceSize?: number;
  /** Share of the pieces that a round of pruning keeps, from 0.5 to 0.95. Default 0.75. */
  shrinkingFactor?: number;
  /** EM steps between two prunings, from 1 to 10. Default 2. */
  numSubIterations?: number;
  /**
   * Parts in which sums over the corpus are added, from 1 to 128. Default 16. One thread computes here; spm_train gives
   * each of its threads a part, and float32 sums depend on that.
   */
  numThreads?: number;
  /** Longer sentences are skipped: bytes of UTF-8. Default 4192. */
  maxSentenceLength?: number;
  /** Characters of the longest piece, from 1 to 512. Default 16. */
  maxSentencepieceLength?: number;
  /** No piece mixes scripts. Default true. */
  splitByUnicodeScript?: boolean;
  /** No piece mixes digits and letters. Default true. */
  splitByNumber?: boolean;
  /** No piece has a space but at its beginning. Default true. */
  splitByWhitespace?: boolean;
  /** Every digit is a piece of its own. Default false. */
  splitDigits?: boolean;
  /** Pieces that stand for no text, such as `<sep>`. */
  controlSymbols?: readonly string[];
  /** Pieces that are always taken where their text occurs. */
  userDefinedSymbols?: readonly string[];
  /** 256 pieces for the bytes of unknown characters. Default false. */
  byteFallback?: boolean;
  /** Fail where the corpus gives fewer pieces than vocabSize, rather than stop with fewer. Default true. */
  hardVocabLimit?: boolean;
  /** Ids; -1 for none. Default 0, 1, 2 and -1. */
  unkId?: number;
  bosId?: number;
  eosId?: number;
  padId?: number;
  /** Their pieces. Default `<unk>`, `<s>`, `</s>` and `<pad>`. */
  unkPiece?: string;
  bosPiece?: string;
  eosPiece?: string;
  padPiece?: string;
  /** What decoding writes for an unknown piece. Default U+2047 between spaces. */
  unkSurface?: string;
  /** Default `nmt_nfkc`. */
  normalizationRuleName?: NormalizationName;
  /** Put a space before a text. Default true. */
  addDummyPrefix?: boolean;
  /** Drop spaces at the ends of a text and join those inside. Default true. */
  removeExtraWhitespaces?: boolean;
  /** Written into the model: the files that the sentences come from, and the name of the model's own. */
  input?: readonly string[];
  modelPrefix?: string;
}

/** Options that are settled, as a model records them. */
export interface TrainerSettings {
  readonly trainer: Required<Omit<TrainerSpec, 'acceptLanguage'>>;
  readonly normalizer: NormalizerSpec;
}

const RANGES = [
  ['vocabSize', 1, 2 ** 31 - 1], ['seedSentencepieceSize', 1, 2 ** 31 - 1], ['numSubIterations', 1, 10], ['numThreads', 1, 128],
  ['maxSentenceLength', 10, 2 ** 30 - 1], ['maxSentencepieceLength', 1, 512], ['unkId', -1, 2 ** 31 - 1], ['bosId', -1, 2 ** 31 - 1],
  ['eosId', -1, 2 ** 31 - 1], ['padId', -1, 2 ** 31 - 1],
] as const;
const SHARES = [['characterCoverage', 0.98, 1], ['shrinkingFactor', 0.5, 0.95]] as const;

function check({ trainer, normalizer }: TrainerSettings): void {
  for (const [name, least, most] of RANGES) {
    const value = trainer[name];
    if (!Number.isInteger(value) || value < least || value > most) throw new TokenizerError(`${name}: expected a whole number from ${least} to ${most}, got ${value}`);
  }
  for (const [name, least, most] of SHARES) {
    // In float32, as spm_train compares them.
    if (!(trainer[name] >= Math.fround(least) && trainer[name] <= Math.fround(most))) throw new TokenizerError(`${name}: expected a number from ${least} to ${most}, got ${trainer[name]}`);
  }
  for (const name of ['unkPiece', 'bosPiece', 'eosPiece', 'padPiece'] as const) if (trainer[name] === '') throw new TokenizerError(`${name}: expected a text, got an empty one`);
  if (!NORMALIZATION_NAMES.includes(normalizer.name as NormalizationName)) {
    throw new TokenizerError(`normalizationRuleName: expected one of ${NORMALIZATION_NAMES.join(', ')}, got ${JSON.stringify(normalizer.name)}`);
  }
}

/** Fills in spm_train's defaults. @throws TokenizerError for an option out of range */
export function settle(options: TrainerOptions): TrainerSettings {
  const { normalizationRuleName = 'nmt_nfkc', addDummyPrefix = true, removeExtraWhitespaces = true, ...given } = options;
  const trainer = {
    input: [], modelPrefix: '', modelType: 1, vocabSize: 8000, selfTestSampleSize: 0, inputFormat: '', characterCoverage: 0.9995, inputSentenceSize: 0,
    seedSentencepieceSize: 1_000_000, shrinkingFactor: 0.75, numThreads: 16, numSubIterations: 2, maxSentenceLength: 4192, shuffleInputSentence: true,
    maxSentencepieceLength: 16, splitByUnicodeScript: true, splitByWhitespace: true, splitByNumber: true, treatWhitespaceAsSuffix: false, splitDigits: false,
    allowWhitespaceOnlyPieces: false, controlSymbols: [], userDefinedSymbols: [], vocabularyOutputPieceScore: true, hardVocabLimit: true, useAllVocab: false,
    byteFallback: false, requiredChars: '', unkId: 0, bosId: 1, eosId: 2, padId: -1, unkSurface: ' \u2047 ', unkPiece: '<unk>', bosPiece: '<s>',
    eosPiece: '</s>', padPiece: '<pad>', trainExtremelyLargeCorpus: false, enableDifferentialPrivacy: false, differentialPrivacyNoiseLevel: 0,
    differentialPrivacyClippingThreshold: 0, ...given,
  };
  const settings: TrainerSettings = {
    trainer: { ...trainer, characterCoverage: Math.fround(trainer.characterCoverage), shrinkingFactor: Math.fround(trainer.shrinkingFactor) },
    normalizer: { name: normalizationRuleName, addDummyPrefix, removeExtraWhitespaces, normalizationRuleTsv: '' },
  };
  check(settings);
  return { ...settings, normalizer: { ...settings.normalizer, precompiledCharsmap: compiledNormalization(normalizationRuleName) } };
}
