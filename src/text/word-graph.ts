// Darts-clone's directed acyclic word graph: a trie over bytes whose equal subtrees are one. The order in which nodes
// and states are numbered is darts.h's own (DawgBuilder), since it decides where the double array puts them.

/** Numbers in a row that grows by appending. */
class Numbers {
  values = new Uint32Array(1024);
  size = 0;

  push(value: number): void {
    if (this.size === this.values.length) {
      const larger = new Uint32Array(this.size * 2);
      larger.set(this.values);
      this.values = larger;
    }
    this.values[this.size++] = value;
  }

  pop(): number {
    return this.values[--this.size]!;
  }

  get top(): number {
    return this.values[this.size - 1]!;
  }
}

/** Thomas Wang's integer hash. */
function hash(key: number): number {
  let h = (~key + (key << 15)) >>> 0;
  h = (h ^ (h >>> 12)) >>> 0;
  h = (h + (h << 2)) >>> 0;
  h = (h ^ (h >>> 4)) >>> 0;
  h = Math.imul(h, 2057) >>> 0;
  return (h ^ (h >>> 16)) >>> 0;
}

const IS_STATE = 2;
const HAS_SIBLING = 1;
const FIRST_TABLE_SIZE = 1024;

/**
 * Built by inserting keys in the order of their bytes, then {@link finish}. A unit is `child * 4 + is state * 2 + has
 * sibling`; below a label of 0, the end of a key, it is `value * 2 + has sibling`. Siblings stand side by side.
 */
export class WordGraph {
  readonly #units = new Numbers();
  readonly #labels = new Numbers();
  /** For each unit, 1 where several parents share it. */
  readonly #shared = new Numbers();
  // The keys that may still grow: a tree of nodes, the last one inserted on the stack.
  readonly #child = new Numbers();
  readonly #sibling = new Numbers();
  readonly #label = new Numbers();
  readonly #flags = new Numbers();
  readonly #stack = new Numbers();
  readonly #recycled = new Numbers();
  #table = new Uint32Array(FIRST_TABLE_SIZE);
  #states = 1;

  constructor() {
    this.#appendNode();
    this.#appendUnit();
    this.#label.values[0] = 0xff;
    this.#stack.push(0);
  }

  /**
   * @param key its first `length` bytes, none of them 0
   * @param value a whole number from 0 below 2^31
   */
  insert(key: Uint8Array, length: number, value: number): void {
    const child = this.#child;
    let id = 0;
    let at = 0;
    for (; at <= length; at++) {
      const next = child.values[id]!;
      if (next === 0) break;
      if (at < length && key[at]! > this.#label.values[next]!) {
        this.#flags.values[next]! |= HAS_SIBLING;
        this.#flush(next);
        break;
      }
      id = next;
    }
    for (; at <= length; at++) {
      const next = this.#appendNode();
      if (child.values[id] === 0) this.#flags.values[next]! |= IS_STATE;
      this.#sibling.values[next] = child.values[id]!;
      this.#label.values[next] = at < length ? key[at]! : 0;
      child.values[id] = next;
      this.#stack.push(next);
      id = next;
    }
    child.values[id] = value;
  }

  finish(): void {
    this.#flush(0);
    this.#units.values[0] = this.#unitOfNode(0);
    this.#labels.values[0] = this.#label.values[0]!;
  }

  get size(): number {
    return this.#units.size;
  }

  /** A unit's first child. */
  child(unit: number): number {
    return this.#units.values[unit]! >>> 2;
  }

  /** The unit beside it, 0 where there is none. */
  sibling(unit: number): number {
    return (this.#units.values[unit]! & HAS_SIBLING) !== 0 ? unit + 1 : 0;
  }

  /** What the key that ends at a unit of label 0 maps to. */
  value(unit: number): number {
    return this.#units.values[unit]! >>> 1;
  }

  label(unit: number): number {
    return this.#labels.values[unit]!;
  }

  isShared(unit: number): boolean {
    return this.#shared.values[unit] === 1;
  }

  #appendUnit(): number {
    this.#units.push(0);
    this.#labels.push(0);
    this.#shared.push(0);
    return this.#units.size - 1;
  }

