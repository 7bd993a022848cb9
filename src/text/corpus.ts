// From sentences to what the trainer counts: TrainerInterface::LoadSentences of SentencePiece's
// src/trainer_interface.cc, with their order of sentences, which decides the order of seeds.
import { Normalizer } from './normalizer.js';
import type { ReservedPieces } from './reserved-pieces.js';
import { TokenizerError } from './tokenizer-error.js';
import type { TrainerSettings } from './trainer-options.js';
import { codePointsOf, decodeInto, encodeUtf8 } from './utf8.js';

/** Stands for characters outside the alphabet; a sentence that has it is skipped. */
export const RARE_CHARACTER = 0x2585;
const RARE_BYTES = encodeUtf8('\u2585');
/** Stands for reserved pieces, which no piece may reach across. */
export const BOUNDARY = 0x09;
const POINTS = 0x110000;

/** Texts one after another: text i is points[starts[i]] to points[starts[i + 1] - 1] and occurs counts[i] times. */
export interface Texts {
  readonly points: Int32Array;
  readonly starts: Int32Array;
  /** float64[texts] */
  readonly counts: Float64Array;
}

export interface Corpus {
  /** Each once, in the order given. */
  readonly sentences: Texts;
  /** Characters that become pieces, the most frequent first. */
  readonly alphabet: number[];
  /** Share of all characters that are in the alphabet. */
  readonly coverage: number;
  readonly skipped: Skipped;
}

/** Sentences left out: longer than the limit, with the reserved character U+2585, empty or nothing but spaces. */
export interface Skipped {
  tooLong: number;
  reserved: number;
  empty: number;
}

/** Sentences one after another while they are read. */
class Sentences {
  points = new Int32Array(1 << 16);
  readonly starts: number[] = [];
  readonly ends: number[] = [];
  readonly #reserved: readonly Int32Array[];

  constructor(reserved: ReservedPieces) {
    this.#reserved = [...reserved.values()].map(({ piece }) => codePointsOf(encodeUtf8(piece))).sort((a, b) => b.length - a.length);
  }

  /** Adds a normalised sentence; every reserved piece in it, the longest where several begin, becomes {@link BOUNDARY}. */
  add(bytes: Uint8Array): void {
    const start = this.ends[this.ends.length - 1] ?? 0;
    if (start + bytes.length > this.points.length) {
      const larger = new Int32Array(2 * (start + bytes.length));
      larger.set(this.points);
      this.points = larger;
    }
    this.starts.push(start);
    this.ends.push(this.#mask(start, decodeInto(this.points, start, bytes)));
  }

  #mask(start: number, end: number): number {
    const { points } = this;
    let size = start;
    for (let at = start; at < end; size++) {
      const length = this.#reservedLength(at, end);
      points[size] = length > 0 ? BOUNDARY : points[at]!;
      at += Math.max(1, length);
    }
    return size;
  }

  /** Characters of the reserved piece that begins at a character; 0 where none does. */
  #reservedLength(at: number, end: number): number {
    for (const piece of this.#reserved) {
      if (piece[0] !== this.points[at]) continue;
      let matched = 1;
      while (matched < piece.length && at + matched < end && piece[matched] === this.points[at + matched]) matched++;
      if (matched === piece.length) return matched;
    }
    return 0;
  }
}

function indexOfBytes(bytes: Uint8Array, wanted: Uint8Array): number {
  for (let at = bytes.indexOf(wanted[0]!); at >= 0; at = bytes.indexOf(wanted[0]!, at + 1)) if (wanted.every((byte, i) => bytes[at + i] === byte)) return at;
  return -1;
}

/** SentencePiece takes an empty sentence out by putting the last one in its place, and does not look at that one again. */
function orderWithoutEmpty({ starts, ends }: Sentences): number[] {
  const order = starts.map((_, i) => i);
  for (let i = 0; i < order.length; i++) {
    if (ends[order[i]!]! > starts[order[i]!]!) continue;
    order[i] = order[order.length - 1]!;
    order.pop();
  }
  return order;
}

