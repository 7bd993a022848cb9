// How a kernel's call is cut into parts. A cut follows from the call's arguments alone, never from the
// number of threads; a part writes values of its own, in the kernel's own order.
import type { Kernels } from '../generated/kernels.js';
import { MOST_PARTS } from './control.js';

export type KernelName = keyof Kernels;

/** One call's cut. */
export interface Cut {
  /** Kernel that computes a part; by default the one that was called. */
  kernel?: KernelName;
  parts: number;
  /** The arguments of a part. */
  narrow(part: number): number[];
  /** Index of the argument that points to scratch, of which every thread has its own. */
  scratch?: number;
}

/** The cut of a call, or undefined when it is not worth one. */
export type Cutter = (args: readonly number[]) => Cut | undefined;

interface Along {
  /** Index of the extent's argument. */
  extent: number;
  /** Units of the extent in a part. */
  per: number;
  /** Pointers that move with the extent, and by how many bytes a unit. */
  pointers: readonly (readonly [argument: number, bytes: number])[];
  kernel?: KernelName;
  scratch?: number;
}

/** Cuts along one extent; a null pointer stays one. */
export function cutAlong(args: readonly number[], { extent, per, pointers, ...rest }: Along): Cut | undefined {
  const total = args[extent]!;
  const parts = Math.ceil(total / per);
  if (!(parts >= 2 && parts <= MOST_PARTS)) return undefined;
  const narrow = (part: number) => {
    const start = part * per;
    const narrowed = args.slice();
    narrowed[extent] = Math.min(per, total - start);
    for (const [argument, bytes] of pointers) if (narrowed[argument] !== 0) narrowed[argument]! += start * bytes;
    return narrowed;
  };
  return { parts, narrow, ...rest };
}

/** Cuts a flat array of `extent` values, `per` a part. */
export function flat(extent: number, per: number, pointers: readonly number[], size: number): Cutter {
  const moving = pointers.map((argument) => [argument, size] as const);
  return (args) => cutAlong(args, { extent, per, pointers: moving });
}

/** Rows of `columns` values that hold at least `values`, a multiple of 8. */
export function rowsHolding(values: number, columns: number): number {
  return Math.max(8, Math.ceil(values / Math.max(1, columns) / 8) * 8);
}
