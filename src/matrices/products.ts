// What the factorizations share: matrices and batches of them, products into parts of a matrix, exact scaling.
import type { Core, Pointer } from '../core/index.js';
import { formatShape, type Tensor } from '../tensor/index.js';

/** One matrix, or as many as a batch holds, one after the other. */
export interface Matrices {
  readonly count: number;
  readonly rows: number;
  readonly columns: number;
}

/** A part of a matrix at an address; strides count elements. */
export interface Part {
  readonly pointer: Pointer;
  readonly row: number;
  readonly column: number;
}

/** Rows at an address with `row` elements from one to the next. */
export function rowsAt(pointer: Pointer, row: number): Part {
  return { pointer, row, column: 1 };
}

export function transposed({ pointer, row, column }: Part): Part {
  return { pointer, row: column, column: row };
}

/** @throws TypeError unless float64, RangeError unless [rows, columns] or [batch, rows, columns] */
export function requireMatrices(op: string, matrix: Tensor): Matrices {
  const { dtype, shape } = matrix;
  if (dtype !== 'float64') throw new TypeError(`${op}: expected float64, got ${dtype}`);
  if (shape.length !== 2 && shape.length !== 3) {
    throw new RangeError(`${op}: expected a matrix [rows, columns] or a batch [batch, rows, columns], got shape ${formatShape(shape)}`);
  }
  const [rows, columns] = shape.slice(-2) as [number, number];
  return { count: shape.length === 3 ? shape[0]! : 1, rows, columns };
}

/** As {@link requireMatrices}. @throws RangeError unless rows and columns are equal */
export function requireSquare(op: string, matrix: Tensor): Matrices {
  const matrices = requireMatrices(op, matrix);
  if (matrices.rows !== matrices.columns) throw new RangeError(`${op}: expected as many rows as columns, got shape ${formatShape(matrix.shape)}`);
  return matrices;
}

/** c[m, n] (+)= a[m, k] b[k, n]; c's rows are cRow elements apart. */
export function multiplyInto(core: Core, m: number, n: number, k: number, a: Part, b: Part, c: Pointer, cRow: number, accumulate: boolean): void {
  if (m === 0 || n === 0) return;
  const scratch = core.scratch(core.kernels.gemm_scratch_f64(m, n, k), 'matrix product');
  core.kernels.gemm_f64(m, n, k, a.pointer, a.row, a.column, b.pointer, b.row, b.column, c, cRow, Number(accumulate), scratch);
}

/** Rows of a triangle that one kernel makes: what lies left of them is a product like others, which threads share. */
const TRIANGLE = 192;

/** c[n, n] = a[n, k] b[k, n] where that is symmetric: the lower triangle of the product, with its bits, and its mirror image. */
export function symmetricProductInto(core: Core, n: number, k: number, a: Part, b: Part, c: Pointer): void {
  const { kernels } = core;
  for (let start = 0; start < n; start += TRIANGLE) {
    const rows = Math.min(TRIANGLE, n - start);
    const left = { ...a, pointer: a.pointer + 8 * start * a.row };
    const right = b.pointer + 8 * start * b.column;
    const out = c + 8 * start * n;
    if (start > 0) multiplyInto(core, rows, start, k, left, b, out, n, false);
    const scratch = core.scratch(kernels.covariance_triangle_scratch_f64(rows, k), 'symmetric product');
    kernels.covariance_triangle_f64(rows, k, left.pointer, a.row, a.column, right, b.row, b.column, out + 8 * start, n, scratch);
  }
  kernels.covariance_mirror_f64(c, 1, n);
}

const EXPONENT_MASK = 0x7ff;
const BIAS = 1023;
/** Larger exponents are left partly standing, so that a power and its inverse are both numbers. */
const MOST = 1000;

/** The power of two by which values up to `largest` are multiplied, without rounding, to be between 1 and 2; 1 for 0. */
export function scaleToOne(largest: number): number {
  if (largest === 0) return 1;
  const words = new Uint32Array(new Float64Array([largest]).buffer);
  const exponent = ((words[1]! >>> 20) & EXPONENT_MASK) - BIAS;
  words.set([0, (BIAS - Math.max(-MOST, Math.min(MOST, exponent))) << 20]);
  return new Float64Array(words.buffer)[0]!;
}

/** The largest magnitude among `count` values. @throws RangeError when one is not finite */
export function largestMagnitude(op: string, core: Core, pointer: Pointer, count: number): number {
  const largest = core.kernels.matrix_largest_f64(pointer, count);
  if (!Number.isFinite(largest)) throw new RangeError(`${op}: expected finite values, got ${largest}`);
  return largest;
}
