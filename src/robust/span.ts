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
  readonly #pivots: number[];

  private constructor(vectors: Vectors, pivots: number[]) {
    this.vectors = vectors;
    this.#pivots = pivots;
  }

  /** @param gram inner products [count, count], symmetric, finite */
  static fromGram(gram: Float64Array, count: number): Span {
    const factor = new Float64Array(count * count);
    const left = Float64Array.from({ length: count }, (_, row) => gram[row * count + row]!);
    const largest = left.reduce((most, value) => Math.max(most, value), 0);
    const pivots: number[] = [];
    while (pivots.length < count) {
      const pivot = indexOfLargestBut(left, pivots);
      if (!(left[pivot]! > RANK_TOLERANCE * largest)) break;
      eliminate(gram, count, factor, left, pivot, pivots);
      pivots.push(pivot);
    }
    const rank = Math.max(1, pivots.length);
    const values = new Float64Array(count * rank);
    for (let row = 0; row < count; row++) values.set(factor.subarray(row * count, row * count + rank), row * rank);
    return new Span({ count, dimension: rank, values }, pivots);
  }

  /**
   * The weights [count] of the originals whose sum is embedded as `vector` [rank]; only pivots have weights other than 0.
   * Solves L^T w = vector from the last pivot back.
   */
  weightsOf(vector: Float64Array): Float64Array {
    const { count, dimension: rank, values } = this.vectors;
    const weights = new Float64Array(count);
    for (let k = this.#pivots.length - 1; k >= 0; k--) {
      let rest = vector[k]!;
      for (let later = k + 1; later < this.#pivots.length; later++) {
        rest -= values[this.#pivots[later]! * rank + k]! * weights[this.#pivots[later]!]!;
      }
      weights[this.#pivots[k]!] = rest / values[this.#pivots[k]! * rank + k]!;
    }
    return weights;
  }
}

function indexOfLargestBut(values: Float64Array, taken: readonly number[]): number {
  let best = -1;
  for (let index = 0; index < values.length; index++) {
    if (!taken.includes(index) && (best < 0 || values[index]! > values[best]!)) best = index;
  }
  return best;
}

/** The next column of the factor by the pivot row, and what it leaves of each row's square norm; earlier pivots have 0 there. */
function eliminate(gram: Float64Array, count: number, factor: Float64Array, left: Float64Array, pivot: number, pivots: readonly number[]): void {
  const root = Math.sqrt(left[pivot]!);
  const k = pivots.length;
  for (let row = 0; row < count; row++) {
    if (pivots.includes(row)) continue;
    let inner = gram[row * count + pivot]!;
    for (let j = 0; j < k; j++) inner -= factor[row * count + j]! * factor[pivot * count + j]!;
    factor[row * count + k] = row === pivot ? root : inner / root;
    left[row]! -= factor[row * count + k]! * factor[row * count + k]!;
  }
  left[pivot] = 0;
}
