// What training begins with: Trainer::MakeSeedSentencePieces of SentencePiece's src/unigram_model_trainer.cc.
import type { Core } from '../core/index.js';
import { BOUNDARY, RARE_CHARACTER, type Texts } from './corpus.js';
import { logAll } from './log-sum-exp.js';
import { visitRepeats } from './repeats.js';
import { INHERITED, scriptTable } from './script.js';
import { suffixArray } from './suffix-array.js';
import type { TrainerSettings } from './trainer-options.js';
import { orderOf, type TrainingPieces } from './training-pieces.js';

const SPACE_POINT = 0x2581;
/** Ends each sentence in the text of all. */
const END = 0;

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
      if (point === END || point === RARE_CHARACTER || point === BOUNDARY) return false;
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

/** All sentences, each with {@link END} behind it, and the same with characters numbered in their order. */
function joinSentences({ points, starts, counts }: Texts): { text: Int32Array; ranks: Int32Array; symbols: number[] } {
  const text = new Int32Array(points.length + counts.length);
  for (let i = 0; i < counts.length; i++) text.set(points.subarray(starts[i]!, starts[i + 1]!), starts[i]! + i);
  const symbols = [...new Set(text)].sort((a, b) => a - b);
  const rankOf = new Int32Array(0x110000);
  symbols.forEach((point, rank) => (rankOf[point] = rank));
  return { text, ranks: text.map((point) => rankOf[point]!), symbols };
}

/** The repeated substrings that may be pieces, those that cover most characters first. */
function repeatedSubstrings(text: Int32Array, ranks: Int32Array, symbols: number, trainer: TrainerSettings['trainer']): { start: number; length: number; coverage: number }[] {
  const isValid = pieceRule(trainer);
  const found: number[] = [];
  visitRepeats(ranks, suffixArray(ranks, symbols), (start, length, count) => {
    if (length > 1 && isValid(text, start, length)) found.push(start, length, count * length);
  });
  const keys = Uint32Array.from({ length: found.length / 3 }, (_, i) => ~found[3 * i + 2]!);
  return Array.from(orderOf(keys), (i) => ({ start: found[3 * i]!, length: found[3 * i + 1]!, coverage: found[3 * i + 2]! }));
}

/** float32 logarithms of shares, summed and rounded as ToLogProb does. */
function logShares(core: Core, counts: Float32Array): Float32Array {
  let sum = 0;
  for (const count of counts) sum = Math.fround(sum + count);
  const logOfSum = Math.fround(logAll(core, Float64Array.of(sum))[0]!);
  return Float32Array.from(logAll(core, Float64Array.from(counts)), (log) => log - logOfSum);
}

/** All characters by their counts, then repeated substrings by the characters they cover, up to seedSentencepieceSize pieces. */
export function makeSeedPieces(core: Core, sentences: Texts, { trainer }: TrainerSettings): TrainingPieces {
  const { text, ranks, symbols } = joinSentences(sentences);
  const occurrences = new Map<number, { start: number; count: number }>();
  text.forEach((point, start) => {
    if (point === END || point === RARE_CHARACTER) return;
    const entry = occurrences.get(point);
    if (entry === undefined) occurrences.set(point, { start, count: 1 });
    else entry.count++;
  });
  const characters = [...occurrences].sort(([a, { count: countOfA }], [b, { count: countOfB }]) => countOfB - countOfA || a - b)
    .map(([, { start, count }]) => ({ start, length: 1, coverage: count }));
  const substrings = repeatedSubstrings(text, ranks, symbols.length, trainer);
  const seeds = [...characters, ...substrings.slice(0, Math.max(0, trainer.seedSentencepieceSize - characters.length))];
  return {
    points: text, starts: Int32Array.from(seeds, ({ start }) => start), lengths: Int32Array.from(seeds, ({ length }) => length),
    scores: logShares(core, Float32Array.from(seeds, ({ coverage }) => coverage)),
  };
}
