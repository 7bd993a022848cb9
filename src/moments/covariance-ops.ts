// Batches of matrices on their way through a network: float64, recorded on the tape.
import { formatShape, type Shape, type Tape, type Tensor } from '../tensor/index.js';
import { multiplyInto, rowsAt, symmetricProductInto, transposed as turned } from '../matrices/index.js';

/** @throws RangeError unless `x` has as many axes as `axes` names; TypeError unless it is float64 */
export function requireAxes(op: string, name: string, x: Tensor, axes: readonly string[]): void {
  if (x.dtype !== 'float64') throw new TypeError(`${op}: expected ${name} in float64, got ${x.dtype}`);
  if (x.shape.length !== axes.length) throw new RangeError(`${op}: expected ${name} [${axes.join(', ')}], got shape ${formatShape(x.shape)}`);
}

/** @throws RangeError unless the shape is as expected; TypeError unless it is float64 */
export function requireShape(op: string, name: string, x: Tensor, expected: Shape): void {
  if (x.dtype !== 'float64') throw new TypeError(`${op}: expected ${name} in float64, got ${x.dtype}`);
  let fits = x.shape.length === expected.length;
  for (let axis = 0; axis < expected.length; axis++) fits &&= x.shape[axis] === expected[axis];
  if (!fits) {
    throw new RangeError(`${op}: expected ${name} of shape ${formatShape(expected)}, got ${formatShape(x.shape)}`);
  }
}

/** Transposes: [batch, rows, columns] -> [batch, columns, rows]. */
export function transposed(tape: Tape, x: Tensor): Tensor {
  const [batch, rows, columns] = x.shape as [number, number, number];
  const output = tape.empty([batch, columns, rows], 'float64', 'transposed');
  const { covariance_transpose_f64: transpose } = x.core.kernels;
  transpose(x.source, batch, rows, columns, output.pointer);
  return tape.record([x], output, (gradient) => {
    tape.accumulate(x, (pointer) => transpose(gradient.source, batch, columns, rows, pointer));
  });
}

/** factor (x + x^T), exactly symmetric: [batch, n, n]. */
export function symmetricSum(tape: Tape, x: Tensor, factor: number): Tensor {
  const [batch, n] = x.shape as [number, number];
  const output = tape.empty(x.shape, 'float64', 'symmetric sum');
  const { covariance_symmetric_sum_f64: sum } = x.core.kernels;
  sum(x.source, batch, n, factor, output.pointer);
  return tape.record([x], output, (gradient) => {
    tape.accumulate(x, (pointer) => sum(gradient.source, batch, n, factor, pointer));
  });
}

/** Columns of each sample's matrix times a factor each: x [batch, rows, columns], scale [batch, columns]. */
export function scaleColumns(tape: Tape, x: Tensor, scale: Tensor): Tensor {
  const [batch, rows, columns] = x.shape as [number, number, number];
  requireShape('scaleColumns', 'scale', scale, [batch, columns]);
  const output = tape.empty(x.shape, 'float64', 'scaleColumns');
  const { kernels } = x.core;
  kernels.covariance_scale_columns_f64(x.source, scale.source, batch, rows, columns, output.pointer);
  return tape.record([x, scale], output, (gradient) => {
    tape.accumulate(x, (pointer) => kernels.covariance_scale_columns_f64(gradient.source, scale.source, batch, rows, columns, pointer));
    tape.accumulate(scale, (pointer) => kernels.covariance_column_products_f64(gradient.source, x.source, batch, rows, columns, pointer));
  });
}

/** Share of filled columns up to which copying them apart pays. */
const MOST_FILLED = 0.9;

/**
 * rows [batch, k, n] times weight [m, n]^T: [batch, k, m]. Columns that are 0 in all rows of a sample, as ReLU leaves half of them,
 * take no time: their terms are 0, and an infinite weight there counts for nothing. Takes no part in gradients.
 */
export function rowsThrough(tape: Tape, rows: Tensor, weight: Tensor): Tensor {
  const [batch, count, n] = rows.shape as [number, number, number];
  const m = weight.shape[0]!;
  const { core } = rows;
  const { covariance_filled_columns_f64: findFilled, covariance_take_columns_f64: take } = core.kernels;
  const output = tape.empty([batch, count, m], 'float64', 'rows');
  const numbers = tape.allocate(4 * n, 'column numbers');
  let room: number | undefined;
  for (let b = 0; b < batch; b++) {
    const [from, to] = [rows.source + 8 * b * count * n, output.pointer + 8 * b * count * m];
    const filled = findFilled(from, count, n, numbers);
    if (filled > MOST_FILLED * n) {
      multiplyInto(core, count, m, n, rowsAt(from, n), turned(rowsAt(weight.source, n)), to, m, false);
      continue;
    }
    room ??= tape.allocate(8 * (count + m) * n, 'filled columns');
    const weights = room + 8 * count * filled;
    take(from, count, n, numbers, filled, room);
    take(weight.source, m, n, numbers, filled, weights);
    multiplyInto(core, count, m, filled, rowsAt(room, filled), turned(rowsAt(weights, filled)), to, m, false);
  }
  return output;
}

