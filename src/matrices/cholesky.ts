import type { Core, Pointer } from '../core/index.js';
import { multiplyInto, requireSquare, rowsAt, transposed } from './products.js';
import type { Tape, Tensor } from '../tensor/index.js';

/** Columns factored at once: measured best of 32, 48, 64 and 96 for 1000 x 1000. */
const BLOCK = 48;

/** Where a factorization met a matrix that is not positive definite. */
export interface FailedPivot {
  /** Index in the batch. */
  readonly matrix: number;
  readonly row: number;
  /** What should have been positive. */
  readonly pivot: number;
}

/** Left-looking: a block of columns gets the product of all columns before it by one gemm, then is factored. Returns the row that failed, or size. */
function factorLower(core: Core, matrix: Pointer, size: number, negated: Pointer): number {
  const { kernels } = core;
  const at = (row: number, column: number) => matrix + 8 * (row * size + column);
  for (let start = 0; start < size; start += BLOCK) {
    const width = Math.min(BLOCK, size - start), below = size - start - width;
    kernels.matrix_scale_f64(at(start, 0), size, width, start, -1, negated, start);
    multiplyInto(core, size - start, width, start, rowsAt(at(start, 0), size), transposed(rowsAt(negated, start)), at(start, start), size, true);
    const reached = kernels.cholesky_block_f64(at(start, start), size, width);
    if (reached < width) return start + reached;
    const scratch = core.scratch(kernels.cholesky_rows_scratch_f64(width), 'cholesky');
    kernels.cholesky_rows_f64(at(start, start), size, width, at(start + width, start), size, below, scratch);
  }
  return size;
}

/** As {@link cholesky}, but says which pivot failed instead of throwing. */
export function factorCholesky(tape: Tape, matrix: Tensor): Tensor | FailedPivot {
  const { count, rows: size } = requireSquare('cholesky', matrix);
  const { memory } = tape.core;
  const factor = tape.empty(matrix.shape, 'float64', 'cholesky');
  const negated = tape.allocate(8 * BLOCK * size, 'cholesky');
  factor.data.set(memory.f64(matrix.source, matrix.size));
  for (let index = 0; index < count; index++) {
    const pointer = factor.pointer + 8 * index * size * size;
    const row = factorLower(tape.core, pointer, size, negated);
    const values = memory.f64(pointer, size * size);
    if (row < size) return { matrix: index, row, pivot: values[row * (size + 1)]! };
    for (let i = 0; i < size; i++) values.fill(0, i * size + i + 1, (i + 1) * size);
  }
  return factor;
}

/**
 * The lower triangular L with positive diagonal and L L^T = matrix. Reads the lower triangle; takes no part in gradients.
 * @param matrix [n, n] or [batch, n, n], float64, symmetric and positive definite
 * @returns the same shape, 0 above the diagonal
 * @throws RangeError naming the first pivot that is not positive; TypeError unless float64
 */
export function cholesky(tape: Tape, matrix: Tensor): Tensor {
  const factored = factorCholesky(tape, matrix);
  if (!('pivot' in factored)) return factored;
  const where = matrix.shape.length === 3 ? ` of matrix ${factored.matrix}` : '';
  throw new RangeError(`cholesky: expected a positive definite matrix, got the pivot ${factored.pivot} in row ${factored.row}${where}`);
}
