import type { Memory, Pointer } from './memory.js';

const CHUNK = 1 << 20;

/**
 * Memory for one step: allocation moves a pointer, and everything goes at once with {@link reset}.
 * Chunks are kept for the next step, so a training loop's memory is flat after its first step.
 */
export class Arena {
  readonly #memory: Memory;
  #chunks: { start: Pointer; size: number; used: number }[] = [];
  #current = 0;
  /** Counts resets: a tensor made in an earlier generation is stale. */
  generation = 0;

  constructor(memory: Memory) {
    this.#memory = memory;
  }

  /**
   * @param what named in the error, with the extents where there are any
   * @throws RangeError when memory is exhausted
   */
  allocate(bytes: number, what: string, extents?: readonly number[]): Pointer {
    const size = Math.max(64, Math.ceil(bytes / 64) * 64);
    for (; this.#current < this.#chunks.length; this.#current++) {
      const chunk = this.#chunks[this.#current]!;
      if (chunk.size - chunk.used >= size) {
        const pointer = chunk.start + chunk.used;
        chunk.used += size;
        return pointer;
      }
    }
    const chunkSize = Math.max(CHUNK, size);
    const start = this.#memory.allocate(chunkSize, extents === undefined ? what : `${what} [${extents.join(', ')}]`);
    this.#chunks.push({ start, size: chunkSize, used: size });
    return start;
  }

  /** Frees everything allocated since the last reset; the chunks stay. */
  reset(): void {
    for (const chunk of this.#chunks) chunk.used = 0;
    this.#current = 0;
    this.generation++;
  }

  /** Gives the chunks back to the memory. */
  dispose(): void {
    this.reset();
    for (const chunk of this.#chunks) this.#memory.free(chunk.start);
    this.#chunks = [];
  }
}
