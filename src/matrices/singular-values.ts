import type { Pointer } from '../core/index.js';
import { largestMagnitude, requireMatrices, scaleToOne } from './products.js';
import { qr, QrSpace } from './qr.js';
import type { Tape, Tensor } from '../tensor/index.js';

/** Sweeps are six or so; each leaves the square of what the one before left. */
const MOST_SWEEPS = 60;
const ROUNDING = 1 / 2 ** 53;
/** A row whose square is below this, of a matrix scaled to 1, counts as 0. */
const FLOOR = 1 / 2 ** 900;

export interface SingularValues {
  /** [.., m, k]: orthonormal columns. Where m >= n the value of largest magnitude in each is positive, otherwise that in each column of v. */
  readonly u: Tensor;
  /** [.., k], descending. */
  readonly values: Tensor;
  /** [.., n, k]: orthonormal columns. */
  readonly v: Tensor;
}

/** Rows that one-sided rotations have made orthogonal: left[k, m] and right[k, n] are U^T and diag(values) V^T, in no order. */
interface Rotated {
  readonly left: Float64Array;
  readonly right: Float64Array;
  readonly values: Float64Array;
}

/** Working memory for matrices [m, n], m >= n. */
class SvdSpace {
  readonly #tape: Tape;
  readonly #m: number;
  readonly #n: number;
  readonly #qr: QrSpace;
  readonly #triangle: Pointer;
  readonly #squares: Pointer;

  constructor(tape: Tape, m: number, n: number) {
    this.#tape = tape;
    this.#m = m;
    this.#n = n;
    this.#qr = new QrSpace(tape, m, n);
    this.#triangle = tape.allocate(8 * n * n, 'svd');
    this.#squares = tape.allocate(8 * n, 'svd');
  }

  /** a [m, n] to u [m, n], sorted [n] and v [n, n]. */
  decompose(a: Pointer, u: Pointer, sorted: Pointer, v: Pointer): void {
    const [m, n, core] = [this.#m, this.#n, this.#tape.core];
    const scale = scaleToOne(largestMagnitude('svd', core, a, m * n));
    const rotated = this.#rotate(a, scale);
    const { memory } = core;
    writeSorted(rotated, m, n, scale, memory.f64(u, m * n), memory.f64(sorted, n), memory.f64(v, n * n));
    completeBasis(this.#tape, v, n, rotated.values.filter((value) => value > 0).length);
  }

  /** The rows of R turned until they are orthogonal, those of Q^T with them. */
  #rotate(a: Pointer, scale: number): Rotated {
    const [m, n, triangle] = [this.#m, this.#n, this.#triangle];
    const { kernels, memory } = this.#tape.core;
    const { q, r } = this.#qr.factor(a, scale);
    kernels.matrix_transpose_f64(r, m, n, n, triangle, n);
    const rows = memory.f64(triangle, n * n);
    for (let row = 1; row < n; row++) rows.fill(0, row * n, row * n + row);
    const tolerance = ROUNDING * Math.sqrt(n);
    let sweeps = 0;
    while (kernels.jacobi_sweep_f64(triangle, n, n, q, m, tolerance, FLOOR, this.#squares) > 0) {
      if (++sweeps === MOST_SWEEPS) throw new Error(`svd: expected convergence in ${MOST_SWEEPS} sweeps`);
    }
    const values = Float64Array.from({ length: n }, (_, row) => {
      const square = kernels.reduction_sum_squares_f64(triangle + 8 * row * n, n);
      return square > FLOOR ? Math.sqrt(square) : 0;
    });
    return { left: memory.f64(q, n * m).slice(), right: memory.f64(triangle, n * n).slice(), values };
  }
}

/** Writes U [m, n], values [n] and V [n, n] in descending order; columns of V for values of 0 are 0. */
function writeSorted({ left, right, values }: Rotated, m: number, n: number, scale: number, u: Float64Array, sorted: Float64Array, v: Float64Array): void {
  const order = Array.from(values.keys()).sort((a, b) => values[b]! - values[a]! || a - b);
  order.forEach((from, to) => {
    const value = values[from]!;
    let largest = 0;
    for (let i = 0; i < m; i++) if (Math.abs(left[from * m + i]!) > Math.abs(largest)) largest = left[from * m + i]!;
    const sign = largest < 0 ? -1 : 1;
    sorted[to] = value / scale;
    for (let i = 0; i < m; i++) u[i * n + to] = sign * left[from * m + i]!;
    for (let i = 0; i < n; i++) v[i * n + to] = value === 0 ? 0 : (sign * right[from * n + i]!) / value;
  });
}

/** Replaces the columns from `rank` on, which are 0, by an orthonormal basis of what the others leave. */
function completeBasis(tape: Tape, v: Pointer, n: number, rank: number): void {
  if (rank === n) return;
  const { core } = tape;
  const columns = tape.from(core.memory.f64(v, n * n).slice(), [n, n], 'float64', 'svd');
  const basis = qr(tape, columns).q.data;
  const values = core.memory.f64(v, n * n);
  for (let i = 0; i < n; i++) for (let j = rank; j < n; j++) values[i * n + j] = basis[i * n + j]!;
}

/**
 * The reduced singular value decomposition, matrix = u diag(values) v^T, by QR and one-sided Jacobi rotations (Hestenes 1958;
 * Drmac & Veselic 2008 without pivoting). Its work grows as n^3 with a factor some ten times that of {@link symmetricEigen}, which is
 * the one to use for symmetric matrices. Takes no part in gradients.
 * @param matrix [m, n] or [batch, m, n], float64; k = min(m, n)
 * @throws RangeError for other shapes or values that are not finite; TypeError unless float64
 */
export function svd(tape: Tape, matrix: Tensor): SingularValues {
  const { count, rows: m, columns: n } = requireMatrices('svd', matrix);
  const { kernels } = tape.core;
  const k = Math.min(m, n), batch = matrix.shape.slice(0, -2);
  const u = tape.empty([...batch, m, k], 'float64', 'svd'), v = tape.empty([...batch, n, k], 'float64', 'svd');
  const values = tape.empty([...batch, k], 'float64', 'svd');
  const space = new SvdSpace(tape, Math.max(m, n), k);
  const turned = m < n ? tape.allocate(8 * m * n, 'svd') : undefined;
  for (let index = 0; index < count; index++) {
    const source = matrix.source + 8 * index * m * n;
    const [uAt, sortedAt, vAt] = [u.pointer + 8 * index * m * k, values.pointer + 8 * index * k, v.pointer + 8 * index * n * k];
    if (turned === undefined) {
      space.decompose(source, uAt, sortedAt, vAt);
    } else {
      kernels.matrix_transpose_f64(source, n, m, n, turned, m);
      space.decompose(turned, vAt, sortedAt, uAt);
    }
  }
  return { u, values, v };
}
