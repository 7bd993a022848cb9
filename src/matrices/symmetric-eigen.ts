import type { Core, Pointer } from '../core/index.js';
import { largestMagnitude, requireSquare, scaleToOne } from './products.js';
import { BLOCK, ReflectorSpace } from './reflectors.js';
import type { Tape, Tensor } from '../tensor/index.js';

/** Sweeps of rotations gathered before they are applied. */
const SWEEPS = 32;

/** Working memory for matrices of one size; without vectors, only what eigenvalues need. */
class EigenSpace {
  readonly #core: Core;
  readonly #size: number;
  readonly #reduced: Pointer;
  readonly #diagonal: Pointer;
  readonly #beside: Pointer;
  readonly #factors: Pointer;
  readonly #sweeps: Pointer;
  readonly #sweepBytes: number;
  readonly #vectors: { turned: Pointer; strips: Pointer; order: Pointer; space: ReflectorSpace } | undefined;

  constructor(tape: Tape, size: number, withVectors: boolean) {
    const take = (bytes: number) => tape.allocate(bytes, 'symmetric eigenvalues');
    this.#core = tape.core;
    this.#size = size;
    this.#reduced = take(8 * size * size);
    this.#diagonal = take(8 * size);
    this.#beside = take(8 * size);
    this.#factors = take(8 * size);
    this.#sweepBytes = 16 * (size + 1) * (withVectors ? SWEEPS : 1);
    this.#sweeps = take(this.#sweepBytes);
    if (withVectors) {
      const strips = take(this.#core.kernels.strips_bytes_f64(size, size));
      this.#vectors = { turned: take(8 * size * size), strips, order: take(4 * size), space: new ReflectorSpace(tape, size, size) };
    }
  }

  /** The product H_1 H_2 ... of the reflectors that the reduction left: block after block it grows by rows and columns. */
  #productOfReflectors(to: Pointer, space: ReflectorSpace): void {
    const size = this.#size;
    const values = this.#core.memory.f64(to, size * size).fill(0);
    for (let i = 0; i < size; i++) values[i * (size + 1)] = 1;
    for (let start = 1; start < size; start += BLOCK) {
      const end = Math.min(start + BLOCK, size);
      space.apply(this.#reduced + 8 * start * size, size, end - start, end - 1, this.#factors + 8 * start, to, size, end - 1);
    }
  }

  /** @returns eigenvalues [size], ascending; `vectors` is where their vectors go, as columns */
  decompose(matrix: Pointer, vectors: Pointer | undefined): Float64Array {
    const { kernels, memory } = this.#core;
    const size = this.#size;
    const largest = largestMagnitude('symmetricEigen', this.#core, matrix, size * size);
    const scale = scaleToOne(largest);
    kernels.matrix_scale_f64(matrix, size, size, size, scale, this.#reduced, size);
    const scratch = this.#core.scratch(kernels.tridiagonal_reduce_scratch_f64(size), 'symmetric eigenvalues');
    kernels.tridiagonal_reduce_f64(this.#reduced, size, this.#diagonal, this.#beside, this.#factors, scratch);
    const strips = this.#vectors?.strips ?? 0;
    if (this.#vectors !== undefined) {
      this.#productOfReflectors(this.#vectors.turned, this.#vectors.space);
      kernels.strips_pack_f64(this.#vectors.turned, size, size, strips);
    }
    const found = kernels.tridiagonal_eigen_f64(this.#diagonal, this.#beside, size, largest * scale, strips, size, this.#sweeps, this.#sweepBytes);
    if (found < size) throw new Error(`symmetricEigen: expected convergence, got ${found} of ${size} eigenvalues`);
    const values = memory.f64(this.#diagonal, size).slice();
    if (this.#vectors === undefined || vectors === undefined) return values.sort().map((value) => value / scale);
    const order = memory.i32(this.#vectors.order, size);
    order.set(Array.from(values.keys()).sort((a, b) => values[a]! - values[b]! || a - b));
    kernels.strips_to_columns_f64(strips, size, size, this.#vectors.order, vectors);
    return Float64Array.from(memory.i32(this.#vectors.order, size), (index) => values[index]! / scale);
  }
}

export interface SymmetricEigen {
  /** [.., n], ascending. */
  readonly values: Tensor;
  /** [.., n, n]: column j belongs to value j. */
  readonly vectors: Tensor;
}

/**
 * Eigenvalues and orthonormal eigenvectors of symmetric matrices: Householder's tridiagonal form, then the implicit QL method
 * (tred2 and tql2 of Wilkinson & Reinsch 1971). Reads the lower triangle. A vector's value of largest magnitude (the first of
 * equals) is positive. Residuals and departures from orthogonality are a few n 2^-53 of the largest eigenvalue. Takes no part in gradients.
 * @param matrix [n, n] or [batch, n, n], float64
 * @throws RangeError for other shapes or values that are not finite; TypeError unless float64
 */
export function symmetricEigen(tape: Tape, matrix: Tensor): SymmetricEigen {
  const { count, rows: size } = requireSquare('symmetricEigen', matrix);
  const values = tape.empty(matrix.shape.slice(0, -1), 'float64', 'eigenvalues');
  const vectors = tape.empty(matrix.shape, 'float64', 'eigenvectors');
  if (size === 0) return { values, vectors };
  const space = new EigenSpace(tape, size, true);
  for (let index = 0; index < count; index++) {
    const at = 8 * index * size * size;
    const found = space.decompose(matrix.source + at, vectors.pointer + at);
    values.data.set(found, index * size);
  }
  return { values, vectors };
}

/** The eigenvalues alone, [.., n] ascending, as {@link symmetricEigen} and several times faster; they may differ from its in the last bits. */
export function symmetricEigenvalues(tape: Tape, matrix: Tensor): Tensor {
  const { count, rows: size } = requireSquare('symmetricEigen', matrix);
  const values = tape.empty(matrix.shape.slice(0, -1), 'float64', 'eigenvalues');
  if (size === 0) return values;
  const space = new EigenSpace(tape, size, false);
  for (let index = 0; index < count; index++) {
    const found = space.decompose(matrix.source + 8 * index * size * size, undefined);
    values.data.set(found, index * size);
  }
  return values;
}
