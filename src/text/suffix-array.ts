// Suffix arrays in linear time: SA-IS (Nong, Zhang and Chan 2009, "Linear Suffix Array Construction by Almost Pure
// Induced-Sorting").

/** Suffixes by bucket of their first symbol; in a bucket those that are larger than the next suffix (L) come before the others (S). */
class Induction {
  readonly order: Int32Array;
  readonly isS: Uint8Array;
  readonly #text: Int32Array;
  readonly #startOfL: Int32Array;
  readonly #startOfS: Int32Array;

  constructor(text: Int32Array, symbols: number) {
    const size = text.length;
    this.#text = text;
    this.order = new Int32Array(size);
    this.isS = new Uint8Array(size);
    for (let i = size - 2; i >= 0; i--) {
      this.isS[i] = text[i] === text[i + 1] ? this.isS[i + 1]! : text[i]! < text[i + 1]! ? 1 : 0;
    }
    this.#startOfL = new Int32Array(symbols + 1);
    this.#startOfS = new Int32Array(symbols + 1);
    for (let i = 0; i < size; i++) (this.isS[i] === 1 ? this.#startOfL : this.#startOfS)[text[i]! + (this.isS[i] === 1 ? 1 : 0)]!++;
    // So far counts: of L by symbol, of S by the symbol after.
    let sum = 0;
    for (let symbol = 0; symbol <= symbols; symbol++) {
      sum += this.#startOfL[symbol]!;
      this.#startOfL[symbol] = sum;
      sum += this.#startOfS[symbol]!;
      this.#startOfS[symbol] = sum;
    }
  }

  /** Sorts all suffixes, given those that are S after an L (leftmost S) in order, or in the order of the text. */
  sort(leftmost: Int32Array): void {
    const { order, isS } = this;
    const text = this.#text;
    const size = text.length;
    order.fill(-1);
    const next = this.#startOfS.slice();
    for (const at of leftmost) order[next[text[at]!]!++] = at;
    next.set(this.#startOfL);
    order[next[text[size - 1]!]!++] = size - 1;
    for (let i = 0; i < size; i++) {
      const at = order[i]! - 1;
      if (at >= 0 && isS[at] === 0) order[next[text[at]!]!++] = at;
    }
    next.set(this.#startOfL);
    for (let i = size - 1; i >= 0; i--) {
      const at = order[i]! - 1;
      if (at >= 0 && isS[at] === 1) order[--next[text[at]! + 1]!] = at;
    }
  }
}

/** Where an S follows an L. */
function leftmostOf(isS: Uint8Array): Int32Array {
  const found = new Int32Array(isS.length >> 1);
  let count = 0;
  for (let i = 1; i < isS.length; i++) if (isS[i] === 1 && isS[i - 1] === 0) found[count++] = i;
  return found.slice(0, count);
}

/** Whether the text is the same from one leftmost S to the next as from another. */
function sameStretch(text: Int32Array, a: number, aEnd: number, b: number, bEnd: number): boolean {
  if (aEnd - a !== bEnd - b || aEnd === text.length || bEnd === text.length) return false;
  for (let i = aEnd - a; i >= 0; i--) if (text[a + i] !== text[b + i]) return false;
  return true;
}

/** Sorts the leftmost S by what follows them: names the stretches between them in order and sorts the text of names. */
function sortLeftmost(text: Int32Array, order: Int32Array, leftmost: Int32Array): Int32Array {
  const count = leftmost.length;
  // Where the stretch from a leftmost S is among all, plus 1; 0 elsewhere.
  const place = new Int32Array(text.length);
  for (let i = 0; i < count; i++) place[leftmost[i]!] = i + 1;
  const names = new Int32Array(count);
  let name = -1;
  let previous = -1;
  let previousEnd = 0;
  for (let i = 0; i < order.length; i++) {
    const at = order[i]!;
    const after = place[at]!;
    if (after === 0) continue;
    const end = after < count ? leftmost[after]! : text.length;
    if (previous < 0 || !sameStretch(text, previous, previousEnd, at, end)) name++;
    names[after - 1] = name;
    previous = at;
    previousEnd = end;
  }
  const sorted = suffixArray(names, name + 1);
  for (let i = 0; i < count; i++) sorted[i] = leftmost[sorted[i]!]!;
  return sorted;
}

/**
 * The positions of a text's suffixes in their order; a suffix comes before those that it begins.
 * @param text symbols from 0 to symbols - 1
 * @returns int32[text.length]
 */
export function suffixArray(text: Int32Array, symbols: number): Int32Array {
  if (text.length < 2) return new Int32Array(text.length);
  const induction = new Induction(text, symbols);
  const leftmost = leftmostOf(induction.isS);
  induction.sort(leftmost);
  if (leftmost.length > 1) induction.sort(sortLeftmost(text, induction.order, leftmost));
  return induction.order;
}
