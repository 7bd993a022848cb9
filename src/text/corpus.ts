// From sentences to what the trainer counts: TrainerInterface::LoadSentences of SentencePiece's
// src/trainer_interface.cc, with their order of sentences, which decides the order of seeds.
import { Normalizer } from './normalizer.js';
import type { ReservedPieces } from './reserved-pieces.js';
import { TokenizerError } from './tokenizer-error.js';
import type { TrainerSettings } from './trainer-options.js';
import { codePointsOf, encodeUtf8 } from './utf8.js';

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

/** Code points that grow by appending texts. */
class TextsBuilder {
  #points = new Int32Array(1 << 16);
  #size = 0;
  readonly #starts: number[] = [0];

  add(points: Int32Array): void {
    if (this.#size + points.length > this.#points.length) {
      const larger = new Int32Array(2 * (this.#size + points.length));
      larger.set(this.#points);
      this.#points = larger;
    }
    this.#points.set(points, this.#size);
    this.#size += points.length;
    this.#starts.push(this.#size);
  }

  finish(counts?: Float64Array): Texts {
    const count = this.#starts.length - 1;
    return { points: this.#points.slice(0, this.#size), starts: Int32Array.from(this.#starts), counts: counts ?? new Float64Array(count).fill(1) };
  }
}

function indexOfBytes(bytes: Uint8Array, wanted: Uint8Array): number {
  for (let at = bytes.indexOf(wanted[0]!); at >= 0; at = bytes.indexOf(wanted[0]!, at + 1)) if (wanted.every((byte, i) => bytes[at + i] === byte)) return at;
  return -1;
}

/** Replaces every reserved piece, the longest where several begin, by {@link BOUNDARY}. */
function maskReserved(points: Int32Array, reserved: readonly Int32Array[]): Int32Array {
  if (!reserved.some((piece) => points.includes(piece[0]!))) return points;
  const masked: number[] = [];
  for (let at = 0; at < points.length;) {
    const found = reserved.find((piece) => piece.every((point, i) => points[at + i] === point));
    masked.push(found === undefined ? points[at]! : BOUNDARY);
    at += found?.length ?? 1;
  }
  return Int32Array.from(masked);
}

/** SentencePiece takes an empty sentence out by putting the last one in its place, and does not look at that one again. */
function removeEmpty(sentences: Int32Array[]): void {
  for (let i = 0; i < sentences.length; i++) {
    if (sentences[i]!.length > 0) continue;
    sentences[i] = sentences[sentences.length - 1]!;
    sentences.pop();
  }
}

function readSentences(given: Iterable<string | Uint8Array>, { trainer, normalizer }: TrainerSettings, reserved: ReservedPieces, skipped: Skipped): Int32Array[] {
  const normalizes = new Normalizer({ spec: normalizer });
  const masked = [...reserved.values()].map(({ piece }) => codePointsOf(encodeUtf8(piece))).sort((a, b) => b.length - a.length);
  const sentences: Int32Array[] = [];
  for (const sentence of given) {
    const bytes = typeof sentence === 'string' ? encodeUtf8(sentence) : sentence;
    if (bytes.length === 0) skipped.empty++;
    else if (bytes.length > trainer.maxSentenceLength) skipped.tooLong++;
    else if (indexOfBytes(bytes, RARE_BYTES) >= 0) skipped.reserved++;
    else sentences.push(maskReserved(codePointsOf(normalizes.normalize(bytes)), masked));
  }
  return sentences;
}

function countCharacters(sentences: readonly Int32Array[]): { counts: Float64Array; total: number } {
  const counts = new Float64Array(POINTS);
  let total = 0;
  for (const sentence of sentences) {
    for (const point of sentence) {
      if (point === 0) continue;
      counts[point]!++;
      total++;
    }
  }
  return { counts, total };
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
  for (const { length } of sentences) if (length === 0) skipped.empty++;
  removeEmpty(sentences);
  const { counts, total } = countCharacters(sentences);
  const { alphabet, coverage } = chooseAlphabet(counts, total, settings.trainer.characterCoverage);
  if (alphabet.length === 0) {
    throw new TokenizerError(`corpus: expected sentences to train on, got none (${skipped.empty} empty, ${skipped.tooLong} over ${settings.trainer.maxSentenceLength} bytes, ${skipped.reserved} with the reserved character U+2585)`);
  }
  const least = alphabet.length + reserved.size;
  if (least > settings.trainer.vocabSize) {
    throw new TokenizerError(`vocabSize: expected at least ${least} (${alphabet.length} characters and ${reserved.size} reserved pieces), got ${settings.trainer.vocabSize}; a smaller characterCoverage needs fewer characters`);
  }
  const isKept = new Uint8Array(POINTS);
  for (const point of alphabet) isKept[point] = 1;
  const builder = new TextsBuilder();
  for (const sentence of sentences) builder.add(sentence.map((point) => (isKept[point] === 1 ? point : RARE_CHARACTER)));
  return { sentences: builder.finish(), alphabet, coverage, skipped };
}