  #appendNode(): number {
    if (this.#recycled.size === 0) {
      this.#child.push(0);
      this.#sibling.push(0);
      this.#label.push(0);
      this.#flags.push(0);
      return this.#child.size - 1;
    }
    const id = this.#recycled.pop();
    this.#child.values[id] = this.#sibling.values[id] = this.#label.values[id] = this.#flags.values[id] = 0;
    return id;
  }

  #unitOfNode(node: number): number {
    const flags = this.#flags.values[node]!;
    const child = this.#child.values[node]!;
    return this.#label.values[node] === 0 ? ((child << 1) | (flags & HAS_SIBLING)) >>> 0 : ((child << 2) | flags) >>> 0;
  }

  /** Turns the nodes above `id` on the stack into units, or finds the units that equal them. */
  #flush(id: number): void {
    while (this.#stack.top !== id) {
      const node = this.#stack.pop();
      if (this.#states >= this.#table.length - (this.#table.length >> 2)) this.#expandTable();
      let slot = this.#hashOfNode(node) % this.#table.length;
      while (this.#table[slot] !== 0 && !this.#areEqual(node, this.#table[slot]!)) slot = (slot + 1) % this.#table.length;
      const found = this.#table[slot]!;
      if (found !== 0) this.#shared.values[found] = 1;
      else {
        this.#table[slot] = this.#writeUnits(node);
        this.#states++;
      }
      this.#recycle(node);
      this.#child.values[this.#stack.top] = this.#table[slot]!;
    }
    this.#stack.pop();
  }

  /** @returns the first of the units: a node's siblings come last first */
  #writeUnits(node: number): number {
    let unit = 0;
    for (let i = node; i !== 0; i = this.#sibling.values[i]!) unit = this.#appendUnit();
    for (let i = node; i !== 0; i = this.#sibling.values[i]!, unit--) {
      this.#units.values[unit] = this.#unitOfNode(i);
      this.#labels.values[unit] = this.#label.values[i]!;
    }
    return unit + 1;
  }

  #recycle(node: number): void {
    for (let i = node, next = 0; i !== 0; i = next) {
      next = this.#sibling.values[i]!;
      this.#recycled.push(i);
    }
  }

  #expandTable(): void {
    const table = new Uint32Array(this.#table.length * 2);
    for (let unit = 1; unit < this.#units.size; unit++) {
      if (this.#labels.values[unit] !== 0 && (this.#units.values[unit]! & IS_STATE) === 0) continue;
      let slot = this.#hashOfUnit(unit) % table.length;
      while (table[slot] !== 0) slot = (slot + 1) % table.length;
      table[slot] = unit;
    }
    this.#table = table;
  }

  #hashOfUnit(unit: number): number {
    let value = 0;
    for (let i = unit; i !== 0; i = this.sibling(i)) value ^= hash(((this.#labels.values[i]! << 24) ^ this.#units.values[i]!) >>> 0);
    return value >>> 0;
  }

  #hashOfNode(node: number): number {
    let value = 0;
    for (let i = node; i !== 0; i = this.#sibling.values[i]!) value ^= hash(((this.#label.values[i]! << 24) ^ this.#unitOfNode(i)) >>> 0);
    return value >>> 0;
  }

  #areEqual(node: number, first: number): boolean {
    let unit = first;
    for (let i = this.#sibling.values[node]!; i !== 0; i = this.#sibling.values[i]!) {
      if (this.sibling(unit) === 0) return false;
      unit++;
    }
    if (this.sibling(unit) !== 0) return false;
    for (let i = node; i !== 0; i = this.#sibling.values[i]!, unit--) {
      if (this.#unitOfNode(i) !== this.#units.values[unit] || this.#label.values[i] !== this.#labels.values[unit]) return false;
    }
    return true;
  }
}
