// Matrix product whose left factor is full of zeros (what ReLU leaves: about half): the zeros are
// skipped, and the result has the bits of the dense product. A skipped term is +0 or -0 as long as B
// is finite, and adding that to a sum that began at +0 changes nothing; with an infinity or NaN in B
// the dense product is taken, so that NaN propagates.
//
// A's non-zeros are listed row by row as (address of a row in the first packed panel of B, value); a row of C goes
// through 6 vectors of registers. Measured (Node 20, its machine code read): V8 does all of an iteration's loads
// first, so 6 sums, 6 loads and the value fill its 15 registers; with 8, one sum lived in memory and its latency,
// 13 cycles an iteration where arithmetic takes 8, was the limit.
import { interleaveFourLines } from './interleave';
import { depthOfBlocks, panelCount, panelWidth, SPARSE_DEPTH, SPARSE_ROW } from './packing';
import { lanes, multiplyAdd } from './profile';

/** Rows of A, and depth blocks, listed at once: the entries, 557 KiB at most and half of that or less when listing pays, stay in L2. */
const ROWS: i32 = 64;
const BLOCKS: i32 = 4;
/** Elements looked at to guess how full a factor is. */
const SAMPLES: i32 = 509;
/** Products of fewer multiplications are done before the factors are looked at: about 1 ms. */
const SMALL: u64 = 1 << 22;

/** How a product is computed: every term, or only those of the non-zeros of the left or of the right factor. */
export const DENSE: i32 = 0;
export const LEFT_SPARSE: i32 = 1;
export const RIGHT_SPARSE: i32 = 2;

