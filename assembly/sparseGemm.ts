// Matrix product whose left factor is full of zeros (what ReLU leaves: about half): the zeros are
// skipped, and the result has the bits of the dense product. A skipped term is +0 or -0 as long as B
// is finite, and adding that to a sum that began at +0 changes nothing; with an infinity or NaN in B
// the dense product is taken, so that NaN propagates.
//
// A's non-zeros are listed row by row as (address of a row in the packed panel of B, value); a row of C goes
// through 8 vectors of registers. Cost per non-zero: 8 multiplies, 8 adds, 10 loads, so the two
// floating-point ports stay the limit, as in the dense product.
import { interleaveFourLines } from './interleave';
import { lanes, multiplyAdd } from './profile';

/** Rows of A listed at once: their entries, 256 KiB at most, stay in L2. */
const ROWS: i32 = 128;
/** Depth of a block: a packed panel of B takes 128 bytes a row, 34 KiB in all, and stays in L1 or near. */
const DEPTH: i32 = 272;
/** Bytes of one row of a packed panel: 8 vectors. */
const PANEL_ROW: usize = 128;
/** Elements looked at to guess how full A is. */
const SAMPLES: i32 = 509;
/** Products of fewer multiplications are done before the factors are looked at: about 1 ms. */
const SMALL: u64 = 1 << 22;

/** Bytes of a listed non-zero: the address of its row in the panel, then the value at + sizeof<T>(). */
// @ts-ignore: decorator
@inline
function entryBytes<T>(): usize {
  return 2 * sizeof<T>();
}

function listScratchBytes<T>(): usize {
  return <usize>(ROWS * DEPTH) * entryBytes<T>() + <usize>ROWS * 4 + <usize>DEPTH * PANEL_ROW + PANEL_ROW;
}

/** How many of SAMPLES elements spread over A are zero: the same answer everywhere, from A alone. */
function sampledZeros<T>(m: i32, k: i32, a: usize, rowStride: usize, columnStride: usize): i32 {
  const total = <u64>m * <u64>k;
  let zeros = 0;
  for (let i = 0; i < SAMPLES; i++) {
    // A prime number of samples at a stride that no row length divides evenly.
    const at = (<u64>i * total) / <u64>SAMPLES;
    const row = <usize>(at / <u64>k), column = <usize>(at % <u64>k);
    zeros += <i32>(load<T>(a + row * rowStride + column * columnStride) == <T>0);
  }
  return zeros;
}

/** True when no element of B is infinite or NaN. */
function isFinite<T>(rows: i32, columns: i32, b: usize, rowStride: usize, columnStride: usize): bool {
  // x - x is 0 for a finite x and NaN otherwise. Along the contiguous axis, whichever it is.
  const size = sizeof<T>();
  const lineStride = columnStride == size ? rowStride : columnStride;
  const lines = columnStride == size ? rows : columns;
  const length = columnStride == size ? columns : rows;
  const step = columnStride == size ? columnStride : rowStride;
  let total = v128.splat<T>(<T>0);
  let rest: T = 0;
  for (let line = 0; line < lines; line++) {
    let from = b + <usize>line * lineStride;
    let i = 0;
    if (step == size) {
      for (; i <= length - lanes<T>(); i += lanes<T>()) {
        const x = v128.load(from);
        total = v128.add<T>(total, v128.sub<T>(x, x));
        from += 16;
      }
    }
    for (; i < length; i++) {
      const x = load<T>(from);
      rest += x - x;
      from += step;
    }
  }
  let sum = rest;
  if (sizeof<T>() == 4) sum += <T>(f32x4.extract_lane(total, 0) + f32x4.extract_lane(total, 1) + f32x4.extract_lane(total, 2) + f32x4.extract_lane(total, 3));
  else sum += <T>(f64x2.extract_lane(total, 0) + f64x2.extract_lane(total, 1));
  return sum == <T>0;
}

/**
 * Lists the non-zeros of one row of a block, k ascending; returns their number. Every element is
 * written and only a non-zero moves the end, on its bits: no branch to mispredict, no float compare.
 */
