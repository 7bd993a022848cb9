const FIRST_CAPACITY = 1 << 10;
// An entry of the hash table: the parent's node, the code point below it, the child's node, the id of the piece that ends there.
const ENTRY = 4;
const CHILD = 2;
const ID = 3;

/**
 * Pieces by their code points, as a trie whose edges lie in one hash table: node 0 is the root, an entry of the table
 * is an edge and what it leads to. Walking and inserting take one look-up a character.
 */
export class PieceTrie {
  #table = new Int32Array(FIRST_CAPACITY * ENTRY);
  #mask = FIRST_CAPACITY - 1;
  #nodes = 0;

  /** @param expected characters of all pieces together, where known */
  constructor(expected = 0) {
    let capacity = FIRST_CAPACITY;
    while (capacity < expected * 2) capacity *= 2;
    this.#table = new Int32Array(capacity * ENTRY);
    this.#mask = capacity - 1;
  }

  /** Adds the piece made of code points `from` to `to`; one that is there gets the new id. */
  insert(points: Int32Array, from: number, to: number, id: number): void {
    let node = 0;
    let entry = 0;
    for (let i = from; i < to; i++) {
      if (this.#nodes * 2 > this.#mask) this.#grow();
      entry = this.#find(node, points[i]!);
      if (this.#table[entry + CHILD] === 0) {
        this.#table[entry] = node;
        this.#table[entry + 1] = points[i]!;
        this.#table[entry + CHILD] = ++this.#nodes;
        this.#table[entry + ID] = -1;
      }
      node = this.#table[entry + CHILD]!;
    }
    this.#table[entry + ID] = id;
  }

  /** The edge below a node, for {@link childOf} and {@link idOf}; -1 where there is none. */
  edge(node: number, point: number): number {
    const entry = this.#find(node, point);
    return this.#table[entry + CHILD] === 0 ? -1 : entry;
  }

  childOf(edge: number): number {
    return this.#table[edge + CHILD]!;
  }

  /** The id of the piece that ends with an edge, -1 where none does. */
  idOf(edge: number): number {
    return this.#table[edge + ID]!;
  }

  #find(node: number, point: number): number {
    const table = this.#table;
    const mask = this.#mask;
    let hash = Math.imul(node, 0x9e3779b1) ^ Math.imul(point, 0x85ebca6b);
    hash ^= hash >>> 15;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const entry = slot * ENTRY;
      if (table[entry + CHILD] === 0 || (table[entry] === node && table[entry + 1] === point)) return entry;
    }
  }

  #grow(): void {
    const old = this.#table;
    this.#table = new Int32Array(old.length * 2);
    this.#mask = this.#table.length / ENTRY - 1;
    for (let entry = 0; entry < old.length; entry += ENTRY) {
      if (old[entry + CHILD] === 0) continue;
      this.#table.set(old.subarray(entry, entry + ENTRY), this.#find(old[entry]!, old[entry + 1]!));
    }
  }
}
