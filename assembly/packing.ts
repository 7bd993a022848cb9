// A matrix product's right factor, packed once and read by every row of tiles (and by every thread):
// depth block after depth block, in each panel after panel, a panel being [depth][width] with `width`
// columns side by side; columns past the edge are 0. K is cut into blocks of equal depth for the cache
// only, so that none is too short to pay for carrying a tile through C between blocks.
import { interleaveFourLines } from './interleave';
import { lanes } from './profile';

/** Bytes of one row of a panel: 2 vectors for the dense product, 6 for the sparse ones. */
export const DENSE_ROW: usize = 32;
export const SPARSE_ROW: usize = 96;
/** Most depth of a block. Dense: an A panel (4 x 448 floats) and a B panel (8 x 448) take 21 KiB of L1. Sparse: 26 KiB. */
const DENSE_DEPTH: i32 = 448;
export const SPARSE_DEPTH: i32 = 272;
/** Values packed at once, 16 MiB of float32: what a product needs beside its operands stays bounded. */
const MOST_PACKED: i32 = 1 << 22;

// @ts-ignore: decorator
@inline
export function rowBytes(sparse: bool): usize {
  return sparse ? SPARSE_ROW : DENSE_ROW;
}

/** Columns in a panel. */
// @ts-ignore: decorator
@inline
export function panelWidth<T>(sparse: bool): i32 {
  return (sparse ? 6 : 2) * lanes<T>();
}

// @ts-ignore: decorator
@inline
export function panelCount<T>(sparse: bool, columns: i32): i32 {
  const width = panelWidth<T>(sparse);
  return (columns + width - 1) / width;
}

/** Depth of the blocks that K is cut into, 0 when K is. */
// @ts-ignore: decorator
@inline
export function depthOfBlocks(sparse: bool, k: i32): i32 {
  const most = sparse ? SPARSE_DEPTH : DENSE_DEPTH;
  const blocks = (k + most - 1) / most;
  return blocks > 0 ? (k + blocks - 1) / blocks : 0;
}

/** Columns that are packed at once: whole panels. */
export function columnsPerPack<T>(sparse: bool, k: i32): i32 {
  const width = panelWidth<T>(sparse);
  return max(1, MOST_PACKED / max(1, k) / width) * width;
}

/** Bytes of a packed factor of `columns` columns (or of as many as are packed at once). */
export function packedBytes<T>(sparse: bool, columns: i32, k: i32): usize {
  return <usize>panelCount<T>(sparse, min(columns, columnsPerPack<T>(sparse, k))) * rowBytes(sparse) * <usize>k;
}

/** Packs `used` of `width` lines (0 past the edge), one value at a time: edges and unusual strides. */
export function packAnyStride<T>(source: usize, lineStride: usize, depthStride: usize, used: i32, width: i32, depth: i32, panel: usize): void {
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

function packPanel<T>(sparse: bool, source: usize, rowStride: usize, columnStride: usize, columns: i32, depth: i32, panel: usize): void {
  const size = sizeof<T>();
  const width = panelWidth<T>(sparse), bytes = rowBytes(sparse);
  if (columns == width && columnStride == size) {
    for (let k = 0; k < depth; k++) {
      for (let at: usize = 0; at < bytes; at += 32) {
        v128.store(panel + at, v128.load(source + at));
        v128.store(panel + at, v128.load(source + at, 16), 16);
      }
      source += rowStride;
      panel += bytes;
    }
  } else if (columns == width && rowStride == size) {
    for (let j = 0; j < width; j += 4) interleaveFourLines<T>(source + <usize>j * columnStride, columnStride, depth, panel + <usize>j * size, bytes);
  } else {
    packAnyStride<T>(source, columnStride, rowStride, columns, width, depth, panel);
  }
}

/** Packs the panels [first, end) of b [k, columns], at every depth. Strides in bytes. */
export function packPanels<T>(
  sparse: bool, columns: i32, k: i32, b: usize, rowStride: usize, columnStride: usize, first: i32, end: i32, packed: usize,
): void {
  const width = panelWidth<T>(sparse), bytes = rowBytes(sparse);
  const panels = panelCount<T>(sparse, columns);
  const blockDepth = depthOfBlocks(sparse, k);
  for (let depthStart = 0; depthStart < k; depthStart += blockDepth) {
    const depth = min(blockDepth, k - depthStart);
    const block = packed + <usize>depthStart * <usize>panels * bytes;
    for (let panel = first; panel < end; panel++) {
      packPanel<T>(sparse, b + <usize>depthStart * rowStride + <usize>(panel * width) * columnStride, rowStride, columnStride,
        min(width, columns - panel * width), depth, block + <usize>panel * <usize>depth * bytes);
    }
  }
}
