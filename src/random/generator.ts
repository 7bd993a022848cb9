import type { Core, Pointer } from '../core/index.js';
import { formatShape, kernelOf, sizeOf, Tensor, type DType, type Shape } from '../tensor/tensor.js';

/** Bytes of a CPU generator's state in PyTorch. */
export const GENERATOR_STATE_BYTES = 5056;
/** Words in MT19937's recurrence. */
const WORDS = 624;
// Where assembly/random.ts keeps the i32 position (next to the i32 flag of the twin) and the f64 twin.
const POSITION = 2500;
const TWIN = 2512;

/** A seed as PyTorch keeps it: modulo 2^64. */
function normalizeSeed(seed: number | bigint): bigint {
  if (typeof seed !== 'bigint' && !Number.isSafeInteger(seed)) {
    throw new (typeof seed === 'number' ? RangeError : TypeError)(
      `seed: expected a whole number up to 2^53 in size (or a bigint), got ${String(seed)}`,
    );
  }
  const whole = BigInt(seed);
  if (whole < -(2n ** 63n) || whole >= 2n ** 64n) throw new RangeError(`seed: expected -2^63 <= seed < 2^64, got ${whole}`);
  return BigInt.asUintN(64, whole);
}

function requireCount(what: string, value: number, most = 2 ** 31 - 1): void {
  if (!Number.isSafeInteger(value) || value < 0 || value > most) {
    throw new RangeError(`${what}: expected a whole number from 0 to ${most}, got ${value}`);
  }
}

function requireProbability(what: string, p: number): void {
  if (!(p >= 0 && p <= 1)) throw new RangeError(`${what}: expected a probability from 0 to 1, got ${p}`);
}

/**
 * PyTorch's CPU random stream: the same seed and the same calls give the same values
 * (aten/src/ATen/CPUGeneratorImpl.cpp over the MT19937 of Matsumoto & Nishimura 1998).
 * Every kind of draw agrees bit for bit with PyTorch on x86-64 without MKL, but float64 normals, which agree to 1e-14.
 *
 * Tensors it makes are persistent: dispose of them.
 *
 * @example
 * const generator = new Generator(core, 42);
 * generator.rand([4]).toArray(); // 0.8822692632675171, 0.9150039553642273, 0.38286375999450684, 0.9593056440353394
 */
export class Generator {
  readonly core: Core;
  readonly #state: Pointer;
  #initialSeed = 0n;
  #disposed = false;

  /**
   * @param seed as torch.manual_seed: a whole number; negative ones count from 2^64 down, and MT19937 takes the low 32 bits
   * @throws RangeError for a seed that is not whole or beyond 64 bits
   */
  constructor(core: Core, seed: number | bigint) {
    const whole = normalizeSeed(seed);
    this.core = core;
    this.#state = core.memory.allocate(core.kernels.random_state_bytes(), 'generator state');
    this.seed(whole);
  }

  /** The seed last given, modulo 2^64. */
  get initialSeed(): bigint {
    return this.#initialSeed;
  }