// @ts-ignore: decorator
@inline
function listRow<T>(from: usize, columnStride: usize, depth: i32, panel: usize, entries: usize): i32 {
  let to = entries;
  const end = panel + PANEL_ROW * <usize>depth;
  for (let row = panel; row < end; row += PANEL_ROW) {
    if (sizeof<T>() == 4) {
      const bits = load<u32>(from);
      store<u64>(to, (<u64>bits << 32) | <u64>row);
      to += <usize>((bits << 1) != 0) << 3;
    } else {
      const bits = load<u64>(from);
      store<usize>(to, row);
      store<u64>(to, bits, 8);
      to += <usize>((bits << 1) != 0) << 4;
    }
    from += columnStride;
  }
  return <i32>((to - entries) / entryBytes<T>());
}

/** panel[k][8 vectors] from B's rows; columns past the edge become 0. */
function packPanel<T>(b: usize, rowStride: usize, columnStride: usize, depth: i32, columns: i32, panel: usize): void {
  const size = sizeof<T>();
  const width = 8 * lanes<T>();
  if (columns == width && columnStride == size) {
    for (let k = 0; k < depth; k++) memory.copy(panel + <usize>k * PANEL_ROW, b + <usize>k * rowStride, PANEL_ROW);
  } else if (columns == width && rowStride == size) {
    for (let j = 0; j < width; j += 4) interleaveFourLines<T>(b + <usize>j * columnStride, columnStride, depth, panel + <usize>j * size, PANEL_ROW);
  } else {
    for (let j = 0; j < width; j++) {
      for (let k = 0; k < depth; k++) {
        const value = j < columns ? load<T>(b + <usize>k * rowStride + <usize>j * columnStride) : <T>0;
        store<T>(panel + <usize>k * PANEL_ROW + <usize>j * size, value);
      }
    }
  }
}

/** c[8 vectors] = (resume ? c : 0) + sum over the listed non-zeros of value * panel row, in list order. */
// @ts-ignore: decorator
@inline
function multiplyRow<T>(entries: usize, count: i32, c: usize, resume: bool): void {
  let c0 = v128.splat<T>(<T>0), c1 = c0, c2 = c0, c3 = c0, c4 = c0, c5 = c0, c6 = c0, c7 = c0;
  if (resume) {
    c0 = v128.load(c); c1 = v128.load(c, 16); c2 = v128.load(c, 32); c3 = v128.load(c, 48);
    c4 = v128.load(c, 64); c5 = v128.load(c, 80); c6 = v128.load(c, 96); c7 = v128.load(c, 112);
  }
  const end = entries + <usize>count * entryBytes<T>();
  for (; entries < end; entries += entryBytes<T>()) {
    const row = load<usize>(entries);
    const value = v128.load_splat<T>(entries, sizeof<T>());
    c0 = multiplyAdd<T>(value, v128.load(row), c0);
    c1 = multiplyAdd<T>(value, v128.load(row, 16), c1);
    c2 = multiplyAdd<T>(value, v128.load(row, 32), c2);
    c3 = multiplyAdd<T>(value, v128.load(row, 48), c3);
    c4 = multiplyAdd<T>(value, v128.load(row, 64), c4);
    c5 = multiplyAdd<T>(value, v128.load(row, 80), c5);
    c6 = multiplyAdd<T>(value, v128.load(row, 96), c6);
    c7 = multiplyAdd<T>(value, v128.load(row, 112), c7);
  }
  v128.store(c, c0); v128.store(c, c1, 16); v128.store(c, c2, 32); v128.store(c, c3, 48);
  v128.store(c, c4, 64); v128.store(c, c5, 80); v128.store(c, c6, 96); v128.store(c, c7, 112);
}

