// General matrix product in BLIS's arrangement: B is packed into panels (see packing.ts), A into panels
// of MR rows, and a register tile of MR x NR walks the whole of K.
//
// Order of every output's sum: k ascending, from 0 (or from C when accumulating), whatever the method
// and however the product is cut into tiles; between depth blocks a tile goes back through C, which
// rounds nothing. So whoever computes a tile, its bits are the same.
//
// Measured (Ice Lake 2.8 GHz, Node 20): see bench/; MR = 4 keeps 8 sums + 4 operands in the 15
// vector registers V8 leaves free, and the two floating-point ports, not the loads, are the limit.
import { interleaveFourLines } from './interleave';
import { DENSE_ROW, columnsPerPack, depthOfBlocks, packAnyStride, packPanels, packedBytes, panelCount, panelWidth } from './packing';
import { lanes, multiplyAdd } from './profile';
import { chooseMethod, DENSE, multiplySparse, RIGHT_SPARSE, sparseScratchBytes } from './sparseGemm';

/** Rows in a tile. */
const MR: usize = 4;
/** Rows of A packed at once: MC x 448 floats stay in L2. */
const MC: usize = 128;

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
    b += DENSE_ROW;
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
        store<T>(spill + <usize>r * DENSE_ROW + <usize>j * size, load<T>(c + <usize>r * cStride + <usize>j * size));
      }
    }
  }
  multiplyTile<T>(depth, a, b, spill, DENSE_ROW, resume);
  for (let r = 0; r < rows; r++) {
    for (let j = 0; j < columns; j++) {
      store<T>(c + <usize>r * cStride + <usize>j * size, load<T>(spill + <usize>r * DENSE_ROW + <usize>j * size));
    }
  }
}

/** Scratch of one dense tile: packed A (MC x depth), one spilled register tile. */
// @ts-ignore: decorator
@inline
function denseScratchBytes<T>(k: i32): usize {
  return MC * <usize>depthOfBlocks(false, k) * sizeof<T>() + MR * DENSE_ROW;
}

/** C's rows x the columns of panels [first, end), from packed B [k, n]; strides in bytes. */
function multiplyDense<T>(
  m: i32, n: i32, k: i32, a: usize, aRow: usize, aColumn: usize, packed: usize, first: i32, end: i32,
  c: usize, cRow: usize, accumulate: bool, packedA: usize,
): void {
  const size = sizeof<T>();
  const NR = 2 * lanes<T>();
  const panels = panelCount<T>(false, n);
  const blockDepth = depthOfBlocks(false, k);
  const spill = packedA + MC * <usize>blockDepth * size;
  for (let blockStart = 0; blockStart < m; blockStart += <i32>MC) {
    const block = min(<i32>MC, m - blockStart);
    for (let depthStart = 0; depthStart < k; depthStart += blockDepth) {
      const depth = min(blockDepth, k - depthStart);
      const resume = accumulate || depthStart > 0;
      for (let i = 0; i < block; i += <i32>MR) {
        packRows<T>(a + <usize>(blockStart + i) * aRow + <usize>depthStart * aColumn, aRow, aColumn,
          min(<i32>MR, block - i), depth, packedA + <usize>i * <usize>depth * size);
      }
      const packedBlock = packed + <usize>depthStart * <usize>panels * DENSE_ROW;
      for (let panel = first; panel < end; panel++) {
        const columns = min(NR, n - panel * NR);
        const panelB = packedBlock + <usize>panel * <usize>depth * DENSE_ROW;
        for (let i = 0; i < block; i += <i32>MR) {
          const rows = min(<i32>MR, block - i);
          const panelA = packedA + <usize>i * <usize>depth * size;
          const tile = c + <usize>(blockStart + i) * cRow + <usize>(panel * NR) * size;
          if (rows == <i32>MR && columns == NR) multiplyTile<T>(depth, panelA, panelB, tile, cRow, resume);
          else multiplyEdgeTile<T>(depth, panelA, panelB, tile, cRow, rows, columns, resume, spill);
        }
      }
    }
  }
}

