// The largest eigenvalue of a symmetric matrix, and its eigenvector, in one fixed order of operations.

export interface Eigenpair {
  readonly value: number;
  /** Unit vector [size]; of either sign, and any one of a multiple eigenvalue's. */
  readonly vector: Float64Array;
}

const MOST_SWEEPS = 60;
/** Larger matrices are projected first. */
const DIRECT = 32;
const RESIDUAL = 1 / 2 ** 45;

/** One rotation that makes entry (p, q) vanish. */
function rotate(a: Float64Array, vectors: Float64Array, size: number, p: number, q: number): void {
  const between = a[p * size + q]!;
  const theta = (a[q * size + q]! - a[p * size + p]!) / (2 * between);
  const tangent = (theta < 0 ? -1 : 1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
  const cosine = 1 / Math.sqrt(tangent * tangent + 1);
  const sine = tangent * cosine;
  for (let k = 0; k < size; k++) {
    const atP = a[k * size + p]!;
    const atQ = a[k * size + q]!;
    a[k * size + p] = cosine * atP - sine * atQ;
    a[k * size + q] = sine * atP + cosine * atQ;
  }
  for (let k = 0; k < size; k++) {
    const atP = a[p * size + k]!;
    const atQ = a[q * size + k]!;
    a[p * size + k] = cosine * atP - sine * atQ;
    a[q * size + k] = sine * atP + cosine * atQ;
    const vectorAtP = vectors[p * size + k]!;
    const vectorAtQ = vectors[q * size + k]!;
    vectors[p * size + k] = cosine * vectorAtP - sine * vectorAtQ;
    vectors[q * size + k] = sine * vectorAtP + cosine * vectorAtQ;
  }
  a[p * size + q] = 0;
  a[q * size + p] = 0;
}

/** Jacobi's method (1846), cyclic by rows, until every entry off the diagonal is below the rounding of the largest on it. */
function jacobi(matrix: Float64Array, size: number): Eigenpair {
  const a = matrix.slice();
  const vectors = new Float64Array(size * size);
  for (let k = 0; k < size; k++) vectors[k * size + k] = 1;
  const largest = a.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  for (let sweep = 0, rotations = 1; sweep < MOST_SWEEPS && rotations > 0; sweep++) {
    rotations = 0;
    for (let p = 0; p < size; p++) {
      for (let q = p + 1; q < size; q++) {
        if (Math.abs(a[p * size + q]!) <= largest / 2 ** 56) continue;
        rotate(a, vectors, size, p, q);
        rotations++;
      }
    }
  }
  let best = 0;
  for (let k = 1; k < size; k++) if (a[k * size + k]! > a[best * size + best]!) best = k;
  return { value: a[best * size + best]!, vector: vectors.slice(best * size, (best + 1) * size) };
}

function inner(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let k = 0; k < a.length; k++) sum += a[k]! * b[k]!;
  return sum;
}

/** A fixed vector without symmetries, so that no eigenvector is orthogonal to it by the data's own symmetry. */
function startingVector(size: number): Float64Array {
  let state = 1;
  const vector = new Float64Array(size).map(() => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32 - 0.5;
  });
  const norm = Math.sqrt(inner(vector, vector));
  return vector.map((value) => value / norm);
}

/** Lanczos's method (1950), orthogonalised against the whole basis twice at every step. */
class Lanczos {
  readonly #matrix: Float64Array;
  readonly #size: number;
  readonly #basis: Float64Array[];
  readonly #diagonal: number[] = [];
  readonly #beside: number[] = [];

  constructor(matrix: Float64Array, size: number) {
    this.#matrix = matrix;
    this.#size = size;
    this.#basis = [startingVector(size)];
  }

  /** Extends the basis by one vector; returns what is left of it after orthogonalisation. */
  extend(): number {
    const size = this.#size;
    const last = this.#basis.at(-1)!;
    const next = new Float64Array(size);
    for (let row = 0; row < size; row++) next[row] = inner(this.#matrix.subarray(row * size, (row + 1) * size), last);
    this.#diagonal.push(inner(next, last));
    for (let pass = 0; pass < 2; pass++) {
      for (const known of this.#basis) {
        const along = inner(next, known);
        for (let k = 0; k < size; k++) next[k]! -= along * known[k]!;
      }
    }
    const left = Math.sqrt(inner(next, next));
    this.#beside.push(left);
    this.#basis.push(next.map((value) => value / (left || 1)));
    return left;
  }

  /** The largest eigenpair within the basis, and how far it is from being one of the whole matrix. */
  largest(): Eigenpair & { residual: number } {
    const size = this.#diagonal.length;
    const projected = new Float64Array(size * size);
    for (let k = 0; k < size; k++) {
      projected[k * size + k] = this.#diagonal[k]!;
      if (k + 1 < size) projected[k * size + k + 1] = projected[(k + 1) * size + k] = this.#beside[k]!;
    }
    const { value, vector: weights } = jacobi(projected, size);
    const vector = new Float64Array(this.#size);
    weights.forEach((weight, index) => {
      for (let k = 0; k < vector.length; k++) vector[k]! += weight * this.#basis[index]![k]!;
    });
    return { value, vector, residual: this.#beside[size - 1]! * Math.abs(weights[size - 1]!) };
  }
}

/**
 * The largest eigenvalue of a symmetric positive semidefinite matrix and its vector: by Jacobi's method up to
 * 32 x 32; beyond, in a Krylov space that grows until the residual is 2^-45 of the eigenvalue.
 * @param matrix [size, size]
 */
export function largestEigenpair(matrix: Float64Array, size: number): Eigenpair {
  if (size <= DIRECT) return jacobi(matrix, size);
  const scale = matrix.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const space = new Lanczos(matrix, size);
  for (let steps = 1; ; steps++) {
    const isWhole = space.extend() <= scale / 2 ** 50 || steps === size;
    if (!isWhole && steps % 16 !== 0) continue;
    const { value, vector, residual } = space.largest();
    if (isWhole || residual <= RESIDUAL * value) return { value, vector };
  }
}
