// The stretches of text inside which pieces are found, each once.
import type { Texts } from './corpus.js';

/** Ends each sentence in the text of all. */
export const SENTENCE_END = 0;
const SPACE_POINT = 0x2581;
const FIRST_CAPACITY = 1 << 12;

/** Stretches of code points, each once, with how often it was added. */
export class StretchCounts {
  readonly starts: number[] = [];
  readonly ends: number[] = [];
  readonly counts: number[] = [];
  readonly points: Int32Array;
  readonly #hashes: number[] = [];
  /** Index of a stretch plus 1, 0 where a slot is free. */
  #slots = new Int32Array(FIRST_CAPACITY);

  constructor(points: Int32Array) {
    this.points = points;
  }

  add(start: number, end: number, count: number): void {
    let hash = end - start;
    for (let i = start; i < end; i++) hash = Math.imul(hash ^ this.points[i]!, 0x9e3779b1) ^ (hash >>> 15);
    const slot = this.#find(hash, start, end);
    const index = this.#slots[slot]! - 1;
    if (index >= 0) {
      this.counts[index]! += count;
      return;
    }
    this.#slots[slot] = this.starts.push(start);
    this.ends.push(end);
    this.counts.push(count);
    this.#hashes.push(hash);
    if (this.starts.length * 2 > this.#slots.length) this.#grow();
  }

  /** Orders two stretches by their code points. */
  compare(a: number, b: number): number {
    const { points } = this;
    const [from, other] = [this.starts[a]!, this.starts[b]!];
    const [length, otherLength] = [this.ends[a]! - from, this.ends[b]! - other];
    const shared = Math.min(length, otherLength);
    for (let i = 0; i < shared; i++) if (points[from + i] !== points[other + i]) return points[from + i]! - points[other + i]!;
    return length - otherLength;
  }

  #find(hash: number, start: number, end: number): number {
    const mask = this.#slots.length - 1;
    for (let slot = (hash ^ (hash >>> 16)) & mask; ; slot = (slot + 1) & mask) {
      const index = this.#slots[slot]! - 1;
      if (index < 0 || (this.#hashes[index] === hash && this.#isSame(index, start, end))) return slot;
    }
  }

  #isSame(index: number, start: number, end: number): boolean {
    const from = this.starts[index]!;
    if (this.ends[index]! - from !== end - start) return false;
    for (let i = end - start - 1; i >= 0; i--) if (this.points[from + i] !== this.points[start + i]) return false;
    return true;
  }

  #grow(): void {
    this.#slots = new Int32Array(this.#slots.length * 2);
    for (let index = 0; index < this.starts.length; index++) this.#slots[this.#find(this.#hashes[index]!, this.starts[index]!, this.ends[index]!)] = index + 1;
  }
}

/** All texts, each with {@link SENTENCE_END} behind it. */
function joinTexts({ points, starts, counts }: Texts): Int32Array {
  const joined = new Int32Array(points.length + counts.length);
  for (let i = 0; i < counts.length; i++) joined.set(points.subarray(starts[i]!, starts[i + 1]!), starts[i]! + i);
  return joined;
}

/**
 * Texts cut before every space, or whole; each stretch with the one character that follows it: the next space or
 * {@link SENTENCE_END}.
 */
export function cutIntoStretches(texts: Texts, atSpaces: boolean): StretchCounts {
  const points = joinTexts(texts);
  const stretches = new StretchCounts(points);
  for (let i = 0; i < texts.counts.length; i++) {
    const end = texts.starts[i + 1]! + i;
    for (let from = texts.starts[i]! + i; from < end;) {
      let to = atSpaces ? from + 1 : end;
      while (to < end && points[to] !== SPACE_POINT) to++;
      stretches.add(from, to + 1, texts.counts[i]!);
      from = to;
    }
  }
  return stretches;
}