/** C[m, n] (+)= A[m, k] B[k, n], B finite; strides in bytes; C's columns are contiguous. */
function multiplyListed<T>(
  m: i32, n: i32, k: i32, a: usize, aRow: usize, aColumn: usize, b: usize, bRow: usize, bColumn: usize,
  c: usize, cRow: usize, accumulate: bool, scratch: usize,
): void {
  const size = sizeof<T>();
  const width = 8 * lanes<T>();
  const counts = scratch + <usize>(ROWS * DEPTH) * entryBytes<T>();
  const panel = counts + <usize>ROWS * 4;
  const spill = panel + <usize>DEPTH * PANEL_ROW;
  // Blocks of equal depth, as in the dense product.
  const blocks = (k + DEPTH - 1) / DEPTH;
  const blockDepth = (k + blocks - 1) / blocks;
  for (let depthStart = 0; depthStart < k; depthStart += blockDepth) {
    const depth = min(blockDepth, k - depthStart);
    const resume = accumulate || depthStart > 0;
    for (let rowStart = 0; rowStart < m; rowStart += ROWS) {
      const rows = min(ROWS, m - rowStart);
      for (let i = 0; i < rows; i++) {
        const from = a + <usize>(rowStart + i) * aRow + <usize>depthStart * aColumn;
        store<i32>(counts + <usize>i * 4, listRow<T>(from, aColumn, depth, panel, scratch + <usize>(i * DEPTH) * entryBytes<T>()));
      }
      for (let j = 0; j < n; j += width) {
        const columns = min(width, n - j);
        packPanel<T>(b + <usize>depthStart * bRow + <usize>j * bColumn, bRow, bColumn, depth, columns, panel);
        const bytes = <usize>columns * size;
        for (let i = 0; i < rows; i++) {
          const entries = scratch + <usize>(i * DEPTH) * entryBytes<T>();
          const count = load<i32>(counts + <usize>i * 4);
          const row = c + <usize>(rowStart + i) * cRow + <usize>j * size;
          if (columns == width) {
            multiplyRow<T>(entries, count, row, resume);
          } else {
            if (resume) memory.copy(spill, row, bytes);
            multiplyRow<T>(entries, count, spill, resume);
            memory.copy(row, spill, bytes);
          }
        }
      }
    }
  }
}

/** to[column][row] = from[row][column], both dense. */
function transpose<T>(from: usize, rows: i32, columns: i32, to: usize, toRow: usize): void {
  const size = sizeof<T>();
  const line = <usize>columns * size;
  let row = 0;
  for (; row <= rows - 4; row += 4) interleaveFourLines<T>(from + <usize>row * line, line, columns, to + <usize>row * size, toRow);
  for (; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      store<T>(to + <usize>column * toRow + <usize>row * size, load<T>(from + <usize>row * line + <usize>column * size));
    }
  }
}

/** Whether C is small enough to be made transposed first: at most 4 million values of scratch. */
function canTranspose(m: i32, n: i32): bool {
  return <u64>m * <u64>n <= 1 << 22;
}

/** Scratch of multiplySparse for any factors: its lists and panel, and C transposed. */
export function sparseScratchBytes<T>(m: i32, n: i32): usize {
  return listScratchBytes<T>() + (canTranspose(m, n) ? <usize>m * <usize>n * sizeof<T>() : 0);
}

/**
 * C[m, n] = A[m, k] B[k, n] when one factor is full of zeros and the other finite; false, and C
 * untouched, when neither is. A sparse B is the left factor of the transposed product, whose sums are
 * the same term by term. Below 48 columns a panel is mostly padding; below 16 rows listing does not pay.
 */
export function multiplySparse<T>(
  m: i32, n: i32, k: i32, a: usize, aRow: usize, aColumn: usize, b: usize, bRow: usize, bColumn: usize,
  c: usize, cRow: usize, accumulate: bool, scratch: usize,
): bool {
  if (k < 16 || m < 16 || n < 16 || <u64>m * <u64>n * <u64>k < SMALL) return false;
  const least = (SAMPLES * 3) / 10;
  const zerosA = n >= 48 ? sampledZeros<T>(m, k, a, aRow, aColumn) : 0;
  const zerosB = m >= 48 && !accumulate && canTranspose(m, n) ? sampledZeros<T>(n, k, b, bColumn, bRow) : 0;
  if (zerosA >= least && zerosA >= zerosB && isFinite<T>(k, n, b, bRow, bColumn)) {
    multiplyListed<T>(m, n, k, a, aRow, aColumn, b, bRow, bColumn, c, cRow, accumulate, scratch);
    return true;
  }
  if (zerosB >= least && isFinite<T>(m, k, a, aRow, aColumn)) {
    const transposed = scratch + listScratchBytes<T>();
    multiplyListed<T>(n, m, k, b, bColumn, bRow, a, aColumn, aRow, transposed, <usize>m * sizeof<T>(), false, scratch);
    transpose<T>(transposed, n, m, c, cRow);
    return true;
  }
  return false;
}
