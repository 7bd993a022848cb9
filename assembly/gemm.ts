// General matrix product in BLIS's arrangement: A is packed into panels of MR rows, B into panels of
// two vectors' columns, and a register tile of MR x NR walks the whole of K.
//
// Order of every output's sum: k ascending, from 0 (or from C when accumulating). K is cut into
// blocks only for the cache: the tile goes back through C between blocks, which rounds nothing.
//
// Measured (Ice Lake 2.8 GHz, Node 20): see bench/; MR = 4 keeps 8 sums + 4 operands in the 15
// vector registers V8 leaves free, and the two floating-point ports, not the loads, are the limit.
import { lanes, multiplyAdd } from './profile';

/** Rows in a tile. */
export const MR: usize = 4;
/** Depth of a packed block: an A panel (4 x 256 floats) and a B panel (8 x 256) stay in a 32 KiB L1. */
const KC: usize = 256;
/** Rows of A packed at once: MC x KC floats stay in L2. */
const MC: usize = 128;

// @ts-ignore: decorator
@inline
function columnsPerTile<T>(): i32 {
  return 2 * lanes<T>();
}

/**
 * Reads lanes<T>() consecutive values from each of four lines and writes them transposed: value k of
 * the four lines side by side at to + k * stride.
 */
// @ts-ignore: decorator
@inline
function transposeFourLines<T>(line0: usize, line1: usize, line2: usize, line3: usize, to: usize, stride: usize): void {
  const a = v128.load(line0), b = v128.load(line1), c = v128.load(line2), d = v128.load(line3);
  if (sizeof<T>() == 4) {
    const ab = v128.shuffle<f32>(a, b, 0, 4, 1, 5), cd = v128.shuffle<f32>(c, d, 0, 4, 1, 5);
    const ab2 = v128.shuffle<f32>(a, b, 2, 6, 3, 7), cd2 = v128.shuffle<f32>(c, d, 2, 6, 3, 7);
    v128.store(to, v128.shuffle<f64>(ab, cd, 0, 2));
    v128.store(to + stride, v128.shuffle<f64>(ab, cd, 1, 3));
    v128.store(to + 2 * stride, v128.shuffle<f64>(ab2, cd2, 0, 2));
    v128.store(to + 3 * stride, v128.shuffle<f64>(ab2, cd2, 1, 3));
  } else {
    v128.store(to, v128.shuffle<f64>(a, b, 0, 2));
    v128.store(to, v128.shuffle<f64>(c, d, 0, 2), 16);
    v128.store(to + stride, v128.shuffle<f64>(a, b, 1, 3));
    v128.store(to + stride, v128.shuffle<f64>(c, d, 1, 3), 16);
  }
}

/** Copies four lines of `depth` consecutive values into to[k][4], k-th values side by side `stride` bytes apart. */
// @ts-ignore: decorator
@inline
function interleaveFourLines<T>(line: usize, lineStride: usize, depth: i32, to: usize, stride: usize): void {
  const size = sizeof<T>();
  let line1 = line + lineStride, line2 = line1 + lineStride, line3 = line2 + lineStride;
  let k = 0;
  for (; k <= depth - lanes<T>(); k += lanes<T>()) {
    transposeFourLines<T>(line, line1, line2, line3, to, stride);
    line += 16; line1 += 16; line2 += 16; line3 += 16;
    to += stride * <usize>lanes<T>();
  }
  for (; k < depth; k++) {
    store<T>(to, load<T>(line));
    store<T>(to + size, load<T>(line1));
    store<T>(to + 2 * size, load<T>(line2));
    store<T>(to + 3 * size, load<T>(line3));
    line += size; line1 += size; line2 += size; line3 += size;
    to += stride;
  }
}

/** Packs `used` of `width` lines (0 past the edge), one value at a time: edges and unusual strides. */
function packAnyStride<T>(source: usize, lineStride: usize, depthStride: usize, used: i32, width: i32, depth: i32, panel: usize): void {
  const size = sizeof<T>();
  for (let line = 0; line < width; line++) {
    let to = panel + <usize>line * size;
    let from = source + <usize>line * lineStride;
    for (let k = 0; k < depth; k++) {
      store<T>(to, line < used ? load<T>(from) : <T>0);
      from += depthStride;
      to += <usize>width * size;
    }
  }
}

