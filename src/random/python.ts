const WORDS = 624;
const SHIFT = 397;

function describe(value: unknown): string {
  return typeof value === 'bigint' || typeof value === 'number' ? String(value) : typeof value;
}

function requireWhole(what: string, value: unknown, least = -Infinity): void {
  if (!Number.isSafeInteger(value) || (value as number) < least) {
    const bound = least === -Infinity ? '' : ` of at least ${least}`;
    throw new RangeError(`${what}: expected a whole number${bound}, got ${describe(value)}`);
  }
}

/** init_genrand of Matsumoto & Nishimura 1998. */
function seedWords(words: Uint32Array, seed: number): void {
  words[0] = seed;
  for (let i = 1; i < WORDS; i++) {
    const previous = words[i - 1]!;
    words[i] = Math.imul(1812433253, previous ^ (previous >>> 30)) + i;
  }
}

/** init_by_array of Matsumoto & Nishimura 1998. */
function seedByArray(words: Uint32Array, key: readonly number[]): void {
  seedWords(words, 19650218);
  let i = 1;
  const mixed = (factor: number) => words[i]! ^ Math.imul(words[i - 1]! ^ (words[i - 1]! >>> 30), factor);
  const advance = () => {
    if (++i < WORDS) return;
    words[0] = words[WORDS - 1]!;
    i = 1;
  };
  for (let k = 0, j = 0; k < Math.max(WORDS, key.length); k++) {
    words[i] = mixed(1664525) + key[j]! + j;
    advance();
    j = (j + 1) % key.length;
  }
  for (let k = 0; k < WORDS - 1; k++) {
    words[i] = mixed(1566083941) - i;
    advance();
  }
  words[0] = 0x80000000;
}

function twist(words: Uint32Array): void {
  for (let i = 0; i < WORDS; i++) {
    const next = words[(i + 1) % WORDS]!;
    const joined = (words[i]! & 0x80000000) | (next & 0x7fffffff);
    words[i] = words[(i + SHIFT) % WORDS]! ^ (joined >>> 1) ^ (next & 1 ? 0x9908b0df : 0);
  }
}

/**
 * Python's random.Random (Lib/random.py and Modules/_randommodule.c of CPython 3.11): the same seed and the same calls
 * give the same values, bit for bit. Integers and IEEE arithmetic only, so no core is needed.
 *
 * @example
 * new PythonRandom(42).random(); // 0.6394267984578837
 */
export class PythonRandom {
  readonly #words = new Uint32Array(WORDS);
  #position = WORDS;

  /** @param seed as random.seed(int): a whole number, whose sign does not count. @throws RangeError for any other */
  constructor(seed: number | bigint) {
    this.seed(seed);
  }