  /** Starts the stream again from a seed, as manual_seed does; forgets a cached normal. @throws RangeError as the constructor */
  seed(seed: number | bigint): void {
    const whole = normalizeSeed(seed);
    this.core.kernels.random_seed(this.#pointer, Number(whole & 0xffffffffn));
    this.#initialSeed = whole;
  }

  /** torch.rand: uniforms in [0, 1). */
  rand(shape: Shape, dtype: DType = 'float32'): Tensor {
    return this.fillRand(this.#make('rand', shape, dtype));
  }

  /** torch.randn: standard normals. */
  randn(shape: Shape, dtype: DType = 'float32'): Tensor {
    return this.fillNormal(this.#make('randn', shape, dtype), 0, 1);
  }

  /** torch.empty(shape).uniform_(from, to). @throws RangeError unless from <= to, both finite in the dtype, and their difference too */
  uniform(shape: Shape, from: number, to: number, dtype: DType = 'float32'): Tensor {
    requireBounds(from, to, dtype);
    return this.fillUniform(this.#make('uniform', shape, dtype), from, to);
  }

  /** torch.empty(shape).normal_(mean, std). @throws RangeError unless mean is finite and std finite and at least 0 */
  normal(shape: Shape, mean: number, std: number, dtype: DType = 'float32'): Tensor {
    requireMoments(mean, std);
    return this.fillNormal(this.#make('normal', shape, dtype), mean, std);
  }

  /** torch.bernoulli's in-place form: 1 with probability p, else 0. @throws RangeError unless 0 <= p <= 1 */
  bernoulli(p: number, shape: Shape, dtype: DType = 'float32'): Tensor {
    requireProbability('bernoulli: p', p);
    return this.#fillKept(this.#make('bernoulli', shape, dtype), p, 1);
  }

  /**
   * What F.dropout multiplies by: 1 / (1 - drop) where kept, else 0. Like PyTorch it draws nothing for drop = 0 or 1.
   * @throws RangeError unless 0 <= drop <= 1
   */
  dropoutMask(drop: number, shape: Shape, dtype: DType = 'float32'): Tensor {
    requireProbability('dropoutMask: drop', drop);
    return this.fillDropoutMask(this.#make('dropoutMask', shape, dtype), drop);
  }

  /** Fills a tensor as {@link rand}; returns it. */
  fillRand(tensor: Tensor): Tensor {
    kernelOf(tensor, 'random_unit')(this.#pointer, tensor.pointer, tensor.size);
    return tensor;
  }

  /** Fills a tensor as {@link uniform}; returns it. */
  fillUniform(tensor: Tensor, from: number, to: number): Tensor {
    requireBounds(from, to, tensor.dtype);
    kernelOf(tensor, 'random_uniform')(this.#pointer, tensor.pointer, tensor.size, from, to);
    return tensor;
  }

  /** Fills a tensor as {@link normal}; returns it. */
  fillNormal(tensor: Tensor, mean: number, std: number): Tensor {
    requireMoments(mean, std);
    kernelOf(tensor, 'random_normal')(this.#pointer, tensor.pointer, tensor.size, mean, std);
    return tensor;
  }

  /**
   * Fills a float32 tensor as {@link fillNormal}, from the same draws, with values that are off by at most 1e-6 (|mean| + 6 std):
   * for noise whose bits nothing of PyTorch's hangs on, in a third of the time. @throws TypeError for float64
   */
  fillNearNormal(tensor: Tensor, mean: number, std: number): Tensor {
    requireMoments(mean, std);
    if (tensor.dtype !== 'float32') throw new TypeError(`fillNearNormal: expected a float32 tensor, got ${tensor.dtype}`);
    this.core.kernels.random_near_normal_f32(this.#pointer, tensor.pointer, tensor.size, mean, std);
    return tensor;
  }

  /** Fills a tensor as {@link bernoulli}; returns it. */
  fillBernoulli(tensor: Tensor, p: number): Tensor {
    requireProbability('fillBernoulli: p', p);
    return this.#fillKept(tensor, p, 1);
  }

  /** Fills a tensor as {@link dropoutMask}; returns it. */
  fillDropoutMask(tensor: Tensor, drop: number): Tensor {
    requireProbability('fillDropoutMask: drop', drop);
    if (drop === 0 || drop === 1) {
      tensor.data.fill(1 - drop);
      return tensor;
    }
    const keep = 1 - drop;
    return this.#fillKept(tensor, keep, 1 / (tensor.dtype === 'float32' ? Math.fround(keep) : keep));
  }

  /** torch.randperm(n): 0..n-1 in random order. @throws RangeError unless n is a whole number below 2^31 */
  randperm(n: number): Int32Array {
    requireCount('randperm: n', n);
    const { core } = this;
    const output = core.scratch(n * 4, 'randperm');
    core.kernels.random_permutation(this.#pointer, output, n);
    return core.memory.i32(output, n).slice();
  }

  /**
   * torch.randint(low, high, shape), flat: an Int32Array when every possible value fits one, else plain numbers.
   * A range below 2^32 takes one 32-bit word a value, a larger one two (aten's random_from_to; PyTorch 2.7
   * and later change over at 2^28).
   * @throws RangeError unless low < high, both safe integers
   */
  randint(low: number, high: number, shape: number | Shape): Int32Array | number[] {
    if (!Number.isSafeInteger(low) || !Number.isSafeInteger(high) || low >= high) {
      throw new RangeError(`randint: expected whole numbers with low < high, got ${low} and ${high}`);
    }
    const count = typeof shape === 'number' ? shape : sizeOf(shape);
    requireCount('randint: count', count);
    const { core } = this;
    if (BigInt(high) - BigInt(low) >= 2n ** 32n) return this.#wideIntegers(BigInt(low), BigInt(high), count);
    const range = high - low;
    const output = core.scratch(count * 4, 'randint');
    if (low >= -(2 ** 31) && high <= 2 ** 31) {
      core.kernels.random_integers(this.#pointer, output, count, low, range);
      return core.memory.i32(output, count).slice();
    }
    core.kernels.random_integers(this.#pointer, output, count, 0, range);
    return Array.from(core.memory.i32(output, count), (value) => low + (value >>> 0));
  }

  /** torch.empty((), dtype=torch.int64).random_(): a whole number from 0 to 2^63 - 1. */
  randomInt64(): bigint {
    return BigInt.asUintN(63, this.#longs(1)[0]!);
  }

  /**
   * The state in PyTorch's own layout: torch.Generator().set_state(torch.tensor(list(bytes), dtype=torch.uint8))
   * goes on from here.
   */
  state(): Uint8Array {
    const { memory } = this.core;
    const words = new Uint32Array(memory.wasm.buffer, this.#pointer, WORDS);
    const [position, twinIsCached] = memory.i32(this.#pointer + POSITION, 2) as unknown as [number, number];
    const twin = memory.f64(this.#pointer + TWIN, 1)[0]!;
    return encodeState({ initialSeed: this.#initialSeed, words, position, twin: twinIsCached !== 0 ? twin : undefined });
  }

  /**
   * Goes on from a state that {@link state} or torch.Generator.get_state gave.
   * @throws RangeError for anything else, naming the entry that is wrong; the generator then stays as it was
   */
  restore(bytes: Uint8Array): void {
    const { initialSeed, words, position, twin } = decodeState(bytes);
    const { memory } = this.core;
    new Uint32Array(memory.wasm.buffer, this.#pointer, WORDS).set(words);
    memory.i32(this.#pointer + POSITION, 2).set([position, twin === undefined ? 0 : 1]);
    memory.f64(this.#pointer + TWIN, 1)[0] = twin ?? 0;
    this.#initialSeed = initialSeed;
  }

  /** A generator of its own that goes on from the same state. */
  clone(): Generator {
    const copy = new Generator(this.core, this.#initialSeed);
    copy.restore(this.state());
    return copy;
  }

  /** Gives the state's memory back. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.core.memory.free(this.#state);
  }

  get #pointer(): Pointer {
    if (this.#disposed) throw new Error('generator: used after dispose()');
    return this.#state;
  }

  #make(what: string, shape: Shape, dtype: DType): Tensor {
    if (dtype !== 'float32' && dtype !== 'float64') {
      throw new TypeError(`${what}: expected dtype 'float32' or 'float64', got ${String(dtype)}`);
    }
    if (!Array.isArray(shape)) throw new TypeError(`${what}: expected a shape such as [2, 3], got ${String(shape)}`);
    requireCount(`${what} ${formatShape(shape)}: size`, sizeOf(shape));
    void this.#pointer;
    return Tensor.zeros(this.core, shape, dtype, what);
  }

  #fillKept(tensor: Tensor, keep: number, value: number): Tensor {
    kernelOf(tensor, 'random_bernoulli')(this.#pointer, tensor.pointer, tensor.size, keep, value);
    return tensor;
  }

  #longs(count: number): BigUint64Array {
    const { core } = this;
    const output = core.scratch(count * 8, 'random_int64');
    core.kernels.random_int64(this.#pointer, output, count);
    return new BigUint64Array(core.memory.wasm.buffer, output, count);
  }

  #wideIntegers(low: bigint, high: bigint, count: number): number[] {
    return Array.from(this.#longs(count), (value) => Number(low + (value % (high - low))));
  }
}

function requireBounds(from: number, to: number, dtype: DType): void {
  const round = dtype === 'float32' ? Math.fround : (x: number) => x;
  const range = round(round(to) - round(from));
  if (!(from <= to && Number.isFinite(range))) {
    throw new RangeError(`uniform: expected from <= to, finite and with a finite difference in ${dtype}, got ${from} and ${to}`);
  }
}

function requireMoments(mean: number, std: number): void {
  if (!Number.isFinite(mean) || !(std >= 0 && std < Infinity)) {
    throw new RangeError(`normal: expected a finite mean and a finite std of at least 0, got ${mean} and ${std}`);
  }
}

/** What a generator's state says, apart from its bytes. */
interface GeneratorState {
  /** As a whole number modulo 2^64. */
  initialSeed: bigint;
  /** u32[624] */
  words: Uint32Array;
  /** The next word, 0..624; 625 when seeded and nothing is drawn yet. */
  position: number;
  /** The cached twin of a scalar normal. */
  twin: number | undefined;
}

// CPUGeneratorImplState of aten/src/ATen/CPUGeneratorImpl.cpp, little-endian:
// u64 the_initial_seed; i32 left; i32 seeded; u64 next; u64 state[624];
// f64 normal_x, normal_y, normal_rho; i32 normal_is_valid;             (as Torch 7 had it)
// f32 next_float_normal_sample; bool is_next_float_normal_sample_valid.
const LEFT = 8;
const SEEDED = 12;
const NEXT = 16;
const STATE = 24;
const NORMAL_Y = STATE + WORDS * 8 + 8;
const NORMAL_IS_VALID = NORMAL_Y + 16;
const FLOAT_IS_VALID = NORMAL_IS_VALID + 12;

/** PyTorch's 5056 bytes for a state. */
function encodeState({ initialSeed, words, position, twin }: GeneratorState): Uint8Array {
  const bytes = new Uint8Array(GENERATOR_STATE_BYTES);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, initialSeed, true);
  view.setInt32(LEFT, position > WORDS ? 1 : WORDS + 1 - position, true);
  view.setInt32(SEEDED, 1, true);
  view.setUint32(NEXT, position > WORDS ? 0 : position, true);
  words.forEach((word, i) => view.setUint32(STATE + 8 * i, word, true));
  if (twin !== undefined) {
    view.setFloat64(NORMAL_Y, twin, true);
    view.setInt32(NORMAL_IS_VALID, 1, true);
  }
  return bytes;
}

/** The state in PyTorch's 5056 bytes. @throws RangeError naming what is not as PyTorch writes it */
function decodeState(bytes: Uint8Array): GeneratorState {
  if (!(bytes instanceof Uint8Array)) throw new TypeError(`generator state: expected a Uint8Array, got ${typeof bytes}`);
  if (bytes.length !== GENERATOR_STATE_BYTES) {
    throw new RangeError(`generator state: expected ${GENERATOR_STATE_BYTES} bytes, got ${bytes.length}`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const left = view.getInt32(LEFT, true);
  const next = view.getBigUint64(NEXT, true);
  const isFresh = left === 1 && next === 0n;
  if (view.getInt32(SEEDED, true) !== 1) throw new RangeError('generator state: expected a seeded generator, got one that is not');
  if (!isFresh && (next < 1n || next > BigInt(WORDS) || left !== WORDS + 1 - Number(next))) {
    throw new RangeError(`generator state: expected left + next = ${WORDS + 1} (or 1 and 0 when new), got ${left} and ${next}`);
  }
  if (bytes[FLOAT_IS_VALID] !== 0) {
    throw new RangeError('generator state: expected no cached float32 normal (PyTorch caches float64 ones only), got one');
  }
  const words = new Uint32Array(WORDS);
  for (let i = 0; i < WORDS; i++) {
    words[i] = view.getUint32(STATE + 8 * i, true);
    const high = view.getUint32(STATE + 8 * i + 4, true);
    if (high !== 0) throw new RangeError(`generator state: expected word ${i} below 2^32, got ${view.getBigUint64(STATE + 8 * i, true)}`);
  }
  return {
    initialSeed: view.getBigUint64(0, true),
    words,
    position: isFresh ? WORDS + 1 : Number(next),
    twin: view.getInt32(NORMAL_IS_VALID, true) !== 0 ? view.getFloat64(NORMAL_Y, true) : undefined,
  };
}
