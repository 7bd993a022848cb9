/** A byte address in the core's memory. Only src/core and src/tensor handle these. */
export type Pointer = number;

const PAGE = 65_536;
const ALIGNMENT = 64;

function roundUp(bytes: number, multiple: number): number {
  return Math.ceil(bytes / multiple) * multiple;
}

/**
 * The host-owned bytes of one WebAssembly memory: a first-fit allocator whose book-keeping lives on
 * the JavaScript side, so that kernels never allocate. Blocks are 64-byte aligned.
 */
export class Memory {
  readonly wasm: WebAssembly.Memory;
  readonly maximumBytes: number;
  #free: { start: number; end: number }[] = [];
  #sizes = new Map<Pointer, number>();
  #end: number;

  /**
   * @param wasm memory the kernels import
   * @param heapBase first byte the host may use (static data of the module ends below it)
   * @param maximumBytes the bound given when `wasm` was made
   */
  constructor(wasm: WebAssembly.Memory, heapBase: number, maximumBytes: number) {
    this.wasm = wasm;
    this.maximumBytes = maximumBytes;
    this.#end = wasm.buffer.byteLength;
    const start = roundUp(heapBase, ALIGNMENT);
    if (start < this.#end) this.#free.push({ start, end: this.#end });
  }

  /** Bytes of memory now committed (it grows, and never shrinks). */
  get byteLength(): number {
    return this.#end;
  }

  /** Bytes now allocated. */
  get allocatedBytes(): number {
    let total = 0;
    for (const size of this.#sizes.values()) total += size;
    return total;
  }

  /**
   * @param bytes size, at least 0
   * @param what named in the error
   * @throws RangeError when the memory's bound, or the machine's, is reached
   */
  allocate(bytes: number, what: string): Pointer {
    if (!Number.isInteger(bytes) || bytes < 0) {
      throw new RangeError(`${what}: expected a whole number of bytes, got ${bytes}`);
    }
    const size = Math.max(ALIGNMENT, roundUp(bytes, ALIGNMENT));
    let block = this.#free.findIndex(({ start, end }) => end - start >= size);
    if (block < 0) {
      this.#grow(size, what);
      block = this.#free.length - 1;
    }
    const range = this.#free[block]!;
    const pointer = range.start;
    range.start += size;
    if (range.start === range.end) this.#free.splice(block, 1);
    this.#sizes.set(pointer, size);
    return pointer;
  }

  /** Gives a block back. @throws RangeError for an address that is not a live block's start */
  free(pointer: Pointer): void {
    const size = this.#sizes.get(pointer);
    if (size === undefined) throw new RangeError(`free: expected the start of a live block, got address ${pointer}`);
    this.#sizes.delete(pointer);
    let index = this.#free.findIndex(({ start }) => start > pointer);
    if (index < 0) index = this.#free.length;
    this.#free.splice(index, 0, { start: pointer, end: pointer + size });
    this.#mergeWithNext(index);
    if (index > 0) this.#mergeWithNext(index - 1);
  }

  /** Runs `body`, which allocates several blocks; when it throws, those it had are given back. */
  allOrNothing<T>(body: () => T): T {
    const before = new Set(this.#sizes.keys());
    try {
      return body();
    } catch (error) {
      for (const pointer of [...this.#sizes.keys()]) if (!before.has(pointer)) this.free(pointer);
      throw error;
    }
  }

  /** A view of `length` values; memory growth detaches it, so take it again after any allocation. */
  f32(pointer: Pointer, length: number): Float32Array {
    return new Float32Array(this.wasm.buffer, pointer, length);
  }
  f64(pointer: Pointer, length: number): Float64Array {
    return new Float64Array(this.wasm.buffer, pointer, length);
  }
  i32(pointer: Pointer, length: number): Int32Array {
    return new Int32Array(this.wasm.buffer, pointer, length);
  }
  u8(pointer: Pointer, length: number): Uint8Array {
    return new Uint8Array(this.wasm.buffer, pointer, length);
  }

  #mergeWithNext(index: number): void {
    const range = this.#free[index]!;
    const next = this.#free[index + 1];
    if (next !== undefined && range.end === next.start) {
      range.end = next.end;
      this.#free.splice(index + 1, 1);
    }
  }

  #grow(size: number, what: string): void {
    const last = this.#free[this.#free.length - 1];
    const tail = last !== undefined && last.end === this.#end ? this.#end - last.start : 0;
    const pages = Math.ceil((size - tail) / PAGE);
    const refuse = (why: string) =>
      new RangeError(
        `${what}: needs ${size} bytes, ${this.allocatedBytes} are in use and ${why}; ` +
          'use smaller batches or layers, or open the lab with a larger maximumBytes (at most 4 GiB)',
      );
    if (this.#end + pages * PAGE > this.maximumBytes) throw refuse(`the bound is ${this.maximumBytes}`);
    try {
      this.wasm.grow(pages);
    } catch {
      throw refuse('the machine gave no more');
    }
    const end = this.wasm.buffer.byteLength;
    if (tail > 0) last!.end = end;
    else this.#free.push({ start: this.#end, end });
    this.#end = end;
  }
}