// @ts-ignore: decorator
@inline
function roundUp(bytes: usize): usize {
  return (bytes + 63) & ~63;
}

/** Bytes for the packed factor of any method: the right one, or for a sparse right factor the left one. */
export function sharedBytes<T>(m: i32, n: i32, k: i32): usize {
  return roundUp(max(packedBytes<T>(false, n, k), max(packedBytes<T>(true, n, k), packedBytes<T>(true, m, k))));
}

/** Bytes for one tile under way, of any method. */
export function privateBytes<T>(m: i32, k: i32): usize {
  return roundUp(max(denseScratchBytes<T>(k), sparseScratchBytes<T>(m, k)));
}

/** Bytes of scratch that a product of this shape needs. */
export function productScratchBytes<T>(m: i32, n: i32, k: i32): usize {
  return sharedBytes<T>(m, n, k) + privateBytes<T>(m, k);
}

/** The rows of a method's tiles x the columns of its panels [first, end). For RIGHT_SPARSE, A is B^T, B is A^T, and C is written turned. */
export function multiplyTiles<T>(
  method: i32, m: i32, n: i32, k: i32, a: usize, aRow: usize, aColumn: usize, packed: usize, first: i32, end: i32,
  c: usize, cRow: usize, accumulate: bool, scratch: usize,
): void {
  if (method == DENSE) multiplyDense<T>(m, n, k, a, aRow, aColumn, packed, first, end, c, cRow, accumulate, scratch);
  else multiplySparse<T>(m, n, k, a, aRow, aColumn, packed, first, end, c, cRow, accumulate, method == RIGHT_SPARSE, scratch);
}

/** C[m, n] (+)= A[m, k] B[k, n] with any strides for A and B; C's columns are contiguous. */
export function multiply<T>(
  m: i32, n: i32, k: i32,
  a: usize, aRow: i32, aColumn: i32,
  b: usize, bRow: i32, bColumn: i32,
  c: usize, cRow: i32, accumulate: i32, scratch: usize,
): void {
  const size = sizeof<T>();
  let aRowBytes = <usize>aRow * size, aColumnBytes = <usize>aColumn * size;
  let bRowBytes = <usize>bRow * size, bColumnBytes = <usize>bColumn * size;
  const cRowBytes = <usize>cRow * size;
  if (k == 0) {
    if (!accumulate) for (let i = 0; i < m; i++) memory.fill(c + <usize>i * cRowBytes, 0, <usize>n * size);
    return;
  }
  const tileScratch = scratch + sharedBytes<T>(m, n, k);
  const method = chooseMethod<T>(m, n, k, a, aRowBytes, aColumnBytes, b, bRowBytes, bColumnBytes, accumulate != 0);
  if (method == RIGHT_SPARSE) {
    // C^T = B^T A^T
    let swap = a; a = b; b = swap;
    swap = aRowBytes; aRowBytes = bColumnBytes; bColumnBytes = swap;
    swap = aColumnBytes; aColumnBytes = bRowBytes; bRowBytes = swap;
    const extent = m; m = n; n = extent;
  }
  const sparse = method != DENSE;
  const width = columnsPerPack<T>(sparse, k);
  const cColumnBytes = method == RIGHT_SPARSE ? cRowBytes : size;
  for (let start = 0; start < n; start += width) {
    const columns = min(width, n - start);
    const panels = panelCount<T>(sparse, columns);
    packPanels<T>(sparse, columns, k, b + <usize>start * bColumnBytes, bRowBytes, bColumnBytes, 0, panels, scratch);
    multiplyTiles<T>(method, m, columns, k, a, aRowBytes, aColumnBytes, scratch, 0, panels,
      c + <usize>start * cColumnBytes, cRowBytes, accumulate != 0, tileScratch);
  }
}
