// Batches of float64 matrices on their way through a network: turned, made symmetric, scaled by columns, diagonals.
// Every sum runs over rows from first to last.
import { columnsPerPack, packedBytes, packPanels, panelCount } from './packing';
import { multiplyTiles, privateBytes } from './product';
import { DENSE } from './sparseGemm';
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

/** Rows of the lower triangle that are computed together. */
const TRIANGLE_ROWS: i32 = 8;

/** Bytes of scratch that covariance_triangle_f64 needs. */
export function covariance_triangle_scratch_f64(n: i32, k: i32): i32 {
  return <i32>(((packedBytes<f64>(false, n, k) + 63) & ~63) + privateBytes<f64>(n, k));
}

/**
 * The lower triangle of output [n, n] = a [n, k] b [k, n], with the bits of the whole product there; above it some values are
 * written, and some are not. Strides count elements.
 */
export function covariance_triangle_f64(
  n: i32, k: i32, a: usize, aRow: i32, aColumn: i32, b: usize, bRow: i32, bColumn: i32, output: usize, outputRow: i32, scratch: usize,
): void {
  const width = columnsPerPack<f64>(false, k), bytes = <usize>outputRow << 3;
  const room = scratch + ((packedBytes<f64>(false, n, k) + 63) & ~63);
  for (let start = 0; start < n; start += width) {
    const columns = min(width, n - start);
    packPanels<f64>(false, columns, k, b + (<usize>start * <usize>bColumn << 3), <usize>bRow << 3, <usize>bColumn << 3, 0, panelCount<f64>(false, columns), scratch);
    for (let row = start; row < n; row += TRIANGLE_ROWS) {
      const rows = min(TRIANGLE_ROWS, n - row);
      const end = panelCount<f64>(false, min(columns, row + rows - start));
      multiplyTiles<f64>(DENSE, rows, columns, k, a + (<usize>row * <usize>aRow << 3), <usize>aRow << 3, <usize>aColumn << 3, scratch, 0, end,
        output + <usize>row * bytes + (<usize>start << 3), bytes, false, room);
    }
  }
}

/** Writes the numbers of the columns of x [rows, columns] that are not 0 throughout, ascending. @returns how many they are */
export function covariance_filled_columns_f64(x: usize, rows: i32, columns: i32, numbers: usize): i32 {
  let count = 0;
  for (let j = 0; j < columns; j++) {
    let row = 0, at = x + (<usize>j << 3);
    while (row < rows && load<f64>(at) == 0) {
      at += <usize>columns << 3;
      row++;
    }
    store<i32>(numbers + (<usize>count << 2), j);
    if (row < rows) count++;
  }
  return count;
}

/** output [rows, count] = the columns of x [rows, columns] with the numbers given. */
export function covariance_take_columns_f64(x: usize, rows: i32, columns: i32, numbers: usize, count: i32, output: usize): void {
  for (let row = 0; row < rows; row++) {
    for (let j = 0; j < count; j++) store<f64>(output + (<usize>j << 3), load<f64>(x + (<usize>load<i32>(numbers + (<usize>j << 2)) << 3)));
    x += <usize>columns << 3;
    output += <usize>count << 3;
  }
}

/**
 * points [rows, n] = centre [n] + x [rows, n] / a, factors [rows] = a, with a = max(1, max |x|) / eps for each row.
 */
export function covariance_shifted_points_f64(centre: usize, x: usize, rows: i32, n: i32, eps: f64, points: usize, factors: usize): void {
  const bytes = <usize>n << 3;
  for (let row = 0; row < rows; row++) {
    let largest: f64 = 1;
    for (let j: usize = 0; j < bytes; j += 8) largest = max<f64>(largest, abs<f64>(load<f64>(x + j)));
    const factor = largest / eps, divisor = f64x2.splat(factor);
    for (let j = 0; j < n; j += 2) {
      const at = <usize>j << 3;
      const moved = f64x2.div(loadPairOr<f64>(x + at, n - j, 0), divisor);
      storePair<f64>(points + at, f64x2.add(loadPairOr<f64>(centre + at, n - j, 0), moved), n - j);
    }
    store<f64>(factors + (<usize>row << 3), factor);
    x += bytes;
    points += bytes;
  }
}

/** values [rows, n] = factors [rows] times what values are above base [n], in place. */
export function covariance_scaled_differences_f64(values: usize, base: usize, rows: i32, n: i32, factors: usize): void {
  for (let row = 0; row < rows; row++) {
    const factor = v128.load64_splat(factors + (<usize>row << 3));
    for (let j = 0; j < n; j += 2) {
      const at = <usize>j << 3;
      const difference = f64x2.sub(loadPairOr<f64>(values + at, n - j, 0), loadPairOr<f64>(base + at, n - j, 0));
      storePair<f64>(values + at, f64x2.mul(factor, difference), n - j);
    }
    values += <usize>n << 3;
  }
}

/** The largest magnitude of x - x^T for x [n, n]; NaN where one is. */
export function covariance_asymmetry_f64(x: usize, n: i32): f64 {
  let largest: f64 = 0;
  for (let top = 0; top < n; top += BLOCK) {
    for (let left = 0; left <= top; left += BLOCK) {
      for (let i = top; i < min(top + BLOCK, n); i++) {
        for (let j = left; j < min(left + BLOCK, i); j++) {
          largest = max<f64>(largest, abs<f64>(load<f64>(x + (<usize>(i * n + j) << 3)) - load<f64>(x + (<usize>(j * n + i) << 3))));
        }
      }
    }
  }
  return largest;
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
