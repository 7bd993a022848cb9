import { UNKNOWN_PENALTY, type PieceTable } from './piece-table.js';
import { PieceTrie } from './piece-trie.js';
import { compareCodePoints, textOf } from './utf8.js';

/** Pieces under training: piece i is points[starts[i]] and the lengths[i] - 1 code points after it. */
export interface TrainingPieces {
  readonly points: Int32Array;
  readonly starts: Int32Array;
  readonly lengths: Int32Array;
  /** Log probabilities, float32[pieces]. */
  readonly scores: Float32Array;
}

export function pieceText({ points, starts, lengths }: TrainingPieces, i: number): string {
  return textOf(points, starts[i]!, starts[i]! + lengths[i]!);
}

/** The pieces at indices, with their scores or others. */
export function selectPieces(pieces: TrainingPieces, indices: Int32Array, scores = Float32Array.from(indices, (i) => pieces.scores[i]!)): TrainingPieces {
  return { points: pieces.points, starts: indices.map((i) => pieces.starts[i]!), lengths: indices.map((i) => pieces.lengths[i]!), scores };
}

export function leastScore({ scores }: TrainingPieces): number {
  let least = Infinity;
  for (const score of scores) least = Math.min(least, score);
  return least;
}

/** For lattices. Unknown characters count as piece 0, the most frequent one: SentencePiece's trainer leaves its unk_id_ at 0. */
export function tableOfTraining(pieces: TrainingPieces): PieceTable {
  const trie = new PieceTrie(pieces.lengths.length * 2);
  for (let i = 0; i < pieces.lengths.length; i++) trie.insert(pieces.points, pieces.starts[i]!, pieces.starts[i]! + pieces.lengths[i]!, i);
  return { trie, scores: pieces.scores, unknownScore: Math.fround(leastScore(pieces) - UNKNOWN_PENALTY), unknownId: 0 };
}

/** Texts with scores: the highest score first, then by code points. */
export function sortByScore(pieces: (readonly [text: string, score: number])[]): (readonly [text: string, score: number])[] {
  return [...pieces].sort(([a, scoreOfA], [b, scoreOfB]) => scoreOfB - scoreOfA || compareCodePoints(a, b));
}

/** Indices in the order of their keys, equal ones in their own order. Keys are uint32. */
export function orderOf(keys: Uint32Array): Uint32Array {
  const sorted = new BigUint64Array(keys.length);
  for (let i = 0; i < keys.length; i++) sorted[i] = (BigInt(keys[i]!) << 32n) | BigInt(i);
  sorted.sort();
  return Uint32Array.from(sorted, (entry) => Number(entry & 0xffffffffn));
}

/** Keys for {@link orderOf} that put the greatest of some finite float32 values first. */
export function descendingKeys(values: Float32Array): Uint32Array {
  // +0 and -0 are equal, but their bits are not.
  const bits = new Uint32Array(values.map((value) => (value === 0 ? 0 : value)).buffer);
  return bits.map((word) => (word >>> 31 === 1 ? word : ~word & 0x7fffffff));
}
