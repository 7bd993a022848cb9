import type { ModelPiece } from './model-file.js';
import { PIECE_TYPE } from './model-file.js';
import { PieceTrie } from './piece-trie.js';
import { codePointsOf, encodeUtf8 } from './utf8.js';

/** What an unknown character costs beyond the least likely piece, in natural logarithms. */
export const UNKNOWN_PENALTY = 10;
// FLT_MAX and FLT_MIN of C, where SentencePiece starts to look for the least and the greatest score.
const LARGEST_FLOAT32 = 3.4028234663852886e38;
const SMALLEST_NORMAL_FLOAT32 = 1.1754943508222875e-38;

/** Pieces that text can be cut into, and what each costs. */
export interface PieceTable {
  readonly trie: PieceTrie;
  /** Of each id, in a lattice: float32[pieces]. */
  readonly scores: Float32Array;
  readonly unknownScore: number;
  readonly unknownId: number;
}

/** A model's pieces. The best path alone weighs user-defined pieces by their bytes, a lattice by their characters. */
export interface ModelPieceTable extends PieceTable {
  /** Of each id, for the best path: float64[pieces]. */
  readonly bestPathScores: Float64Array;
}

export function tableOfModel(pieces: readonly ModelPiece[], unknownId: number): ModelPieceTable {
  let [least, greatest] = [LARGEST_FLOAT32, SMALLEST_NORMAL_FLOAT32];
  for (const { type, score } of pieces) {
    if (type !== PIECE_TYPE.normal) continue;
    least = Math.min(least, score);
    greatest = Math.max(greatest, score);
  }
  const trie = new PieceTrie();
  const scores = Float32Array.from(pieces, ({ score }) => score);
  const bestPathScores = Float64Array.from(pieces, ({ score }) => score);
  pieces.forEach(({ piece, type }, id) => {
    if (type !== PIECE_TYPE.normal && type !== PIECE_TYPE.userDefined) return;
    const bytes = encodeUtf8(piece);
    const points = codePointsOf(bytes);
    trie.insert(points, 0, points.length, id);
    if (type !== PIECE_TYPE.userDefined) return;
    // A bonus, so that it is always taken (src/unigram_model.cc: length * max_score - 0.1).
    scores[id] = Math.fround(points.length * greatest) - 0.1;
    bestPathScores[id] = Math.fround(bytes.length * greatest) - 0.1;
  });
  return { trie, scores, bestPathScores, unknownScore: Math.fround(least - UNKNOWN_PENALTY), unknownId };
}
