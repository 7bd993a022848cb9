// The matrix product's exports; see product.ts.
import { columnsPerPack, packPanels, panelWidth } from './packing';
import { multiply, multiplyTiles, privateBytes, productScratchBytes, sharedBytes } from './product';
import { chooseMethod, DENSE } from './sparseGemm';

/** Bytes of gemm's scratch, 16-byte aligned. */
export function gemm_scratch_f32(m: i32, n: i32, k: i32): usize {
  return productScratchBytes<f32>(m, n, k);
}
export function gemm_scratch_f64(m: i32, n: i32, k: i32): usize {
  return productScratchBytes<f64>(m, n, k);
}

/** C (+)= A B. Strides count elements. accumulate = 1 adds to C; scratch holds gemm_scratch(m, n, k) bytes. */
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

// The parts of gemm, for threads: choose a method, pack the right factor, then compute tiles.

/** 0 dense, 1 A full of zeros, 2 B full of zeros: then the parts compute C^T = B^T A^T, and their a, b, m, n are the exchanged ones. */
export function gemm_method_f32(m: i32, n: i32, k: i32, a: usize, aRow: i32, aColumn: i32, b: usize, bRow: i32, bColumn: i32, accumulate: i32): i32 {
  return chooseMethod<f32>(m, n, k, a, <usize>aRow << 2, <usize>aColumn << 2, b, <usize>bRow << 2, <usize>bColumn << 2, accumulate != 0);
}
export function gemm_method_f64(m: i32, n: i32, k: i32, a: usize, aRow: i32, aColumn: i32, b: usize, bRow: i32, bColumn: i32, accumulate: i32): i32 {
  return chooseMethod<f64>(m, n, k, a, <usize>aRow << 3, <usize>aColumn << 3, b, <usize>bRow << 3, <usize>bColumn << 3, accumulate != 0);
}

/** Columns of a panel of a method's packed factor. */
export function gemm_panel_width_f32(method: i32): i32 {
  return panelWidth<f32>(method != DENSE);
}
export function gemm_panel_width_f64(method: i32): i32 {
  return panelWidth<f64>(method != DENSE);
}

/** Columns to be packed at once. */
export function gemm_pack_width_f32(method: i32, k: i32): i32 {
  return columnsPerPack<f32>(method != DENSE, k);
}
export function gemm_pack_width_f64(method: i32, k: i32): i32 {
  return columnsPerPack<f64>(method != DENSE, k);
}

/** Scratch for the packed factor, and for each tile under way. */
export function gemm_shared_bytes_f32(m: i32, n: i32, k: i32): usize {
  return sharedBytes<f32>(m, n, k);
}
export function gemm_shared_bytes_f64(m: i32, n: i32, k: i32): usize {
  return sharedBytes<f64>(m, n, k);
}
export function gemm_private_bytes_f32(m: i32, k: i32): usize {
  return privateBytes<f32>(m, k);
}
export function gemm_private_bytes_f64(m: i32, k: i32): usize {
  return privateBytes<f64>(m, k);
}

/** Packs panels [first, end) of b [k, n]. */
export function gemm_pack_f32(method: i32, n: i32, k: i32, b: usize, bRow: i32, bColumn: i32, first: i32, end: i32, packed: usize): void {
  packPanels<f32>(method != DENSE, n, k, b, <usize>bRow << 2, <usize>bColumn << 2, first, end, packed);
}
export function gemm_pack_f64(method: i32, n: i32, k: i32, b: usize, bRow: i32, bColumn: i32, first: i32, end: i32, packed: usize): void {
  packPanels<f64>(method != DENSE, n, k, b, <usize>bRow << 3, <usize>bColumn << 3, first, end, packed);
}

/** The m rows of a at the columns of panels [first, end) of the packed [k, n]; k > 0. c: where the product's (0, 0) lies. */
export function gemm_tiles_f32(
  method: i32, m: i32, n: i32, k: i32, a: usize, aRow: i32, aColumn: i32, packed: usize, first: i32, end: i32,
  c: usize, cRow: i32, accumulate: i32, scratch: usize,
): void {
  multiplyTiles<f32>(method, m, n, k, a, <usize>aRow << 2, <usize>aColumn << 2, packed, first, end, c, <usize>cRow << 2, accumulate != 0, scratch);
}
export function gemm_tiles_f64(
  method: i32, m: i32, n: i32, k: i32, a: usize, aRow: i32, aColumn: i32, packed: usize, first: i32, end: i32,
  c: usize, cRow: i32, accumulate: i32, scratch: usize,
): void {
  multiplyTiles<f64>(method, m, n, k, a, <usize>aRow << 3, <usize>aColumn << 3, packed, first, end, c, <usize>cRow << 3, accumulate != 0, scratch);
}
