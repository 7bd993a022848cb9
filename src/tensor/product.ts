// The core's matrix product over operands anywhere in memory.
import type { Pointer } from '../core/index.js';
import type { Tape } from './tape.js';
import { kernelOf, type Tensor } from './tensor.js';

/** A matrix operand: rows x columns at an address with strides counted in elements. */
export interface Operand {
  pointer: Pointer;
  rowStride: number;
  columnStride: number;
}

/** A matrix, or its transpose, as an operand. */
export function operand(tensor: Tensor, transposed: boolean): Operand {
  const columns = tensor.shape[1]!;
  return transposed
    ? { pointer: tensor.source, rowStride: 1, columnStride: columns }
    : { pointer: tensor.source, rowStride: columns, columnStride: 1 };
}

/** out[m, n] = a[m, k] b[k, n]; `like` gives the core and dtype. @param outRow values from one row of `out` to the next */
export function product(like: Tensor, m: number, n: number, k: number, a: Operand, b: Operand, out: Pointer, outRow = n): void {
  const scratch = like.core.scratch(kernelOf(like, 'gemm_scratch')(m, n, k), 'matrix product');
  kernelOf(like, 'gemm')(
    m, n, k, a.pointer, a.rowStride, a.columnStride, b.pointer, b.rowStride, b.columnStride, out, outRow, 0, scratch,
  );
}

/** The dense method of gemm (assembly/gemm.ts). */
const DENSE = 0;

/** out[m, n] (+)= a[m, k] times a packed factor; a and out row after row. */
export type PackedProduct = (m: number, a: Pointer, out: Pointer, accumulate: boolean) => void;

/**
 * Packs a right factor [k, n], both extents at least 1, once for many products of few rows, which would spend a good part of their
 * time on packing it again. Same bits as {@link product}. The packed values live until the step ends.
 */
export function packFactor(tape: Tape, like: Tensor, n: number, k: number, b: Operand): PackedProduct {
  const panels = Math.ceil(n / kernelOf(like, 'gemm_panel_width')(DENSE));
  const bytes = panels * kernelOf(like, 'gemm_panel_width')(DENSE) * k * (like.dtype === 'float32' ? 4 : 8);
  const packed = tape.allocate(bytes, 'packed factor');
  kernelOf(like, 'gemm_pack')(DENSE, n, k, b.pointer, b.rowStride, b.columnStride, 0, panels, packed);
  return (m, a, out, accumulate) => {
    const scratch = like.core.scratch(kernelOf(like, 'gemm_private_bytes')(m, k), 'matrix product');
    kernelOf(like, 'gemm_tiles')(DENSE, m, n, k, a, k, 1, packed, 0, panels, out, n, accumulate ? 1 : 0, scratch);
  };
}