function readSentences(given: Iterable<string | Uint8Array>, { trainer, normalizer }: TrainerSettings, reserved: ReservedPieces, skipped: Skipped): Sentences {
  const normalizes = new Normalizer({ spec: normalizer });
  const sentences = new Sentences(reserved);
  for (const sentence of given) {
    const bytes = typeof sentence === 'string' ? encodeUtf8(sentence) : sentence;
    if (bytes.length === 0) skipped.empty++;
    else if (bytes.length > trainer.maxSentenceLength) skipped.tooLong++;
    else if (indexOfBytes(bytes, RARE_BYTES) >= 0) skipped.reserved++;
    else sentences.add(normalizes.normalize(bytes));
  }
  return sentences;
}

function countCharacters({ points, starts, ends }: Sentences): { counts: Float64Array; total: number } {
  const counts = new Float64Array(POINTS);
  let total = 0;
  for (let i = 0; i < starts.length; i++) {
    for (let at = starts[i]!; at < ends[i]!; at++) {
      if (points[at] === 0) continue;
      counts[points[at]!]!++;
      total++;
    }
  }
  return { counts, total };
}

/** Sentences in an order, characters outside the alphabet replaced by {@link RARE_CHARACTER}. */
function textsOf({ points, starts, ends }: Sentences, order: readonly number[], alphabet: readonly number[]): Texts {
  const isKept = new Uint8Array(POINTS);
  for (const point of alphabet) isKept[point] = 1;
  const textStarts = new Int32Array(order.length + 1);
  order.forEach((sentence, i) => (textStarts[i + 1] = textStarts[i]! + ends[sentence]! - starts[sentence]!));
  const kept = new Int32Array(textStarts[order.length]!);
  let size = 0;
  for (const sentence of order) {
    for (let at = starts[sentence]!; at < ends[sentence]!; at++) kept[size++] = isKept[points[at]!] === 1 ? points[at]! : RARE_CHARACTER;
  }
  return { points: kept, starts: textStarts, counts: new Float64Array(order.length).fill(1) };
}

/** Characters until the share is reached: the most frequent first, then by code point. */
function chooseAlphabet(counts: Float64Array, total: number, wanted: number): { alphabet: number[]; coverage: number } {
  const found: number[] = [];
  counts.forEach((count, point) => {
    if (count > 0) found.push(point);
  });
  found.sort((a, b) => counts[b]! - counts[a]! || a - b);
  const alphabet: number[] = [];
  let covered = 0;
  for (const point of found) {
    if (Math.fround(covered / total) >= wanted) break;
    covered += counts[point]!;
    if (point !== BOUNDARY) alphabet.push(point);
  }
  return { alphabet, coverage: total === 0 ? 0 : covered / total };
}

/**
 * Normalises sentences and settles the alphabet.
 * @throws TokenizerError where no sentence is left, or where alphabet and reserved pieces are more than the vocabulary holds
 */
export function loadCorpus(given: Iterable<string | Uint8Array>, settings: TrainerSettings, reserved: ReservedPieces): Corpus {
  const skipped: Skipped = { tooLong: 0, reserved: 0, empty: 0 };
  const sentences = readSentences(given, settings, reserved, skipped);
  sentences.starts.forEach((start, i) => {
    if (sentences.ends[i] === start) skipped.empty++;
  });
  const { counts, total } = countCharacters(sentences);
  const { alphabet, coverage } = chooseAlphabet(counts, total, settings.trainer.characterCoverage);
  if (alphabet.length === 0) {
    throw new TokenizerError(`corpus: expected sentences to train on, got none (${skipped.empty} empty, ${skipped.tooLong} over ${settings.trainer.maxSentenceLength} bytes, ${skipped.reserved} with the reserved character U+2585)`);
  }
  const least = alphabet.length + reserved.size;
  if (least > settings.trainer.vocabSize) {
    throw new TokenizerError(`vocabSize: expected at least ${least} (${alphabet.length} characters and ${reserved.size} reserved pieces), got ${settings.trainer.vocabSize}; a smaller characterCoverage needs fewer characters`);
  }
  return { sentences: textsOf(sentences, orderWithoutEmpty(sentences), alphabet), alphabet, coverage, skipped };
}
