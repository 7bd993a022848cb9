// How darts-clone lays a word graph out as a double array (DoubleArrayBuilder of darts.h 0.32), to the same units.
import type { WordGraph } from './word-graph.js';

const BLOCK = 256;
/** Units that may still be moved into: those of the last 16 blocks. */
const OPEN = BLOCK * 16;
const UPPER = 0xff << 21;
const LOWER = 0xff;
const HAS_LEAF = 0x100;

class Builder {
  units = new Uint32Array(BLOCK);
  size = 0;
  readonly #graph: WordGraph;
  // A ring of the units that hold nothing yet.
  readonly #previous = new Uint32Array(OPEN);
  readonly #next = new Uint32Array(OPEN);
  readonly #isFixed = new Uint8Array(OPEN);
  /** Whether some node's children already start from here. */
  readonly #isUsed = new Uint8Array(OPEN);
  #head = 0;
  /** Where a shared unit's children were put. */
  readonly #offsetOfShared = new Map<number, number>();

  constructor(graph: WordGraph) {
    this.#graph = graph;
    this.#reserve(0);
    this.#isUsed[0] = 1;
    this.#setOffset(0, 1);
    if (graph.child(0) !== 0) this.#place(0, 0);
    const blocks = this.size / BLOCK;
    for (let block = Math.max(0, blocks - OPEN / BLOCK); block < blocks; block++) this.#fixBlock(block);
  }

  /** Puts a node's children, and theirs, into the array. */
  #place(unit: number, position: number): void {
    const graph = this.#graph;
    let child = graph.child(unit);
    const shared = this.#offsetOfShared.get(child);
    if (shared !== undefined) {
      const offset = (shared ^ position) >>> 0;
      if ((offset & UPPER) === 0 || (offset & LOWER) === 0) {
        if (graph.label(child) === 0) this.units[position]! |= HAS_LEAF;
        this.#setOffset(position, offset);
        return;
      }
    }
    const offset = this.#arrange(child, position);
    if (graph.isShared(child)) this.#offsetOfShared.set(child, offset);
    for (; child !== 0; child = graph.sibling(child)) {
      const label = graph.label(child);
      if (label !== 0) this.#place(child, (offset ^ label) >>> 0);
    }
  }

  /** Finds units for a node's children and labels them; returns their base. */
  #arrange(firstChild: number, position: number): number {
    const graph = this.#graph;
    const labels: number[] = [];
    for (let child = firstChild; child !== 0; child = graph.sibling(child)) labels.push(graph.label(child));
    const offset = this.#findOffset(position, labels);
    this.#setOffset(position, (position ^ offset) >>> 0);
    for (let child = firstChild; child !== 0; child = graph.sibling(child)) {
      const label = graph.label(child);
      const target = (offset ^ label) >>> 0;
      this.#reserve(target);
      if (label === 0) {
        this.units[position]! |= HAS_LEAF;
        this.units[target] = (graph.value(child) | 0x80000000) >>> 0;
      } else this.units[target] = ((this.units[target]! & ~0xff) | label) >>> 0;
    }
    this.#isUsed[offset % OPEN] = 1;
    return offset;
  }

  #findOffset(position: number, labels: readonly number[]): number {
    if (this.#head < this.size) {
      let unfixed = this.#head;
      do {
        const offset = (unfixed ^ labels[0]!) >>> 0;
        if (this.#isValid(position, offset, labels)) return offset;
        unfixed = this.#next[unfixed % OPEN]!;
      } while (unfixed !== this.#head);
    }
    return (this.size | (position & LOWER)) >>> 0;
  }

  #isValid(position: number, offset: number, labels: readonly number[]): boolean {
    if (this.#isUsed[offset % OPEN] === 1) return false;
    const relative = position ^ offset;
    if ((relative & LOWER) !== 0 && (relative & UPPER) !== 0) return false;
    for (let i = 1; i < labels.length; i++) if (this.#isFixed[((offset ^ labels[i]!) >>> 0) % OPEN] === 1) return false;
    return true;
  }

  #setOffset(position: number, offset: number): void {
    const kept = this.units[position]! & 0x800001ff;
    this.units[position] = (offset < 1 << 21 ? kept | (offset << 10) : kept | (offset << 2) | 0x200) >>> 0;
  }

  #reserve(position: number): void {
    if (position >= this.size) this.#expand();
    const slot = position % OPEN;
    const previous = this.#previous[slot]!;
    const next = this.#next[slot]!;
    if (position === this.#head) this.#head = next === position ? this.size : next;
    this.#next[previous % OPEN] = next;
    this.#previous[next % OPEN] = previous;
    this.#isFixed[slot] = 1;
  }

  #expand(): void {
    const start = this.size;
    const end = start + BLOCK;
    const blocks = start / BLOCK;
    const isFull = blocks + 1 > OPEN / BLOCK;
    if (isFull) this.#fixBlock(blocks - OPEN / BLOCK);
    if (end > this.units.length) {
      const larger = new Uint32Array(this.units.length * 2);
      larger.set(this.units);
      this.units = larger;
    }
    this.size = end;
    const [previous, next] = [this.#previous, this.#next];
    for (let id = start; id < end; id++) {
      if (isFull) this.#isUsed[id % OPEN] = this.#isFixed[id % OPEN] = 0;
      if (id > start) {
        next[(id - 1) % OPEN] = id;
        previous[id % OPEN] = id - 1;
      }
    }
    const head = this.#head % OPEN;
    const last = (end - 1) % OPEN;
    previous[start % OPEN] = end - 1;
    next[last] = start;
    previous[start % OPEN] = previous[head]!;
    next[last] = this.#head;
    next[previous[head]! % OPEN] = start;
    previous[head] = end - 1;
  }

  /** Labels a block's free units so that no walk can take them for children. */
  #fixBlock(block: number): void {
    const start = block * BLOCK;
    let unused = 0;
    for (let offset = start; offset < start + BLOCK; offset++) {
      if (this.#isUsed[offset % OPEN] === 1) continue;
      unused = offset;
      break;
    }
    for (let id = start; id < start + BLOCK; id++) {
      if (this.#isFixed[id % OPEN] === 1) continue;
      this.#reserve(id);
      this.units[id] = ((this.units[id]! & ~0xff) | ((id ^ unused) & 0xff)) >>> 0;
    }
  }
}

/** The double array of a finished word graph. */
export function buildDoubleArray(graph: WordGraph): Uint32Array {
  const builder = new Builder(graph);
  return builder.units.slice(0, builder.size);
}
