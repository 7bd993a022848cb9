import type { Tape } from '../tensor/index.js';
// Blocks of Householder reflectors H_1 H_2 ... = I - V^T T V, applied by matrix products (Schreiber & Van Loan 1989).
import type { Core, Pointer } from '../core/index.js';
import { multiplyInto, rowsAt, transposed, type Part } from './products.js';

/** Reflectors of a block: measured best of 24, 32, 48 and 64 for the QR factorization of 1000 x 1000. */
export const BLOCK = 48;

/** Scratch for applying blocks to at most `rows` rows of at most `length` values. */
export class ReflectorSpace {
  readonly #core: Core;
  readonly #triangle: Pointer;
  readonly #along: Pointer;
  readonly #turned: Pointer;

  constructor(tape: Tape, rows: number, length: number) {
    this.#core = tape.core;
    this.#triangle = tape.allocate(8 * BLOCK * BLOCK, 'reflectors');
    this.#along = tape.allocate(8 * BLOCK * rows, 'reflectors');
    this.#turned = tape.allocate(8 * BLOCK * length, 'reflectors');
  }

  /**
   * Multiplies each of `rows` rows [length], `row` elements apart, from the right by H_1 H_2 ..., or with `reversed` by ... H_2 H_1.
   * @param vectors V [count, length], its rows `vectorRow` elements apart
   * @param factors [count]
   */
  apply(vectors: Pointer, vectorRow: number, count: number, length: number, factors: Pointer, to: Pointer, row: number, rows: number, reversed = false): void {
    if (rows === 0) return;
    const core = this.#core;
    core.kernels.householder_triangle_f64(vectors, vectorRow, count, length, factors, this.#triangle);
    core.kernels.matrix_scale_f64(this.#triangle, count, count, count, -1, this.#triangle, count);
    const triangle: Part = rowsAt(this.#triangle, count);
    const v = rowsAt(vectors, vectorRow);
    multiplyInto(core, count, length, count, reversed ? transposed(triangle) : triangle, v, this.#turned, length, false);
    multiplyInto(core, rows, count, length, rowsAt(to, row), transposed(v), this.#along, count, false);
    multiplyInto(core, rows, length, count, rowsAt(this.#along, count), rowsAt(this.#turned, length), to, row, true);
  }
}
