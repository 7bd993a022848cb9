// General matrix product in BLIS's arrangement: A is packed into panels of MR rows, B into panels of
// two vectors' columns, and a register tile of MR x NR walks the whole of K.
//
// Order of every output's sum: k ascending, from 0 (or from C when accumulating). K is cut into
// blocks only for the cache: the tile goes back through C between blocks, which rounds nothing.
//
// Measured (Ice Lake 2.8 GHz, Node 20): see bench/; MR = 4 keeps 8 sums + 4 operands in the 15
// vector registers V8 leaves free, and the two floating-point ports, not the loads, are the limit.
import { interleaveFourLines } from './interleave';
import { lanes, multiplyAdd } from './profile';
import { multiplySparse, sparseScratchBytes } from './sparseGemm';

/** Rows in a tile. */
export const MR: usize = 4;
/** Most depth of a packed block: an A panel (4 x 448 floats) and a B panel (8 x 448) take 21 KiB of a 32 KiB L1. */
const KC: usize = 448;
/** Rows of A packed at once: MC x KC floats stay in L2. */
const MC: usize = 128;

// @ts-ignore: decorator
@inline
function columnsPerTile<T>(): i32 {
  return 2 * lanes<T>();
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

/** Bytes of scratch that a product of this shape needs: packed B (whole N, KC deep), packed A (MC x KC), one tile; or the sparse product's. */
export function productScratchBytes<T>(m: i32, n: i32): usize {
  const NR = columnsPerTile<T>();
  const panels = <usize>((n + NR - 1) / NR);
  return max(panels * 32 * KC + MC * KC * sizeof<T>() + MR * 32, sparseScratchBytes<T>(m, n));
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
  if (multiplySparse<T>(m, n, k, a, aRowBytes, aColumnBytes, b, bRowBytes, bColumnBytes, c, cRowBytes, accumulate != 0, scratch)) return;
  const packedB = scratch;
  const packedA = packedB + <usize>((n + NR - 1) / NR) * 32 * KC;
  const spill = packedA + MC * KC * size;
  if (k == 0 && !accumulate) {
    for (let i = 0; i < m; i++) memory.fill(c + <usize>i * cRowBytes, 0, <usize>n * size);
  }
  // Blocks of equal depth, so that none is too short to pay for carrying the tile through C.
  const blocks = (k + <i32>KC - 1) / <i32>KC;
  const blockDepth = blocks > 0 ? (k + blocks - 1) / blocks : 0;
  for (let depthStart = 0; depthStart < k; depthStart += blockDepth) {
    const depth = min(blockDepth, k - depthStart);
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

export function gemm_scratch_f32(m: i32, n: i32): usize {
  return productScratchBytes<f32>(m, n);
}

export function gemm_scratch_f64(m: i32, n: i32): usize {
  return productScratchBytes<f64>(m, n);
}

/** Strides count elements. accumulate = 1 adds to C; scratch holds gemm_scratch_f32(m, n) bytes, 16-byte aligned. */
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
