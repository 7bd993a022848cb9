import type { Core, Pointer } from '../core/index.js';
import { largestMagnitude, requireMatrices, scaleToOne } from './products.js';
import { BLOCK, ReflectorSpace } from './reflectors.js';
import type { Tape, Tensor } from '../tensor/index.js';

/** A = Q R of one matrix; the columns of Q are rows here. */
export interface TransposedQr {
  /** Q^T [min(m, n), m]. */
  readonly q: Pointer;
  /** R^T [n, m]: row j holds R's column j in its first min(m, j + 1) values, and something else behind them. */
  readonly r: Pointer;
}

/** Working memory for the factorizations of matrices [m, n]. */
export class QrSpace {
  readonly #core: Core;
  readonly #m: number;
  readonly #n: number;
  readonly #q: Pointer;
  readonly #r: Pointer;
  readonly #vectors: Pointer;
  readonly #factors: Pointer;
  readonly #space: ReflectorSpace;

  constructor(tape: Tape, m: number, n: number) {
    const take = (values: number) => tape.allocate(8 * values, 'qr');
    const smaller = Math.min(m, n);
    this.#core = tape.core;
    this.#m = m;
    this.#n = n;
    this.#r = take(n * m);
    this.#q = take(smaller * m);
    this.#vectors = take(BLOCK * m);
    this.#factors = take(smaller);
    this.#space = new ReflectorSpace(tape, n, m);
  }

  /** Factors a [m, n] times `scale`; the result lasts until the next call. */
  factor(a: Pointer, scale: number): TransposedQr {
    const { kernels } = this.#core;
    const [m, n, r] = [this.#m, this.#n, this.#r];
    kernels.matrix_transpose_f64(a, n, m, n, r, m);
    kernels.matrix_scale_f64(r, m, n, m, scale, r, m);
    for (let start = 0; start < Math.min(m, n); start += BLOCK) {
      const { panel, count, length, factors } = this.#block(start);
      kernels.householder_panel_f64(panel, m, count, length, factors);
      kernels.householder_vectors_f64(panel, m, count, length, this.#vectors);
      // A column c becomes H^T c, its row c^T H.
      this.#space.apply(this.#vectors, length, count, length, factors, panel + 8 * count * m, m, n - start - count);
    }
    this.#formQ();
    return { q: this.#q, r };
  }

  #block(start: number) {
    const m = this.#m;
    const count = Math.min(BLOCK, Math.min(m, this.#n) - start);
    return { panel: this.#r + 8 * (start * m + start), count, length: m - start, factors: this.#factors + 8 * start };
  }

  /** Q = H_1 (H_2 (... I)): the last block first, which has touched the fewest rows and columns. */
  #formQ(): void {
    const m = this.#m, smaller = Math.min(m, this.#n);
    const identity = this.#core.memory.f64(this.#q, smaller * m).fill(0);
    for (let i = 0; i < smaller; i++) identity[i * (m + 1)] = 1;
    for (let start = Math.floor((smaller - 1) / BLOCK) * BLOCK; start >= 0; start -= BLOCK) {
      const { panel, count, length, factors } = this.#block(start);
      this.#core.kernels.householder_vectors_f64(panel, m, count, length, this.#vectors);
      // A column c of Q becomes H c, its row c^T H^T.
      this.#space.apply(this.#vectors, length, count, length, factors, this.#q + 8 * (start * m + start), m, smaller - start, true);
    }
  }
}

/**
 * The reduced QR factorization, matrix = q r, by blocked Householder reflections with LAPACK's signs (torch.linalg.qr): a
 * diagonal entry of r has the opposite sign of what was reduced to it. Takes no part in gradients.
 * @param matrix [m, n] or [batch, m, n], float64
 * @returns q [.., m, k] with orthonormal columns and r [.., k, n] upper triangular, k = min(m, n)
 * @throws RangeError for other shapes or values that are not finite; TypeError unless float64
 */
export function qr(tape: Tape, matrix: Tensor): { q: Tensor; r: Tensor } {
  const { count, rows: m, columns: n } = requireMatrices('qr', matrix);
  const { core } = tape;
  const k = Math.min(m, n), batch = matrix.shape.slice(0, -2);
  const q = tape.empty([...batch, m, k], 'float64', 'qr'), r = tape.empty([...batch, k, n], 'float64', 'qr');
  const space = new QrSpace(tape, m, n);
  for (let index = 0; index < count; index++) {
    const source = matrix.source + 8 * index * m * n;
    const scale = scaleToOne(largestMagnitude('qr', core, source, m * n));
    const factored = space.factor(source, scale);
    core.kernels.matrix_transpose_f64(factored.q, m, k, m, q.pointer + 8 * index * m * k, k);
    const to = r.pointer + 8 * index * k * n;
    core.kernels.matrix_transpose_f64(factored.r, m, n, k, to, n);
    core.kernels.matrix_scale_f64(to, n, k, n, 1 / scale, to, n);
    const values = core.memory.f64(to, k * n);
    for (let row = 1; row < k; row++) values.fill(0, row * n, row * n + row);
  }
  return { q, r };
}
