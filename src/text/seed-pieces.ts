// What training begins with: Trainer::MakeSeedSentencePieces of SentencePiece's src/unigram_model_trainer.cc.
import type { Core } from '../core/index.js';
import { BOUNDARY, RARE_CHARACTER } from './corpus.js';
import { logAll } from './log-sum-exp.js';
import { visitRepeats } from './repeats.js';
import { INHERITED, scriptTable } from './script.js';
import { SENTENCE_END, type StretchCounts } from './stretches.js';
import { suffixArray } from './suffix-array.js';
import type { TrainerSettings } from './trainer-options.js';
import { orderOf, type TrainingPieces } from './training-pieces.js';

const SPACE_POINT = 0x2581;
const POINTS = 0x110000;

/** A piece to begin with: where it stands, its characters, and how many characters of the corpus it covers. */
interface Seed {
  readonly start: number;
  readonly length: number;
  readonly coverage: number;
}

function isDigit(point: number): boolean {
  return (point >= 0x30 && point <= 0x39) || (point >= 0xff10 && point <= 0xff19);
}

/** Whether characters may become a piece: TrainerInterface::IsValidSentencePiece. */
export function pieceRule(trainer: TrainerSettings['trainer']): (points: Int32Array, from: number, length: number) => boolean {
  const scripts = scriptTable();
  return (points, from, length) => {
    if (length > trainer.maxSentencepieceLength) return false;
    // -1 where any script may follow.
    let before = -1;
    for (let i = 0; i < length; i++) {
      const point = points[from + i]!;
      if (point === SENTENCE_END || point === RARE_CHARACTER || point === BOUNDARY) return false;
      if (point === SPACE_POINT) {
        if (i > 0 && (trainer.splitByWhitespace || i === length - 1)) return false;
        continue;
      }
      let script = scripts[point]!;
      if (script === INHERITED) script = before;
      if (isDigit(point)) {
        if (!trainer.splitByNumber) script = -1;
        if (trainer.splitDigits && length > 1) return false;
      }
      if (trainer.splitByUnicodeScript && script !== -1 && before !== -1 && before !== script) return false;
      before = script;
    }
    return true;
  };
}

/** Text made of stretches, and what each of its characters stands for. */
interface WeighedText {
  readonly points: Int32Array;
  /** How often the stretch of each character occurs; 0 for the character that follows a stretch: float64[characters]. */
  readonly weights: Float64Array;
}

/**
 * The stretches one after another. What repeats inside a sentence's stretches, and what follows it, is here once for
 * each different stretch rather than once for each occurrence, so that the suffixes to sort are few.
 */
function joinStretches({ points, starts, ends, counts }: StretchCounts): WeighedText {
  let size = 0;
  for (let i = 0; i < counts.length; i++) size += ends[i]! - starts[i]! + 1;
  const text = { points: new Int32Array(size), weights: new Float64Array(size) };
  let at = 0;
  for (let i = 0; i < counts.length; i++) {
    text.points.set(points.subarray(starts[i]!, ends[i]!), at);
    const length = ends[i]! - starts[i]!;
    text.weights.fill(counts[i]!, at, at + length - 1);
    // SENTENCE_END, 0, parts it from the next.
    at += length + 1;
  }
  return text;
}

/** Characters numbered in their order. */
function rankCharacters(points: Int32Array): { ranks: Int32Array; symbols: number } {
  const rankOf = new Int32Array(POINTS);
  for (let i = 0; i < points.length; i++) rankOf[points[i]!] = 1;
  let symbols = 0;
  for (let point = 0; point < POINTS; point++) if (rankOf[point] === 1) rankOf[point] = symbols++;
  const ranks = new Int32Array(points.length);
  for (let i = 0; i < points.length; i++) ranks[i] = rankOf[points[i]!]!;
  return { ranks, symbols };
}

/** The repeated substrings that may be pieces, those that cover most characters first. */
function repeatedSubstrings({ points, weights }: WeighedText, trainer: TrainerSettings['trainer']): Seed[] {
  const isValid = pieceRule(trainer);
  const { ranks, symbols } = rankCharacters(points);
  const suffixes = suffixArray(ranks, symbols);
  const weightBefore = new Float64Array(suffixes.length + 1);
  for (let i = 0; i < suffixes.length; i++) weightBefore[i + 1] = weightBefore[i]! + weights[suffixes[i]!]!;
  const found: number[] = [];
  visitRepeats(ranks, suffixes, (from, to, length) => {
    const start = suffixes[from]!;
    if (length > 1 && isValid(points, start, length)) found.push(start, length, (weightBefore[to]! - weightBefore[from]!) * length);
  });
  const keys = Uint32Array.from({ length: found.length / 3 }, (_, i) => ~found[3 * i + 2]!);
  return Array.from(orderOf(keys), (i) => ({ start: found[3 * i]!, length: found[3 * i + 1]!, coverage: found[3 * i + 2]! }));
}

/** Every character, the most frequent first, then by code point. */
function countCharacters({ points, weights }: WeighedText): Seed[] {
  const counts = new Float64Array(POINTS);
  const starts = new Int32Array(POINTS);
  for (let i = 0; i < points.length; i++) {
    counts[points[i]!]! += weights[i]!;
    if (weights[i]! > 0) starts[points[i]!] = i;
  }
  counts[SENTENCE_END] = counts[RARE_CHARACTER] = 0;
  const found: number[] = [];
  for (let point = 0; point < POINTS; point++) if (counts[point]! > 0) found.push(point);
  found.sort((a, b) => counts[b]! - counts[a]! || a - b);
  return found.map((point) => ({ start: starts[point]!, length: 1, coverage: counts[point]! }));
}

/** float32 logarithms of shares, summed and rounded as ToLogProb does. */
function logShares(core: Core, counts: Float32Array): Float32Array {
  let sum = 0;
  for (const count of counts) sum = Math.fround(sum + count);
  const logOfSum = Math.fround(logAll(core, Float64Array.of(sum))[0]!);
  return Float32Array.from(logAll(core, Float64Array.from(counts)), (log) => log - logOfSum);
}

/** All characters by their counts, then repeated substrings by the characters they cover, up to seedSentencepieceSize pieces. */
export function makeSeedPieces(core: Core, stretches: StretchCounts, { trainer }: TrainerSettings): TrainingPieces {
  const text = joinStretches(stretches);
  const characters = countCharacters(text);
  const substrings = repeatedSubstrings(text, trainer);
  const seeds = [...characters, ...substrings.slice(0, Math.max(0, trainer.seedSentencepieceSize - characters.length))];
  return {
    points: text.points, starts: Int32Array.from(seeds, ({ start }) => start), lengths: Int32Array.from(seeds, ({ length }) => length),
    scores: logShares(core, Float32Array.from(seeds, ({ coverage }) => coverage)),
  };
}
