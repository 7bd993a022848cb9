// Blocks of a core's memory for calls of its kernels by hand, and numbers to fill them with.
import { expect } from 'vitest';
import type { Core } from '../../src/core/index.js';

export type Suffix = 'f32' | 'f64';
export type Rows = number[][];

const GUARD = 64;

export function sizeOf(suffix: Suffix): number {
  return suffix === 'f32' ? 4 : 8;
}

export function rounded(values: readonly number[], suffix: Suffix): number[] {
  return suffix === 'f32' ? values.map(Math.fround) : [...values];
}

/** Pseudo-random numbers in [0, 1). */
export function uniform(seed: number): () => number {
  let state = seed >>> 0;
  return () => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32;
}

/** Blocks of the core's memory for one call, with bytes after each that must stay as they are. */
export class Blocks {
  #blocks: { pointer: number; bytes: number }[] = [];

  constructor(readonly on: Core, readonly suffix: Suffix) {}

  space(bytes: number): number {
    const pointer = this.on.memory.allocate(bytes + GUARD, 'test');
    this.on.memory.u8(pointer, bytes + GUARD).fill(0xa5);
    this.#blocks.push({ pointer, bytes });
    return pointer;
  }

  /** Rows `stride` values apart, NaN in between. */
  rows(rows: Rows, stride: number, suffix = this.suffix): number {
    const pointer = this.space(rows.length * stride * sizeOf(suffix));
    const values = this.#view(pointer, rows.length * stride, suffix).fill(NaN);
    rows.forEach((row, index) => values.set(row, index * stride));
    return pointer;
  }

  read(pointer: number, count: number, suffix = this.suffix): number[] {
    return Array.from(this.#view(pointer, count, suffix));
  }

  #view(pointer: number, count: number, suffix: Suffix): Float32Array | Float64Array {
    const { buffer } = this.on.memory.wasm;
    return suffix === 'f32' ? new Float32Array(buffer, pointer, count) : new Float64Array(buffer, pointer, count);
  }

  /** Frees all. @throws when a call wrote past an end */
  dispose(): void {
    for (const { pointer, bytes } of this.#blocks) {
      expect(this.on.memory.u8(pointer + bytes, GUARD).every((byte) => byte === 0xa5), 'bytes past the end').toBe(true);
      this.on.memory.free(pointer);
    }
  }
}