/** Diagonal matrices: [batch, n] -> [batch, n, n]. */
export function diagonalMatrix(tape: Tape, values: Tensor): Tensor {
  const [batch, n] = values.shape as [number, number];
  const output = tape.empty([batch, n, n], 'float64', 'diagonal matrix');
  const { kernels } = values.core;
  kernels.covariance_from_diagonal_f64(values.source, batch, n, output.pointer);
  return tape.record([values], output, (gradient) => {
    tape.accumulate(values, (pointer) => kernels.covariance_diagonal_f64(gradient.source, batch, n, pointer));
  });
}

/** Sums over rows of x o x: [batch, rows, columns] -> [batch, columns]; takes no part in gradients. */
export function columnSquares(tape: Tape, x: Tensor): Tensor {
  const [batch, rows, columns] = x.shape as [number, number, number];
  const output = tape.empty([batch, columns], 'float64', 'column squares');
  x.core.kernels.covariance_column_products_f64(x.source, x.source, batch, rows, columns, output.pointer);
  return output;
}

/** Copies rows x columns of each sample's matrix at (row, column) of `from` to (toRow, toColumn) of `to`; extents of whole matrices in values. */
function copyBlocks(x: Tensor, from: Placed, to: Placed, batch: number, rows: number, columns: number): void {
  const { memory } = x.core;
  const at = ({ pointer, extents, row, column }: Placed, b: number, r: number) =>
    memory.f64(pointer + 8 * ((b * extents[0] + row + r) * extents[1] + column), columns);
  for (let b = 0; b < batch; b++) for (let r = 0; r < rows; r++) at(to, b, r).set(at(from, b, r));
}

/** A block's first value in matrices at an address. */
interface Placed { pointer: number; extents: readonly [rows: number, columns: number]; row: number; column: number }

/** Each sample's matrix [batch, rows, columns] at (row, column) of a matrix of zeros with the extents given. */
export function embedBlock(tape: Tape, x: Tensor, extents: readonly [rows: number, columns: number], row: number, column: number): Tensor {
  const [batch, rows, columns] = x.shape as [number, number, number];
  const output = tape.empty([batch, ...extents], 'float64', 'embedded block');
  output.core.kernels.arithmetic_fill_f64(output.pointer, 0, output.size);
  const inner = (pointer: number): Placed => ({ pointer, extents: [rows, columns], row: 0, column: 0 });
  copyBlocks(x, inner(x.source), { pointer: output.pointer, extents, row, column }, batch, rows, columns);
  return tape.record([x], output, (gradient) => {
    tape.accumulate(x, (pointer) => copyBlocks(x, { pointer: gradient.source, extents, row, column }, inner(pointer), batch, rows, columns));
  });
}

/** The block of rows x columns values at (row, column) of each sample's matrix: [batch, rows, columns]. */
export function takeBlock(tape: Tape, x: Tensor, row: number, column: number, rows: number, columns: number): Tensor {
  const [batch, ...extents] = x.shape as [number, number, number];
  const output = tape.empty([batch, rows, columns], 'float64', 'block');
  const outer = (pointer: number): Placed => ({ pointer, extents, row, column });
  const inner = (pointer: number): Placed => ({ pointer, extents: [rows, columns], row: 0, column: 0 });
  copyBlocks(x, outer(x.source), inner(output.pointer), batch, rows, columns);
  return tape.record([x], output, (gradient) => {
    tape.accumulate(x, (pointer) => {
      x.core.kernels.arithmetic_fill_f64(pointer, 0, x.size);
      copyBlocks(x, inner(gradient.source), outer(pointer), batch, rows, columns);
    });
  });
}

/** Address of a sample's matrix, of one for each sample or one for all. */
export function matrixAt(matrix: Tensor, sample: number): number {
  return matrix.shape.length === 2 ? matrix.source : matrix.source + (8 * sample * matrix.size) / matrix.shape[0]!;
}

/**
 * A S A^T for symmetric S [batch, n, n], exactly symmetric: [batch, m, m].
 * @param matrix A [m, n] for all samples, or [batch, m, n]
 */