/** Bytes of a listed non-zero: the address of its row in the panel, then the value at + sizeof<T>(). */
// @ts-ignore: decorator
@inline
function entryBytes<T>(): usize {
  return 2 * sizeof<T>();
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
  const end = panel + SPARSE_ROW * <usize>depth;
  for (let row = panel; row < end; row += SPARSE_ROW) {
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

/** c[6 vectors] = (resume ? c : 0) + sum over the listed non-zeros of value * panel row, in list order; the panel lies `offset` bytes past the listed addresses. */
// @ts-ignore: decorator
@inline
function multiplyRow<T>(entries: usize, count: i32, offset: usize, c: usize, resume: bool): void {
  let c0 = v128.splat<T>(<T>0), c1 = c0, c2 = c0, c3 = c0, c4 = c0, c5 = c0;
  if (resume) {
    c0 = v128.load(c); c1 = v128.load(c, 16); c2 = v128.load(c, 32);
    c3 = v128.load(c, 48); c4 = v128.load(c, 64); c5 = v128.load(c, 80);
  }
  const end = entries + <usize>count * entryBytes<T>();
  for (; entries < end; entries += entryBytes<T>()) {
    const row = load<usize>(entries) + offset;
    const value = v128.load_splat<T>(entries, sizeof<T>());
    c0 = multiplyAdd<T>(value, v128.load(row), c0);
    c1 = multiplyAdd<T>(value, v128.load(row, 16), c1);
    c2 = multiplyAdd<T>(value, v128.load(row, 32), c2);
    c3 = multiplyAdd<T>(value, v128.load(row, 48), c3);
    c4 = multiplyAdd<T>(value, v128.load(row, 64), c4);
    c5 = multiplyAdd<T>(value, v128.load(row, 80), c5);
  }
  v128.store(c, c0); v128.store(c, c1, 16); v128.store(c, c2, 32);
  v128.store(c, c3, 48); v128.store(c, c4, 64); v128.store(c, c5, 80);
}

/** to[column][row] = from[row][column]; rows `fromRow` and `toRow` bytes apart. */
function transpose<T>(from: usize, fromRow: usize, rows: i32, columns: i32, to: usize, toRow: usize): void {
  const size = sizeof<T>();
  let row = 0;
  for (; row <= rows - 4; row += 4) interleaveFourLines<T>(from + <usize>row * fromRow, fromRow, columns, to + <usize>row * size, toRow);
  for (; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      store<T>(to + <usize>column * toRow + <usize>row * size, load<T>(from + <usize>row * fromRow + <usize>column * size));
    }
  }
}

/** Whether the transposed product's packed factor, A^T, and its rows under way are small enough to be held beside the operands. */
function canTurn(m: i32, k: i32): bool {
  return <u64>m * <u64>max(k, ROWS) <= 1 << 22;
}

/** Scratch of one tile: lists and counts, a spilled row, and for a turned product ROWS rows of C^T. */
export function sparseScratchBytes<T>(m: i32, k: i32): usize {
  const lists = <usize>(BLOCKS * ROWS) * (<usize>SPARSE_DEPTH * entryBytes<T>() + 4) + SPARSE_ROW;
  return lists + (canTurn(m, k) ? <usize>(ROWS * m) * sizeof<T>() : 0);
}

/** Lists `rows` rows of one depth block of A; `panel` is where the packed rows of B's panel 0 lie. */
// @ts-ignore: decorator
@inline
function listRows<T>(rows: i32, from: usize, aRow: usize, aColumn: usize, depth: i32, panel: usize, lists: usize, counts: usize): void {
  for (let i = 0; i < rows; i++) {
    store<i32>(counts + <usize>i * 4, listRow<T>(from + <usize>i * aRow, aColumn, depth, panel, lists + <usize>(i * SPARSE_DEPTH) * entryBytes<T>()));
  }
}

/** to[rows][6 vectors] (resume: +)= listed rows * panel, the panel lying `offset` bytes past panel 0. */
// @ts-ignore: decorator
@inline
function multiplyRows<T>(rows: i32, lists: usize, counts: usize, offset: usize, to: usize, toRow: usize, columns: i32, resume: bool, spill: usize): void {
  const bytes = <usize>columns * sizeof<T>();
  for (let i = 0; i < rows; i++) {
    const entries = lists + <usize>(i * SPARSE_DEPTH) * entryBytes<T>();
    const count = load<i32>(counts + <usize>i * 4);
    if (bytes == SPARSE_ROW) {
      multiplyRow<T>(entries, count, offset, to, resume);
    } else {
      if (resume) memory.copy(spill, to, bytes);
      multiplyRow<T>(entries, count, offset, spill, resume);
      memory.copy(to, spill, bytes);
    }
    to += toRow;
  }
}

/**
 * C's rows x the columns of panels [first, end), from the listed non-zeros of A and packed B [k, n];
 * strides in bytes. `turned`: C^T is written, through ROWS x n values of scratch.
 * A tile of C meets all listed depth blocks one after the other, so that it is read and written in L1.
 */
export function multiplySparse<T>(
  m: i32, n: i32, k: i32, a: usize, aRow: usize, aColumn: usize, packed: usize, first: i32, end: i32,
  c: usize, cRow: usize, accumulate: bool, turned: bool, scratch: usize,
): void {
  const size = sizeof<T>();
  const width = panelWidth<T>(true);
  const panels = panelCount<T>(true, n);
  const blockDepth = depthOfBlocks(true, k);
  const listBytes = <usize>(ROWS * SPARSE_DEPTH) * entryBytes<T>();
  const counts = scratch + <usize>BLOCKS * listBytes;
  const spill = counts + <usize>(BLOCKS * ROWS) * 4;
  const turning = spill + SPARSE_ROW;
  const toRow = turned ? <usize>n * size : cRow;
  for (let rowStart = 0; rowStart < m; rowStart += ROWS) {
    const rows = min(ROWS, m - rowStart);
    const to = turned ? turning : c + <usize>rowStart * cRow;
    for (let listStart = 0; listStart < k; listStart += BLOCKS * blockDepth) {
      const listEnd = min(k, listStart + BLOCKS * blockDepth);
      for (let depthStart = listStart, block: usize = 0; depthStart < listEnd; depthStart += blockDepth, block++) {
        listRows<T>(rows, a + <usize>rowStart * aRow + <usize>depthStart * aColumn, aRow, aColumn, min(blockDepth, k - depthStart),
          packed + <usize>depthStart * <usize>panels * SPARSE_ROW, scratch + block * listBytes, counts + block * <usize>ROWS * 4);
      }
      for (let panel = first; panel < end; panel++) {
        for (let depthStart = listStart, block: usize = 0; depthStart < listEnd; depthStart += blockDepth, block++) {
          const depth = min(blockDepth, k - depthStart);
          multiplyRows<T>(rows, scratch + block * listBytes, counts + block * <usize>ROWS * 4, <usize>panel * <usize>depth * SPARSE_ROW,
            to + <usize>(panel * width) * size, toRow, min(width, n - panel * width), accumulate || depthStart > 0, spill);
        }
      }
    }
    if (turned) {
      const start = first * width;
      transpose<T>(turning + <usize>start * size, toRow, rows, min(end * width, n) - start, c + <usize>start * cRow + <usize>rowStart * size, cRow);
    }
  }
}

/**
 * The sparse method for a factor that is full of zeros, if the other one is finite. A sparse B is the
 * left factor of the transposed product, whose sums are the same term by term. Below 48 columns a
 * panel is mostly padding; below 16 rows listing does not pay.
 */
export function chooseMethod<T>(
  m: i32, n: i32, k: i32, a: usize, aRow: usize, aColumn: usize, b: usize, bRow: usize, bColumn: usize, accumulate: bool,
): i32 {
  if (k < 16 || m < 16 || n < 16 || <u64>m * <u64>n * <u64>k < SMALL) return DENSE;
  const least = (SAMPLES * 3) / 10;
  const zerosA = n >= 48 ? sampledZeros<T>(m, k, a, aRow, aColumn) : 0;
  const zerosB = m >= 48 && !accumulate && canTurn(m, k) ? sampledZeros<T>(n, k, b, bColumn, bRow) : 0;
  if (zerosA >= least && zerosA >= zerosB && isFinite<T>(k, n, b, bRow, bColumn)) return LEFT_SPARSE;
  if (zerosB >= least && isFinite<T>(m, k, a, aRow, aColumn)) return RIGHT_SPARSE;
  return DENSE;
}