  /** Starts the stream again. @throws RangeError unless the seed is a bigint or a safe whole number */
  seed(seed: number | bigint): void {
    if (typeof seed !== 'bigint') requireWhole('seed', seed);
    let rest = BigInt(seed);
    if (rest < 0n) rest = -rest;
    const key = [Number(rest & 0xffffffffn)];
    for (rest >>= 32n; rest > 0n; rest >>= 32n) key.push(Number(rest & 0xffffffffn));
    seedByArray(this.#words, key);
    this.#position = WORDS;
  }

  /** random(): a float64 in [0, 1) of 53 bits. */
  random(): number {
    const high = this.#word() >>> 5;
    return (high * 67108864 + (this.#word() >>> 6)) / 9007199254740992;
  }

  /** uniform(low, high): low + (high - low) * random(). */
  uniform(low: number, high: number): number {
    return low + (high - low) * this.random();
  }

  /** getrandbits(bits). @throws RangeError unless bits is a whole number, at least 0 */
  getrandbits(bits: number): bigint {
    requireWhole('getrandbits: bits', bits, 0);
    let value = 0n;
    for (let shift = 0; shift < bits; shift += 32) {
      value |= BigInt(this.#word() >>> Math.max(0, 32 - (bits - shift))) << BigInt(shift);
    }
    return value;
  }

  /** randrange(stop): a whole number in [0, stop). @throws RangeError unless stop is a whole number of at least 1 */
  randrange(stop: number): number {
    requireWhole('randrange: stop', stop, 1);
    return this.#below(stop);
  }

  /** randint(low, high): a whole number in [low, high], both ends included. @throws RangeError unless low <= high, both whole */
  randint(low: number, high: number): number;
  randint(low: bigint, high: bigint): bigint;
  randint(low: number | bigint, high: number | bigint): number | bigint {
    if (low > high) throw new RangeError(`randint: expected low <= high, got ${low} and ${high}`);
    if (typeof low === 'bigint' && typeof high === 'bigint') return low + this.#belowLarge(high - low + 1n);
    requireWhole('randint: low', low);
    requireWhole('randint: high', high);
    const range = (high as number) - (low as number) + 1;
    if (range < 2 ** 32) return (low as number) + this.#below(range);
    return Number(BigInt(low) + this.#belowLarge(BigInt(high) - BigInt(low) + 1n));
  }

  /** choice(values). @throws RangeError when there is none */
  choice<T>(values: ArrayLike<T>): T {
    if (values.length === 0) throw new RangeError('choice: expected at least one value, got none');
    return values[this.#below(values.length)]!;
  }

  /**
   * choices(values, weights, k=count): `count` values with replacement.
   * @param weights relative, one for each value; all alike when left out
   * @throws RangeError unless there is a value, and the weights are as many, finite, and add up to more than 0
   */
  choices<T>(values: ArrayLike<T>, count: number, weights?: ArrayLike<number>): T[] {
    requireWhole('choices: count', count, 0);
    const n = values.length;
    if (n === 0) throw new RangeError('choices: expected at least one value, got none');
    if (weights === undefined) return Array.from({ length: count }, () => values[Math.floor(this.random() * n)]!);
    if (weights.length !== n) throw new RangeError(`choices: expected ${n} weights, got ${weights.length}`);
    let total = 0;
    const cumulative = Array.from(weights, (weight) => (total += weight));
    if (!(total > 0 && total < Infinity)) throw new RangeError(`choices: expected weights that add up to more than 0, got a sum of ${total}`);
    return Array.from({ length: count }, () => values[bisect(cumulative, this.random() * total, n - 1)]!);
  }

  /**
   * sample(values, k=count): `count` of the values, without replacement, in the order drawn.
   * @throws RangeError when count is more than there are
   */
  sample<T>(values: ArrayLike<T>, count: number): T[] {
    return Array.from(this.sampleIndices(values.length, count), (index) => values[index]!);
  }

  /** sample(range(n), k=count). @throws RangeError unless count is a whole number from 0 to n */
  sampleIndices(n: number, count: number): number[] {
    requireWhole('sample: n', n, 0);
    requireWhole('sample: count', count, 0);
    if (count > n) throw new RangeError(`sample: expected a count of at most ${n}, the number of values, got ${count}`);
    // Python keeps a list of what is left while that is smaller than a set of what was taken.
    let setSize = 21;
    if (count > 5) {
      let power = 1;
      while (power < 3 * count) power *= 4;
      setSize += power;
    }
    if (n <= setSize) {
      const left = Array.from({ length: n }, (_, i) => i);
      return Array.from({ length: count }, (_, i) => {
        const j = this.#below(n - i);
        const taken = left[j]!;
        left[j] = left[n - i - 1]!;
        return taken;
      });
    }
    const taken = new Set<number>();
    while (taken.size < count) taken.add(this.#below(n));
    return [...taken];
  }

  /** shuffle(values), in place; returns them. */
  shuffle<T extends { length: number; [index: number]: unknown }>(values: T): T {
    for (let i = values.length - 1; i > 0; i--) {
      const j = this.#below(i + 1);
      [values[i], values[j]] = [values[j], values[i]];
    }
    return values;
  }

  /** Python's getstate()[1]: the 624 words and the position, u32[625]. */
  state(): Uint32Array {
    const state = new Uint32Array(WORDS + 1);
    state.set(this.#words);
    state[WORDS] = this.#position;
    return state;
  }

  /** Goes on from what {@link state} gave. @throws RangeError for any other length, or a position beyond 624 */
  restore(state: ArrayLike<number>): void {
    if (state.length !== WORDS + 1) throw new RangeError(`state of Python's random: expected ${WORDS + 1} values, got ${state.length}`);
    const position = state[WORDS]!;
    if (!(Number.isInteger(position) && position >= 0 && position <= WORDS)) {
      throw new RangeError(`state of Python's random: expected a position from 0 to ${WORDS}, got ${position}`);
    }
    for (let i = 0; i < WORDS; i++) this.#words[i] = state[i]!;
    this.#position = position;
  }

  /** One tempered word. */
  #word(): number {
    if (this.#position === WORDS) {
      twist(this.#words);
      this.#position = 0;
    }
    let word = this.#words[this.#position++]!;
    word ^= word >>> 11;
    word ^= (word << 7) & 0x9d2c5680;
    word ^= (word << 15) & 0xefc60000;
    return (word ^ (word >>> 18)) >>> 0;
  }

  /** _randbelow: [0, n), by drawing n's number of bits until they are below it. */
  #below(n: number): number {
    if (n >= 2 ** 32) return Number(this.#belowLarge(BigInt(n)));
    const unused = Math.clz32(n);
    let value = this.#word() >>> unused;
    while (value >= n) value = this.#word() >>> unused;
    return value;
  }

  #belowLarge(n: bigint): bigint {
    const bits = n.toString(2).length;
    let value = this.getrandbits(bits);
    while (value >= n) value = this.getrandbits(bits);
    return value;
  }
}

/** The first index below `end` whose entry is greater than x, else `end`. */
function bisect(sorted: readonly number[], x: number, end: number): number {
  let low = 0;
  let high = end;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (x < sorted[middle]!) high = middle;
    else low = middle + 1;
  }
  return low;
}