/** Copies `rows` rows x k [0, depth) of A into panel[k][MR]; rows past the edge become 0. */
function packRows<T>(source: usize, rowStride: usize, columnStride: usize, rows: i32, depth: i32, panel: usize): void {
  const size = sizeof<T>();
  if (rows == <i32>MR && columnStride == size) {
    interleaveFourLines<T>(source, rowStride, depth, panel, MR * size);
  } else if (rows == <i32>MR && rowStride == size) {
    for (let k = 0; k < depth; k++) {
      v128.store(panel, v128.load(source));
      if (sizeof<T>() == 8) v128.store(panel, v128.load(source, 16), 16);
      source += columnStride;
      panel += MR * size;
    }
  } else {
    packAnyStride<T>(source, rowStride, columnStride, rows, <i32>MR, depth, panel);
  }
}

/** Copies k [0, depth) x `columns` columns of B into panel[k][NR] (32 bytes a row); columns past the edge become 0. */
function packColumns<T>(source: usize, rowStride: usize, columnStride: usize, columns: i32, depth: i32, panel: usize): void {
  const size = sizeof<T>();
  const NR = columnsPerTile<T>();
  if (columns == NR && columnStride == size) {
    for (let k = 0; k < depth; k++) {
      v128.store(panel, v128.load(source));
      v128.store(panel, v128.load(source, 16), 16);
      source += rowStride;
      panel += 32;
    }
  } else if (columns == NR && rowStride == size) {
    interleaveFourLines<T>(source, columnStride, depth, panel, 32);
    if (sizeof<T>() == 4) interleaveFourLines<T>(source + 4 * columnStride, columnStride, depth, panel + 16, 32);
  } else {
    packAnyStride<T>(source, columnStride, rowStride, columns, NR, depth, panel);
  }
}

/** tile[MR][NR] = (resume ? tile : 0) + panelA[k][MR]^T panelB[k][NR], k ascending. */
// @ts-ignore: decorator
@inline
function multiplyTile<T>(depth: i32, a: usize, b: usize, tile: usize, tileStride: usize, resume: bool): void {
  const size = sizeof<T>();
  let c00 = v128.splat<T>(<T>0), c01 = c00, c10 = c00, c11 = c00;
  let c20 = c00, c21 = c00, c30 = c00, c31 = c00;
  const row1 = tile + tileStride, row2 = row1 + tileStride, row3 = row2 + tileStride;
  if (resume) {
    c00 = v128.load(tile); c01 = v128.load(tile, 16);
    c10 = v128.load(row1); c11 = v128.load(row1, 16);
    c20 = v128.load(row2); c21 = v128.load(row2, 16);
    c30 = v128.load(row3); c31 = v128.load(row3, 16);
  }
  const end = a + <usize>depth * MR * size;
  while (a < end) {
    const b0 = v128.load(b), b1 = v128.load(b, 16);
    let value = v128.load_splat<T>(a);
    c00 = multiplyAdd<T>(value, b0, c00);
    c01 = multiplyAdd<T>(value, b1, c01);
    value = v128.load_splat<T>(a, sizeof<T>());
    c10 = multiplyAdd<T>(value, b0, c10);
    c11 = multiplyAdd<T>(value, b1, c11);
    value = v128.load_splat<T>(a, 2 * sizeof<T>());
    c20 = multiplyAdd<T>(value, b0, c20);
    c21 = multiplyAdd<T>(value, b1, c21);
    value = v128.load_splat<T>(a, 3 * sizeof<T>());
    c30 = multiplyAdd<T>(value, b0, c30);
    c31 = multiplyAdd<T>(value, b1, c31);
    a += MR * size;
    b += 32;
  }
  v128.store(tile, c00); v128.store(tile, c01, 16);
  v128.store(row1, c10); v128.store(row1, c11, 16);
  v128.store(row2, c20); v128.store(row2, c21, 16);
  v128.store(row3, c30); v128.store(row3, c31, 16);
}

/** A tile that hangs over C's edge goes through `spill`, MR x NR values of scratch. */
// @ts-ignore: decorator
@inline
function multiplyEdgeTile<T>(depth: i32, a: usize, b: usize, c: usize, cStride: usize, rows: i32, columns: i32, resume: bool, spill: usize): void {
  const size = sizeof<T>();
  if (resume) {
    for (let r = 0; r < rows; r++) {
      for (let j = 0; j < columns; j++) {
        store<T>(spill + <usize>r * 32 + <usize>j * size, load<T>(c + <usize>r * cStride + <usize>j * size));
      }
    }
  }
  multiplyTile<T>(depth, a, b, spill, 32, resume);
  for (let r = 0; r < rows; r++) {
    for (let j = 0; j < columns; j++) {
      store<T>(c + <usize>r * cStride + <usize>j * size, load<T>(spill + <usize>r * 32 + <usize>j * size));
    }
  }
}

