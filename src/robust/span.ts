// Long vectors by their inner products alone. Rules that look at distances, norms and linear combinations only give the same
// answer for any vectors with the same Gram matrix; so n vectors of d values are replaced by n vectors of at most n values, the
// rows of a Cholesky factor, and a rule's result there is turned back into weights of the n originals.
import type { Vectors } from './vectors.js';

/** A remaining square norm below this share of the largest is rounding: the row lies in the span of the pivots so far. */
const RANK_TOLERANCE = 1e-13;

/**
 * Pivoted Cholesky factorisation of a Gram matrix (Higham, Accuracy and Stability of Numerical Algorithms, 2002, chapter 10):
 * the largest remaining diagonal entry is the next pivot, the lowest index of equal ones.
 */
export class Span {
  /** The embedded vectors [count, rank], with the originals' inner products. */
  readonly vectors: Vectors;
  /** Undefined for vectors that are taken as orthonormal. */
  readonly #pivots: number[] | undefined;

  private constructor(vectors: Vectors, pivots: number[] | undefined) {
    this.vectors = vectors;
    this.#pivots = pivots;
  }

  /** @param gram inner products [count, count], symmetric, finite */
  static fromGram(gram: Float64Array, count: number): Span {
    const factor = new Float64Array(count * count);
    const left = Float64Array.from({ length: count }, (_, row) => gram[row * count + row]!);
    const largest = left.reduce((most, value) => Math.max(most, value), 0);
    const pivots: number[] = [];
    const isTaken = new Uint8Array(count);
    while (pivots.length < count) {
      const pivot = indexOfLargestBut(left, isTaken);
      if (!(left[pivot]! > RANK_TOLERANCE * largest)) break;
      eliminate(gram, count, factor, left, pivot, pivots.length, isTaken);
      pivots.push(pivot);
      isTaken[pivot] = 1;
    }
    const rank = Math.max(1, pivots.length);
    const values = new Float64Array(count * rank);
    for (let row = 0; row < count; row++) values.set(factor.subarray(row * count, row * count + rank), row * rank);
    return new Span({ count, dimension: rank, values }, pivots);
  }

  /** For combinations whose weights do not depend on the originals: these are taken as orthonormal, so that a vector is its weights. */
  static orthonormal(count: number): Span {
    const values = new Float64Array(count * count);
    for (let row = 0; row < count; row++) values[row * count + row] = 1;
    return new Span({ count, dimension: count, values }, undefined);
  }

  /**
   * The weights [count] of the originals whose sum is embedded as `vector` [rank]; only pivots have weights other than 0.
   * Solves L^T w = vector from the last pivot back.
   */
  weightsOf(vector: Float64Array): Float64Array {
    const pivots = this.#pivots;
    if (pivots === undefined) return vector.slice();
    const { count, dimension: rank, values } = this.vectors;
    const weights = new Float64Array(count);
    for (let k = pivots.length - 1; k >= 0; k--) {
      let rest = vector[k]!;
      for (let later = k + 1; later < pivots.length; later++) rest -= values[pivots[later]! * rank + k]! * weights[pivots[later]!]!;
      weights[pivots[k]!] = rest / values[pivots[k]! * rank + k]!;
    }
    return weights;
  }
}

function indexOfLargestBut(values: Float64Array, isTaken: Uint8Array): number {
  let best = -1;
  for (let index = 0; index < values.length; index++) {
    if (isTaken[index] === 0 && (best < 0 || values[index]! > values[best]!)) best = index;
  }
  return best;
}

/** Column k of the factor by the pivot row, and what it leaves of each row's square norm; earlier pivots have 0 there. */
function eliminate(gram: Float64Array, count: number, factor: Float64Array, left: Float64Array, pivot: number, k: number, isTaken: Uint8Array): void {
  const root = Math.sqrt(left[pivot]!);
  for (let row = 0; row < count; row++) {
    if (isTaken[row] === 1) continue;
    let inner = gram[row * count + pivot]!;
    for (let j = 0; j < k; j++) inner -= factor[row * count + j]! * factor[pivot * count + j]!;
    factor[row * count + k] = row === pivot ? root : inner / root;
    left[row]! -= factor[row * count + k]! * factor[row * count + k]!;
  }
  left[pivot] = 0;
}
