import type { Memory, Pointer } from './memory.js';

const CHUNK = 1 << 20;

/**
 * Memory for one step: allocation moves a pointer, and everything goes at once with {@link reset}.
 * What a step took is kept for the next, as one chunk: a training loop's memory is flat after its largest step, also where the
 * steps' sizes differ.
 */
export class Arena {
  readonly #memory: Memory;
  #chunks: { start: Pointer; size: number; used: number }[] = [];
  #current = 0;
  /** Bytes of the next chunk, where it can be had. */
  #wanted = 0;
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
    const chunk = this.#newChunk(size, extents === undefined ? what : `${what} [${extents.join(', ')}]`);
    this.#chunks.push(chunk);
    return chunk.start;
  }

  #newChunk(used: number, what: string): { start: Pointer; size: number; used: number } {
    const least = Math.max(CHUNK, used);
    const size = Math.max(least, this.#wanted);
    this.#wanted = 0;
    try {
      return { start: this.#memory.allocate(size, what), size, used };
    } catch (error) {
      // What lay in pieces need not be had in one.
      if (size === least) throw error;
      return { start: this.#memory.allocate(least, what), size: least, used };
    }
  }

  /** Frees everything allocated since the last reset. */
  reset(): void {
    if (this.#chunks.length > 1) {
      this.#wanted = this.#chunks.reduce((total, { used }) => total + used, 0);
      this.#freeChunks();
    }
    for (const chunk of this.#chunks) chunk.used = 0;
    this.#current = 0;
    this.generation++;
  }

  #freeChunks(): void {
    for (const chunk of this.#chunks) this.#memory.free(chunk.start);
    this.#chunks = [];
  }

  /** Gives the chunks back to the memory. */
  dispose(): void {
    this.reset();
    this.#freeChunks();
  }
}
