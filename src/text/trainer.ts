// Training of a unigram vocabulary by EM and pruning (Kudo 2018, arXiv:1804.10959), step by step as SentencePiece
// 0.1.97 takes them (src/unigram_model_trainer.cc).
import type { Core } from '../core/index.js';
import { loadCorpus, type Skipped } from './corpus.js';
import { expectCounts, maximize } from './expectation.js';
import { PIECE_TYPE, type ModelFile, type ModelPiece } from './model-file.js';
import { prunePieces } from './pruning.js';
import { reservePieces, type ReservedPieces } from './reserved-pieces.js';
import { makeSeedPieces } from './seed-pieces.js';
import { cutIntoStretches } from './stretches.js';
import { Tokenizer } from './tokenizer.js';
import { TokenizerError } from './tokenizer-error.js';
import { settle, type TrainerOptions, type TrainerSettings } from './trainer-options.js';
import { leastScore, pieceText, sortByScore, type TrainingPieces } from './training-pieces.js';
import { wordsOf } from './words.js';

export type TrainerEvent =
  /** The corpus is read: sentences to train on and left out, characters of the alphabet, share of the corpus they cover. */
  | { readonly type: 'loaded'; readonly sentences: number; readonly skipped: Readonly<Skipped>; readonly alphabet: number; readonly coverage: number }
  /** Pieces to begin with, texts that the counts are taken over. */
  | { readonly type: 'seeded'; readonly pieces: number; readonly texts: number }
  /** An EM step is done; the objective is the mean negative log likelihood of a text before it. */
  | { readonly type: 'step'; readonly round: number; readonly step: number; readonly pieces: number; readonly objective: number }
  | { readonly type: 'pruned'; readonly round: number; readonly pieces: number }
  | { readonly type: 'finished'; readonly tokenizer: Tokenizer };

/** Pieces are pruned down to this multiple of the vocabulary; the last of them are left out by score. */
const DESIRED = 1.1;
/** Characters that were pruned come back below all others, each so much above the one before. */
const PENALTY_STEP = Math.fround(0.0001);

/** The alphabet whole, then the best other pieces, as far as the vocabulary goes: FinalizeSentencePieces. */
function finalizePieces(pieces: TrainingPieces, alphabet: readonly number[], size: number): (readonly [text: string, score: number])[] {
  const scored = Array.from(pieces.scores, (score, i) => [pieceText(pieces, i), score] as const);
  const scores = new Map(scored);
  const final = new Map<string, number>();
  const least = leastScore(pieces);
  let penalty = 0;
  for (const point of alphabet) {
    const character = String.fromCodePoint(point);
    const score = scores.get(character);
    final.set(character, score ?? Math.fround(least + penalty));
    if (score === undefined) penalty = Math.fround(penalty + PENALTY_STEP);
  }
  for (const [text, score] of sortByScore(scored)) {
    if (final.has(text)) continue;
    if (final.size === size) break;
    final.set(text, score);
  }
  return sortByScore([...final]);
}

/** Reserved pieces at their ids, the others between and after them. */
function arrangePieces(reserved: ReservedPieces, final: readonly (readonly [text: string, score: number])[], vocabSize: number): ModelPiece[] {
  const pieces: ModelPiece[] = [];
  let used = 0;
  for (let id = 0; id < vocabSize; id++) {
    const own = reserved.get(id);
    const next = final[used];
    if (own !== undefined) {
      if (pieces.length !== id) throw tooLarge(vocabSize, reserved.size + final.length);
      pieces.push({ ...own, score: 0 });
    } else if (next !== undefined) {
      pieces.push({ piece: next[0], score: next[1], type: PIECE_TYPE.normal });
      used++;
    }
  }
  return pieces;
}

function tooLarge(vocabSize: number, most: number): TokenizerError {
  return new TokenizerError(`vocabSize: expected at most ${most}, which is all that this corpus gives, got ${vocabSize}`);
}

function makeModel({ trainer, normalizer }: TrainerSettings, reserved: ReservedPieces, final: readonly (readonly [text: string, score: number])[]): ModelFile {
  const pieces = arrangePieces(reserved, final, trainer.vocabSize);
  if (trainer.hardVocabLimit && pieces.length < trainer.vocabSize) throw tooLarge(trainer.vocabSize, pieces.length);
  return { pieces, trainer: { ...trainer, vocabSize: pieces.length }, normalizer };
}

/**
 * Trains a tokenizer on sentences; the model is the one that spm_train writes for them, its lines.
 * @param sentences strings, or UTF-8 as bytes (what is malformed is read as {@link Tokenizer} reads it)
 * @returns events while it trains; the last one, and the generator's return value, carry the tokenizer
 * @throws TokenizerError for options out of range, a corpus without sentences, a vocabulary that is smaller than the
 *   alphabet with the reserved pieces or larger than the corpus gives
 */
export function* trainTokenizer(core: Core, sentences: Iterable<string | Uint8Array>, options: TrainerOptions = {}): Generator<TrainerEvent, Tokenizer> {
  const settings = settle(options);
  const { trainer } = settings;
  const reserved = reservePieces(trainer);
  const corpus = loadCorpus(sentences, settings, reserved);
  yield { type: 'loaded', sentences: corpus.sentences.counts.length, skipped: corpus.skipped, alphabet: corpus.alphabet.length, coverage: corpus.coverage };
  const stretches = cutIntoStretches(corpus.sentences, trainer.splitByWhitespace);
  let pieces = makeSeedPieces(core, stretches, settings);
  const texts = trainer.splitByWhitespace ? wordsOf(stretches) : corpus.sentences;
  yield { type: 'seeded', pieces: pieces.lengths.length, texts: texts.counts.length };
  const desired = Math.trunc(trainer.vocabSize * DESIRED);
  for (let round = 0; ; round++) {
    for (let step = 0; step < trainer.numSubIterations; step++) {
      const expectation = expectCounts(core, pieces, texts, trainer.numThreads);
      pieces = maximize(core, pieces, expectation);
      yield { type: 'step', round, step, pieces: pieces.lengths.length, objective: expectation.objective };
    }
    if (pieces.lengths.length <= desired) break;
    pieces = prunePieces(core, pieces, texts, { desired, shrinkingFactor: trainer.shrinkingFactor, parts: trainer.numThreads });
    yield { type: 'pruned', round, pieces: pieces.lengths.length };
  }
  const final = finalizePieces(pieces, corpus.alphabet, trainer.vocabSize - reserved.size);
  const tokenizer = new Tokenizer(makeModel(settings, reserved, final));
  yield { type: 'finished', tokenizer };
  return tokenizer;
}