export function congruence(tape: Tape, matrix: Tensor, covariance: Tensor): Tensor {
  const [batch, n] = covariance.shape as [number, number];
  const m = matrix.shape.at(-2)!;
  requireShape('congruence', 'matrix', matrix, matrix.shape.length === 2 ? [m, n] : [batch, m, n]);
  const products = tape.empty([batch, m, n], 'float64', 'A S');
  const output = tape.empty([batch, m, m], 'float64', 'A S A^T');
  for (let b = 0; b < batch; b++) {
    const a = rowsAt(matrixAt(matrix, b), n);
    const product = rowsAt(products.pointer + 8 * b * m * n, n);
    multiplyInto(matrix.core, m, n, n, a, rowsAt(covariance.source + 8 * b * n * n, n), product.pointer, n, false);
    symmetricProductInto(matrix.core, m, n, product, turned(a), output.pointer + 8 * b * m * m);
  }
  return tape.record([matrix, covariance], output, (gradient) => congruenceGradient(tape, gradient, matrix, covariance, products));
}

/**
 * A diag(v) A^T for variances v [batch, n], exactly symmetric: [batch, m, m].
 * @param matrix A [m, n] for all samples, or [batch, m, n]
 */
export function diagonalCongruence(tape: Tape, matrix: Tensor, variance: Tensor): Tensor {
  const [batch, n] = variance.shape as [number, number];
  const m = matrix.shape.at(-2)!;
  const products = tape.empty([batch, m, n], 'float64', 'A diag(v)');
  const output = tape.empty([batch, m, m], 'float64', 'A diag(v) A^T');
  const { covariance_scale_columns_f64: scale, covariance_column_products_f64: columnProducts } = matrix.core.kernels;
  const productAt = (b: number) => rowsAt(products.source + 8 * b * m * n, n);
  for (let b = 0; b < batch; b++) {
    scale(matrixAt(matrix, b), variance.source + 8 * b * n, 1, m, n, products.pointer + 8 * b * m * n);
    symmetricProductInto(matrix.core, m, n, productAt(b), turned(rowsAt(matrixAt(matrix, b), n)), output.pointer + 8 * b * m * m);
  }
  return tape.record([matrix, variance], output, (gradient) => {
    giveMatrixGradient(tape, symmetricSum(tape, gradient, 1), matrix, products);
    // v gets the column sums of A o (H / 2) A.
    tape.accumulate(variance, (pointer) => {
      const half = symmetricSum(tape, gradient, 0.5);
      const product = tape.empty([m, n], 'float64', 'G A');
      for (let b = 0; b < batch; b++) {
        const a = rowsAt(matrixAt(matrix, b), n);
        multiplyInto(matrix.core, m, n, m, rowsAt(half.source + 8 * b * m * m, m), a, product.pointer, n, false);
        columnProducts(product.source, a.pointer, 1, m, n, pointer + 8 * b * n);
      }
    });
  });
}

/** A gets (G + G^T) P, with P = A S: for each sample, or their sum where they share A. */
function giveMatrixGradient(tape: Tape, symmetric: Tensor, matrix: Tensor, products: Tensor): void {
  const [batch, m, n] = products.shape as [number, number, number];
  const isShared = matrix.shape.length === 2;
  tape.accumulate(matrix, (pointer) => {
    for (let b = 0; b < batch; b++) {
      const left = rowsAt(symmetric.source + 8 * b * m * m, m);
      const product = rowsAt(products.source + 8 * b * m * n, n);
      multiplyInto(matrix.core, m, n, m, left, product, isShared ? pointer : pointer + 8 * b * m * n, n, isShared && b > 0);
    }
  });
}

/** With H = G + G^T: A gets H (A S), and S gets A^T (H / 2) A. */
function congruenceGradient(tape: Tape, gradient: Tensor, matrix: Tensor, covariance: Tensor, products: Tensor): void {
  const [batch, m, n] = products.shape as [number, number, number];
  const symmetric = symmetricSum(tape, gradient, 1);
  giveMatrixGradient(tape, symmetric, matrix, products);
  const symmetricAt = (b: number) => rowsAt(symmetric.source + 8 * b * m * m, m);
  tape.accumulate(covariance, (pointer) => {
    const halfway = tape.empty([m, n], 'float64', 'H A');
    for (let b = 0; b < batch; b++) {
      const a = matrixAt(matrix, b);
      multiplyInto(matrix.core, m, n, m, symmetricAt(b), rowsAt(a, n), halfway.pointer, n, false);
      symmetricProductInto(matrix.core, n, m, turned(rowsAt(a, n)), rowsAt(halfway.source, n), pointer + 8 * b * n * n);
    }
    gradient.core.kernels.arithmetic_scale_f64(pointer, 0.5, pointer, covariance.size);
  });
}

/** X^T X, exactly symmetric: [batch, rows, n] -> [batch, n, n]; takes no part in gradients. */
export function gram(tape: Tape, x: Tensor): Tensor {
  const [batch, rows, n] = x.shape as [number, number, number];
  const output = tape.empty([batch, n, n], 'float64', 'X^T X');
  for (let b = 0; b < batch; b++) {
    const factor = rowsAt(x.source + 8 * b * rows * n, n);
    symmetricProductInto(x.core, n, rows, turned(factor), factor, output.pointer + 8 * b * n * n);
  }
  return output;
}
