// Darts-clone's double array (Yata, github.com/s-yata/darts-clone 0.32), the trie inside a compiled normalisation map.
// A unit is 32 bits: label in bits 0-7, has-leaf in bit 8, offset in bits 10-31, scaled by 256 where bit 9 is set; a
// leaf has bit 31 and its value.

const LEAF_OR_LABEL = 0x800000ff;

function offsetOf(unit: number): number {
  return (unit >>> 10) << ((unit & 0x200) >>> 6);
}

/** A trie over bytes that is only read. */
export class DoubleArray {
  readonly units: Uint32Array;
  /** Of the last {@link longestPrefix}: its value. */
  value = 0;

  constructor(units: Uint32Array) {
    this.units = units;
  }

  /**
   * The longest key that begins at a byte.
   * @returns its length in bytes, 0 where there is none; its value is then in {@link value}
   */
  longestPrefix(bytes: Uint8Array, at: number, end: number): number {
    const { units } = this;
    let longest = 0;
    // Outside a damaged array a unit is undefined, whose bits are 0.
    let node = offsetOf(units[0]!);
    for (let i = at; i < end; i++) {
      node ^= bytes[i]!;
      const unit = units[node]!;
      if ((unit & LEAF_OR_LABEL) !== bytes[i]!) break;
      node ^= offsetOf(unit);
      if ((unit & 0x100) !== 0) {
        longest = i + 1 - at;
        this.value = units[node]! & 0x7fffffff;
      }
    }
    return longest;
  }

  /** Whether a byte is a key, or begins one whose second byte is ASCII too. */
  hasAsciiKey(first: number): boolean {
    const { units } = this;
    const node = offsetOf(units[0]!) ^ first;
    const unit = units[node]!;
    if ((unit & LEAF_OR_LABEL) !== first) return false;
    if ((unit & 0x100) !== 0) return true;
    const base = node ^ offsetOf(unit);
    for (let byte = 1; byte < 0x80; byte++) if ((units[base ^ byte]! & LEAF_OR_LABEL) === byte) return true;
    return false;
  }
}