/** Bytes of scratch that a product of this shape needs: packed B (whole N, KC deep), packed A (MC x KC), one tile. */
export function productScratchBytes<T>(n: i32): usize {
  const NR = columnsPerTile<T>();
  const panels = <usize>((n + NR - 1) / NR);
  return panels * 32 * KC + MC * KC * sizeof<T>() + MR * 32;
}

/** C[m, n] (+)= A[m, k] B[k, n] with any strides for A and B; C's columns are contiguous. */
export function multiply<T>(
  m: i32, n: i32, k: i32,
  a: usize, aRow: i32, aColumn: i32,
  b: usize, bRow: i32, bColumn: i32,
  c: usize, cRow: i32, accumulate: i32, scratch: usize,
): void {
  const size = sizeof<T>();
  const NR = columnsPerTile<T>();
  const aRowBytes = <usize>aRow * size, aColumnBytes = <usize>aColumn * size;
  const bRowBytes = <usize>bRow * size, bColumnBytes = <usize>bColumn * size;
  const cRowBytes = <usize>cRow * size;
  const packedB = scratch;
  const packedA = packedB + <usize>((n + NR - 1) / NR) * 32 * KC;
  const spill = packedA + MC * KC * size;
  if (k == 0 && !accumulate) {
    for (let i = 0; i < m; i++) memory.fill(c + <usize>i * cRowBytes, 0, <usize>n * size);
  }
  for (let depthStart = 0; depthStart < k; depthStart += <i32>KC) {
    const depth = min(<i32>KC, k - depthStart);
    const resume = accumulate != 0 || depthStart > 0;
    const panelBytes = <usize>depth * 32;
    for (let j = 0; j < n; j += NR) {
      packColumns<T>(b + <usize>depthStart * bRowBytes + <usize>j * bColumnBytes, bRowBytes, bColumnBytes,
        min(NR, n - j), depth, packedB + <usize>(j / NR) * panelBytes);
    }
    for (let blockStart = 0; blockStart < m; blockStart += <i32>MC) {
      const block = min(<i32>MC, m - blockStart);
      for (let i = 0; i < block; i += <i32>MR) {
        packRows<T>(a + <usize>(blockStart + i) * aRowBytes + <usize>depthStart * aColumnBytes, aRowBytes, aColumnBytes,
          min(<i32>MR, block - i), depth, packedA + <usize>i * <usize>depth * size);
      }
      for (let j = 0; j < n; j += NR) {
        const columns = min(NR, n - j);
        const panelB = packedB + <usize>(j / NR) * panelBytes;
        for (let i = 0; i < block; i += <i32>MR) {
          const rows = min(<i32>MR, block - i);
          const panelA = packedA + <usize>i * <usize>depth * size;
          const tile = c + <usize>(blockStart + i) * cRowBytes + <usize>j * size;
          if (rows == <i32>MR && columns == NR) multiplyTile<T>(depth, panelA, panelB, tile, cRowBytes, resume);
          else multiplyEdgeTile<T>(depth, panelA, panelB, tile, cRowBytes, rows, columns, resume, spill);
        }
      }
    }
  }
}

export function gemm_scratch_f32(n: i32): usize {
  return productScratchBytes<f32>(n);
}

export function gemm_scratch_f64(n: i32): usize {
  return productScratchBytes<f64>(n);
}

/** Strides count elements. accumulate = 1 adds to C; scratch holds gemm_scratch_f32(n) bytes, 16-byte aligned. */
export function gemm_f32(
  m: i32, n: i32, k: i32, a: usize, aRow: i32, aColumn: i32, b: usize, bRow: i32, bColumn: i32,
  c: usize, cRow: i32, accumulate: i32, scratch: usize,
): void {
  multiply<f32>(m, n, k, a, aRow, aColumn, b, bRow, bColumn, c, cRow, accumulate, scratch);
}

export function gemm_f64(
  m: i32, n: i32, k: i32, a: usize, aRow: i32, aColumn: i32, b: usize, bRow: i32, bColumn: i32,
  c: usize, cRow: i32, accumulate: i32, scratch: usize,
): void {
  multiply<f64>(m, n, k, a, aRow, aColumn, b, bRow, bColumn, c, cRow, accumulate, scratch);
}
