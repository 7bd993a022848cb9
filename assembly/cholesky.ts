// The two steps of a blocked Cholesky factorization that are no matrix product: a block on the diagonal, and the rows
// below it. The host subtracts, by gemm, what the columns before contribute.
import { inner } from './inner';
import { multiplyAdd } from './profile';

/**
 * A block on the diagonal, [size, size] with `row` elements from row to row, becomes its Cholesky factor; only the lower
 * triangle is read and written. Returns `size`, or the first row whose pivot is not positive; that pivot then stands on the diagonal.
 */
export function cholesky_block_f64(block: usize, row: i32, size: i32): i32 {
  const stride = <usize>row << 3;
  for (let i = 0; i < size; i++) {
    const line = block + <usize>i * stride;
    for (let j = 0; j < i; j++) {
      const other = block + <usize>j * stride, at = <usize>j << 3;
      store<f64>(line + at, (load<f64>(line + at) - inner(line, other, j)) / load<f64>(other + at));
    }
    const diagonal = line + (<usize>i << 3);
    const pivot = load<f64>(diagonal) - inner(line, line, i);
    const isPositive = pivot > 0 && pivot < Infinity;
    store<f64>(diagonal, isPositive ? sqrt<f64>(pivot) : pivot);
    if (!isPositive) return i;
  }
  return size;
}

/** Rows solved together: four vectors for each column. */
const GROUP: i32 = 8;
const GROUP_BYTES: usize = 64;

/** Bytes of scratch, 16-byte aligned, for `cholesky_rows_f64`. */
export function cholesky_rows_scratch_f64(size: i32): usize {
  return <usize>size * GROUP_BYTES;
}

/** packed[size][GROUP] = rows[count][size]^T; rows past the end hold 0. */
function packGroup(rows: usize, stride: usize, count: i32, size: i32, packed: usize): void {
  if (count < GROUP) memory.fill(packed, 0, <usize>size * GROUP_BYTES);
  for (let row = 0; row < count; row++) {
    const source = rows + <usize>row * stride, target = packed + (<usize>row << 3);
    for (let column = 0; column < size; column++) store<f64>(target + <usize>column * GROUP_BYTES, load<f64>(source + (<usize>column << 3)));
  }
}

function unpackGroup(packed: usize, rows: usize, stride: usize, count: i32, size: i32): void {
  for (let row = 0; row < count; row++) {
    const target = rows + <usize>row * stride, source = packed + (<usize>row << 3);
    for (let column = 0; column < size; column++) store<f64>(target + (<usize>column << 3), load<f64>(source + <usize>column * GROUP_BYTES));
  }
}

/** Column by column, every sum in ascending order: x[c] = (b[c] - sum of L[c][k] x[k], k < c) / L[c][c]. */
function solveGroup(triangle: usize, stride: usize, size: i32, packed: usize): void {
  let x = packed;
  for (let column = 0; column < size; column++) {
    let s0 = v128.load(x), s1 = v128.load(x, 16), s2 = v128.load(x, 32), s3 = v128.load(x, 48);
    let factor = triangle + <usize>column * stride;
    for (let known = packed; known < x; known += GROUP_BYTES) {
      const minus = f64x2.neg(v128.load64_splat(factor));
      s0 = multiplyAdd<f64>(minus, v128.load(known), s0);
      s1 = multiplyAdd<f64>(minus, v128.load(known, 16), s1);
      s2 = multiplyAdd<f64>(minus, v128.load(known, 32), s2);
      s3 = multiplyAdd<f64>(minus, v128.load(known, 48), s3);
      factor += 8;
    }
    const pivot = v128.load64_splat(factor);
    v128.store(x, f64x2.div(s0, pivot));
    v128.store(x, f64x2.div(s1, pivot), 16);
    v128.store(x, f64x2.div(s2, pivot), 32);
    v128.store(x, f64x2.div(s3, pivot), 48);
    x += GROUP_BYTES;
  }
}

/** rows[count][size] becomes the X of X L^T = rows, L the lower triangle [size, size]; both strides in elements. */
export function cholesky_rows_f64(triangle: usize, triangleRow: i32, size: i32, rows: usize, rowsRow: i32, count: i32, scratch: usize): void {
  const stride = <usize>rowsRow << 3;
  for (let first = 0; first < count; first += GROUP) {
    const group = rows + <usize>first * stride, height = min(GROUP, count - first);
    packGroup(group, stride, height, size, scratch);
    solveGroup(triangle, <usize>triangleRow << 3, size, scratch);
    unpackGroup(scratch, group, stride, height, size);
  }
}
