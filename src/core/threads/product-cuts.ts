// The matrix product's parts (assembly/gemm.ts): panels to pack, then tiles to compute.
import type { Cut, Cutter } from './cut.js';

/** Values packed in a part. */
const PACKED = 32_768;
/** Multiplications of a tile at least (about 50 us), and of a dense one at most. */
const LEAST_WORK = 1 << 19;
const MOST_WORK = 1 << 24;
/** Rows are cut in multiples of this: fewer would read each packed panel too often, more would leave threads waiting for the last tile. */
const DENSE_ROWS = 32;
const SPARSE_ROWS = 32;
/** Columns below which packing (or listing) a tile's rows again for each tile beside it is felt. */
const DENSE_COLUMNS = 256;
const SPARSE_COLUMNS = 512;
/** The same where there are few rows: packing them takes a tenth of a tile this wide. */
const NARROW_COLUMNS = 64;
/** Row tiles below which columns are cut too. */
const FEW = 16;

const RIGHT_SPARSE = 2;

function widthOf(method: number, size: number): number {
  return ((method === 0 ? 2 : 6) * 16) / size;
}

/** (method, n, k, b, bRow, bColumn, first, end, packed): by panels. */
export function packing(size: number): Cutter {
  return (args) => {
    const [method, , k, , , , first, end] = args as [number, number, number, number, number, number, number, number];
    const per = Math.max(1, Math.ceil(PACKED / (widthOf(method, size) * k)));
    const parts = Math.ceil((end - first) / per);
    if (parts < 2) return undefined;
    const narrow = (part: number) => {
      const narrowed = args.slice();
      narrowed[6] = first + part * per;
      narrowed[7] = Math.min(end, first + (part + 1) * per);
      return narrowed;
    };
    return { parts, narrow };
  };
}

/** Extent of a tile [rows, columns] of a product [m, n] of depth k; columns are a multiple of `width`. */
function tileOf(method: number, m: number, n: number, k: number, width: number): [rows: number, columns: number] {
  const dense = method === 0;
  const [leastRows, leastColumns] = dense ? [DENSE_ROWS, DENSE_COLUMNS] : [SPARSE_ROWS, SPARSE_COLUMNS];
  const rows = Math.ceil(Math.max(leastRows, LEAST_WORK / (n * k)) / leastRows) * leastRows;
  let columns = n;
  if (Math.ceil(m / rows) < FEW) columns = Math.max(dense && m <= 2 * DENSE_ROWS ? NARROW_COLUMNS : leastColumns, LEAST_WORK / (Math.min(rows, m) * k));
  else if (dense) columns = Math.max(leastColumns, MOST_WORK / (rows * k));
  return [rows, Math.ceil(columns / width) * width];
}

/** (method, m, n, k, a, aRow, aColumn, packed, first, end, c, cRow, accumulate, scratch): by tiles of C, K whole. */
export function tiles(size: number): Cutter {
  return (args): Cut | undefined => {
    const [method, m, n, k, a, aRow, , , , panels, c, cRow] = args as [number, number, number, number, number, number, number, number, number, number, number, number];
    const width = widthOf(method, size);
    const [rows, columns] = tileOf(method, m, n, k, width);
    const down = Math.ceil(m / rows);
    const across = Math.ceil((panels * width) / columns);
    if (down * across < 2) return undefined;
    const narrow = (part: number) => {
      const narrowed = args.slice();
      const row = (part % down) * rows;
      const panel = (Math.floor(part / down) * columns) / width;
      narrowed[1] = Math.min(rows, m - row);
      narrowed[4] = a + row * aRow * size;
      narrowed[8] = panel;
      narrowed[9] = Math.min(panels, panel + columns / width);
      narrowed[10] = c + row * (method === RIGHT_SPARSE ? 1 : cRow) * size;
      return narrowed;
    };
    return { parts: down * across, narrow, scratch: 13 };
  };
}
