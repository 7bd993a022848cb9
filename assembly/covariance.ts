// Batches of float64 matrices on their way through a network: turned, made symmetric, scaled by columns, diagonals.
// Every sum runs over rows from first to last.
import { accumulateRun, loadPairOr, PRODUCTS, storePair } from './vector';

/** Rows and columns of a block whose lines stay in L1 while it is turned. */
const BLOCK: i32 = 16;

/** output [batch, columns, rows] = the transposes of x [batch, rows, columns]; not in place. */
export function covariance_transpose_f64(x: usize, batch: i32, rows: i32, columns: i32, output: usize): void {
  const bytes = <usize>rows * <usize>columns << 3;
  for (let b = 0; b < batch; b++) {
    for (let top = 0; top < rows; top += BLOCK) {
      for (let left = 0; left < columns; left += BLOCK) {
        for (let j = left; j < min(left + BLOCK, columns); j++) {
          for (let i = top; i < min(top + BLOCK, rows); i++) {
            store<f64>(output + (<usize>(j * rows + i) << 3), load<f64>(x + (<usize>(i * columns + j) << 3)));
          }
        }
      }
    }
    x += bytes;
    output += bytes;
  }
}

/** Writes the lower triangles of x [batch, n, n] over the upper ones. */
export function covariance_mirror_f64(x: usize, batch: i32, n: i32): void {
  for (let b = 0; b < batch; b++) {
    for (let top = 0; top < n; top += BLOCK) {
      for (let left = 0; left <= top; left += BLOCK) {
        for (let i = top; i < min(top + BLOCK, n); i++) {
          for (let j = left; j < min(left + BLOCK, i); j++) {
            store<f64>(x + (<usize>(j * n + i) << 3), load<f64>(x + (<usize>(i * n + j) << 3)));
          }
        }
      }
    }
    x += <usize>n * <usize>n << 3;
  }
}

/** output [batch, n, n] = factor (x + x^T); not in place. */
export function covariance_symmetric_sum_f64(x: usize, batch: i32, n: i32, factor: f64, output: usize): void {
  for (let b = 0; b < batch; b++) {
    for (let top = 0; top < n; top += BLOCK) {
      for (let left = 0; left <= top; left += BLOCK) {
        for (let i = top; i < min(top + BLOCK, n); i++) {
          for (let j = left; j < min(left + BLOCK, i + 1); j++) {
            const lower = <usize>(i * n + j) << 3, upper = <usize>(j * n + i) << 3;
            const value = factor * (load<f64>(x + lower) + load<f64>(x + upper));
            store<f64>(output + lower, value);
            store<f64>(output + upper, value);
          }
        }
      }
    }
    x += <usize>n * <usize>n << 3;
    output += <usize>n * <usize>n << 3;
  }
}

/** output [batch, rows, columns] = x, column j of sample b times scale [batch, columns] there. */
export function covariance_scale_columns_f64(x: usize, scale: usize, batch: i32, rows: i32, columns: i32, output: usize): void {
  for (let b = 0; b < batch; b++) {
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < columns; j += 2) {
        const at = <usize>j << 3;
        const product = f64x2.mul(loadPairOr<f64>(x + at, columns - j, 0), loadPairOr<f64>(scale + at, columns - j, 0));
        storePair<f64>(output + at, product, columns - j);
      }
      x += <usize>columns << 3;
      output += <usize>columns << 3;
    }
    scale += <usize>columns << 3;
  }
}

/** output [batch, columns] = the sums over rows of a o b, both [batch, rows, columns]. */
export function covariance_column_products_f64(a: usize, b: usize, batch: i32, rows: i32, columns: i32, output: usize): void {
  const bytes = <usize>columns << 3;
  for (let sample = 0; sample < batch; sample++) {
    memory.fill(output, 0, bytes);
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < columns; j += 2) {
        const at = <usize>j << 3;
        const product = f64x2.mul(loadPairOr<f64>(a + at, columns - j, 0), loadPairOr<f64>(b + at, columns - j, 0));
        storePair<f64>(output + at, f64x2.add(loadPairOr<f64>(output + at, columns - j, 0), product), columns - j);
      }
      a += bytes;
      b += bytes;
    }
    output += bytes;
  }
}

/** output [rows] = the sums over columns of a o b, both [rows, columns], in the order of `accumulateRun`. */
export function covariance_row_products_f64(a: usize, b: usize, rows: i32, columns: i32, output: usize): void {
  for (let i = 0; i < rows; i++) {
    store<f64>(output, accumulateRun<f64>(PRODUCTS, a, b, columns));
    a += <usize>columns << 3;
    b += <usize>columns << 3;
    output += 8;
  }
}

/** output [batch, n] = the diagonals of x [batch, n, n]. */
export function covariance_diagonal_f64(x: usize, batch: i32, n: i32, output: usize): void {
  for (let b = 0; b < batch; b++) {
    for (let i = 0; i < n; i++) store<f64>(output + (<usize>i << 3), load<f64>(x + (<usize>(i * n + i) << 3)));
    x += <usize>n * <usize>n << 3;
    output += <usize>n << 3;
  }
}

/** output [batch, n, n] = diagonal matrices of values [batch, n]. */
export function covariance_from_diagonal_f64(values: usize, batch: i32, n: i32, output: usize): void {
  const bytes = <usize>n * <usize>n << 3;
  for (let b = 0; b < batch; b++) {
    memory.fill(output, 0, bytes);
    for (let i = 0; i < n; i++) store<f64>(output + (<usize>(i * n + i) << 3), load<f64>(values + (<usize>i << 3)));
    values += <usize>n << 3;
    output += bytes;
  }
}
