// PyTorch's CPU random stream: MT19937 (Matsumoto & Nishimura 1998) and PyTorch's transforms of its words
// (aten/src/ATen/core/MT19937RNGEngine.h, DistributionsHelper.h, native/cpu/DistributionTemplates.h).
//
// A state is random_state_bytes() bytes that the host owns, 16-byte aligned:
//   u32 word[624]      the recurrence
//   u32 wrap           word[0] of the block being made, so that the twist need not wrap
//   i32 position       next word, 0..624; 625 when seeded and nothing is drawn yet
//   i32 twinIsCached   a scalar normal was drawn and its twin waits
//   i32 (unused)
//   f64 twin, f64 (unused), v128 spill
// "u32" below is one tempered word; "u64" is two, the first one high.
import { logScalar } from './math/log';
import { cosScalar, sinScalar } from './math/sine';
import { transformBlockNearly } from './randomNear';
import { BLOCK, transformBlock, TWO_PI } from './randomNormal';
import { addRoundedToOdd, multiplyAddExactly } from './rounding';

const WORDS: i32 = 624;
const SHIFT: i32 = 397;
const POSITION: usize = 2500;
const TWIN_IS_CACHED: usize = 2504;
const TWIN: usize = 2512;
const SPILL: usize = 2528;
const FRESH: i32 = WORDS + 1;

const TWO_TO_MINUS_24: f64 = 1.0 / 16777216.0;
const TWO_TO_MINUS_53: f64 = 1.0 / 9007199254740992.0;

/** Bytes of a generator's state. */
export function random_state_bytes(): usize {
  return SPILL + 16;
}

/** Seeds with init_genrand(seed) and forgets the twin. */
export function random_seed(state: usize, seed: u32): void {
  let word = seed;
  store<u32>(state, word);
  for (let i = 1; i < WORDS; i++) {
    word = 1812433253 * (word ^ (word >> 30)) + <u32>i;
    store<u32>(state + (<usize>i << 2), word);
  }
  store<i32>(state + POSITION, FRESH);
  store<i32>(state + TWIN_IS_CACHED, 0);
  store<f64>(state + TWIN, 0.0);
}

/** Four words of the next block: those at `at`, with the ones after them and the ones SHIFT further. */
// @ts-ignore: decorator
@inline
function twistFour(at: usize, shifted: usize): void {
  const next = v128.load(at, 4);
  const joined = v128.or(
    v128.and(v128.load(at), i32x4.splat(0x80000000)),
    v128.and(next, i32x4.splat(0x7fffffff)),
  );
  const odd = v128.and(i32x4.neg(v128.and(next, i32x4.splat(1))), i32x4.splat(0x9908b0df));
  v128.store(at, v128.xor(v128.xor(v128.load(shifted), i32x4.shr_u(joined, 1)), odd));
}

/** Replaces the 624 words by the next 624. */
function twist(state: usize): void {
  twistFour(state, state + <usize>SHIFT * 4);
  store<u32>(state + <usize>WORDS * 4, load<u32>(state));
  let at = state + 16;
  // Up to word 227 the shifted words are the old block's, and at 227 itself the new block's first.
  for (const end = state + 228 * 4; at < end; at += 16) twistFour(at, at + <usize>SHIFT * 4);
  for (const end = state + <usize>WORDS * 4; at < end; at += 16) twistFour(at, at - <usize>(WORDS - SHIFT) * 4);
}

// @ts-ignore: decorator
@inline
function temper(word: u32): u32 {
  word ^= word >> 11;
  word ^= (word << 7) & 0x9d2c5680;
  word ^= (word << 15) & 0xefc60000;
  return word ^ (word >> 18);
}

// @ts-ignore: decorator
@inline
function temperFour(words: v128): v128 {
  words = v128.xor(words, i32x4.shr_u(words, 11));
  words = v128.xor(words, v128.and(i32x4.shl(words, 7), i32x4.splat(0x9d2c5680)));
  words = v128.xor(words, v128.and(i32x4.shl(words, 15), i32x4.splat(0xefc60000)));
  return v128.xor(words, i32x4.shr_u(words, 18));
}

// @ts-ignore: decorator
@inline
function nextWord(state: usize): u32 {
  let position = load<i32>(state + POSITION);
  if (position >= WORDS) {
    twist(state);
    position = 0;
  }
  store<i32>(state + POSITION, position + 1);
  return temper(load<u32>(state + (<usize>position << 2)));
}

// @ts-ignore: decorator
@inline
function nextLong(state: usize): u64 {
  const high = <u64>nextWord(state);
  return (high << 32) | <u64>nextWord(state);
}

// @ts-ignore: decorator
@inline
function nextDouble(state: usize): f64 {
  return <f64>(nextLong(state) & 0x1fffffffffffff) * TWO_TO_MINUS_53;
}

/** r (to - from) + from for four words, r = (u32 mod 2^24) / 2^24: `scale` is (to - from) / 2^24. */
// @ts-ignore: decorator
@inline
function placeFour(words: v128, scale: v128, from: v128): v128 {
  const bits = v128.and(words, i32x4.splat(0xffffff));
  const first = f64x2.mul(f64x2.convert_low_i32x4_s(bits), scale);
  const second = f64x2.mul(f64x2.convert_low_i32x4_s(v128.shuffle<i32>(bits, bits, 2, 3, 2, 3)), scale);
  return v128.shuffle<f32>(
    f32x4.demote_f64x2_zero(addRoundedToOdd(first, from)),
    f32x4.demote_f64x2_zero(addRoundedToOdd(second, from)), 0, 1, 4, 5,
  );
}

/** Fills output[count] with uniforms in [0, 1) (`unit`) or [from, to), one u32 each. */
// @ts-ignore: decorator
@inline
function fillSingles(state: usize, output: usize, count: i32, from: f32, to: f32, unit: bool): void {
  const unitScale = f32x4.splat(<f32>TWO_TO_MINUS_24), low = i32x4.splat(0xffffff);
  const scale = f64x2.splat(<f64>(to - from) * TWO_TO_MINUS_24), offset = f64x2.splat(<f64>from);
  let position = load<i32>(state + POSITION);
  while (count > 0) {
    if (position >= WORDS) {
      twist(state);
      position = 0;
    }
    const run = min(count, WORDS - position);
    let at = state + (<usize>position << 2);
    for (let left = run; left > 0; left -= 4) {
      const words = temperFour(v128.load(at));
      const values = unit ? f32x4.mul(f32x4.convert_i32x4_s(v128.and(words, low)), unitScale) : placeFour(words, scale, offset);
      if (left >= 4) {
        v128.store(output, values);
        output += 16;
      } else {
        v128.store(state + SPILL, values);
        memory.copy(output, state + SPILL, <usize>left << 2);
        output += <usize>left << 2;
      }
      at += 16;
    }
    position += run;
    count -= run;
  }
  store<i32>(state + POSITION, position);
}

const UNIT: i32 = 0;
const RANGE: i32 = 1;
const KEEP: i32 = 2;

/** What a pair of u64 draws (in two words each) becomes: see fillDoubles. */
// @ts-ignore: decorator
@inline
function placePair(words: v128, kind: i32, a: v128, b: v128): v128 {
  const high = v128.and(v128.shuffle<i32>(words, words, 0, 2, 0, 2), i32x4.splat(0x1fffff));
  const low = v128.shuffle<i32>(words, words, 1, 3, 1, 3);
  const r = f64x2.add(
    f64x2.mul(f64x2.convert_low_i32x4_u(high), f64x2.splat(4294967296.0 * TWO_TO_MINUS_53)),
    f64x2.mul(f64x2.convert_low_i32x4_u(low), f64x2.splat(TWO_TO_MINUS_53)),
  );
  if (kind == UNIT) return r;
  if (kind == RANGE) return multiplyAddExactly(r, b, a);
  return v128.and(f64x2.lt(r, a), b);
}

/**
 * Fills output[count] of T from u64 draws, r = (u64 mod 2^53) / 2^53:
 * UNIT r; RANGE r b + a; KEEP b where r < a, else 0.
 */
// @ts-ignore: decorator
@inline
function fillDoubles<T>(state: usize, output: usize, count: i32, kind: i32, a: f64, b: f64): void {
  const first = f64x2.splat(a), second = f64x2.splat(b);
  let position = load<i32>(state + POSITION);
  while (count > 0) {
    if (position >= WORDS) {
      twist(state);
      position = 0;
    }
    let words: v128, at = state + (<usize>position << 2);
    if (position == WORDS - 1) {
      // A draw that straddles two blocks.
      const high = load<u32>(at);
      twist(state);
      words = i32x4.replace_lane(i32x4.splat(high), 1, load<u32>(state));
      storeOne<T>(output, placePair(temperFour(words), kind, first, second));
      output += sizeof<T>();
      position = 1;
      count--;
      continue;
    }
    const run = min(count, (WORDS - position) >> 1);
    let left = run;
    for (; left >= 2; left -= 2) {
      const pair = placePair(temperFour(v128.load(at)), kind, first, second);
      if (sizeof<T>() == 8) v128.store(output, pair);
      else v128.store64_lane(output, f32x4.demote_f64x2_zero(pair), 0);
      output += 2 * sizeof<T>();
      at += 16;
    }
    if (left > 0) {
      words = i64x2.splat(load<u64>(at));
      storeOne<T>(output, placePair(temperFour(words), kind, first, second));
      output += sizeof<T>();
    }
    position += 2 * run;
    count -= run;
  }
  store<i32>(state + POSITION, position);
}

// @ts-ignore: decorator
@inline
function storeOne<T>(output: usize, pair: v128): void {
  store<T>(output, <T>f64x2.extract_lane(pair, 0));
}

/** rand: output f32[count] in [0, 1). */
export function random_unit_f32(state: usize, output: usize, count: i32): void {
  fillSingles(state, output, count, 0, 1, true);
}

/** rand: output f64[count] in [0, 1). */
export function random_unit_f64(state: usize, output: usize, count: i32): void {
  fillDoubles<f64>(state, output, count, UNIT, 0, 1);
}

/** uniform_: output f32[count], fma(r, to - from, from) rounded once. */
export function random_uniform_f32(state: usize, output: usize, count: i32, from: f32, to: f32): void {
  fillSingles(state, output, count, from, to, false);
}

/** uniform_: output f64[count], fma(r, to - from, from) rounded once. */
export function random_uniform_f64(state: usize, output: usize, count: i32, from: f64, to: f64): void {
  fillDoubles<f64>(state, output, count, RANGE, from, to - from);
}

/** bernoulli_: output f32[count], `value` where r < keep, else 0. */
export function random_bernoulli_f32(state: usize, output: usize, count: i32, keep: f64, value: f32): void {
  fillDoubles<f32>(state, output, count, KEEP, keep, <f64>value);
}

/** bernoulli_: output f64[count], `value` where r < keep, else 0. */
export function random_bernoulli_f64(state: usize, output: usize, count: i32, keep: f64, value: f64): void {
  fillDoubles<f64>(state, output, count, KEEP, keep, value);
}

/** randperm: output i32[n], Fisher-Yates from the front with u32 mod (n - i). */
export function random_permutation(state: usize, output: usize, n: i32): void {
  for (let i = 0; i < n; i++) store<i32>(output + (<usize>i << 2), i);
  for (let i = 0; i < n - 1; i++) {
    const here = output + (<usize>i << 2);
    const there = here + (<usize>(nextWord(state) % <u32>(n - i)) << 2);
    const value = load<i32>(here);
    store<i32>(here, load<i32>(there));
    store<i32>(there, value);
  }
}

/** randint for a range below 2^32: output i32[count] = low + u32 mod range, wrapped to 32 bits. */
export function random_integers(state: usize, output: usize, count: i32, low: i32, range: u32): void {
  for (let i = 0; i < count; i++) store<i32>(output + (<usize>i << 2), low + <i32>(nextWord(state) % range));
}

/** output u32[count][2]: u64 draws, each as its low and its high half. */
export function random_int64(state: usize, output: usize, count: i32): void {
  for (let i = 0; i < count; i++) store<u64>(output + (<usize>i << 3), nextLong(state));
}

/** One standard normal; its twin waits in the state. */
function nextNormal(state: usize): f64 {
  if (load<i32>(state + TWIN_IS_CACHED) != 0) {
    store<i32>(state + TWIN_IS_CACHED, 0);
    return load<f64>(state + TWIN);
  }
  const u1 = nextDouble(state), u2 = nextDouble(state);
  // 1 - u2 is exact, so this is log1p(-u2).
  const radius = sqrt<f64>(-2.0 * logScalar(1.0 - u2));
  const angle = TWO_PI * u1;
  store<f64>(state + TWIN, radius * sinScalar(angle));
  store<i32>(state + TWIN_IS_CACHED, 1);
  return radius * cosScalar(angle);
}

/** A block's transform: as PyTorch's to the bit, or nearly. */
// @ts-ignore: decorator
@inline
function transform<T>(data: usize, mean: f64, std: f64, nearly: bool): void {
  if (nearly) transformBlockNearly(data, f32x4.splat(<f32>mean), f32x4.splat(<f32>std));
  else transformBlock<T>(data, f64x2.splat(<f64>(<T>mean)), f64x2.splat(<f64>(<T>std)));
}

// @ts-ignore: decorator
@inline
function fillNormals<T>(state: usize, output: usize, count: i32, mean: f64, std: f64, nearly: bool): void {
  if (count < BLOCK) {
    for (let i = 0; i < count; i++) store<T>(output + <usize>i * sizeof<T>(), <T>(nextNormal(state) * std + mean));
    return;
  }
  if (sizeof<T>() == 4) random_unit_f32(state, output, count);
  else random_unit_f64(state, output, count);
  const whole = count & ~(BLOCK - 1);
  for (let i = 0; i < whole; i += BLOCK) transform<T>(output + <usize>i * sizeof<T>(), mean, std, nearly);
  if (whole == count) return;
  const last = output + <usize>(count - BLOCK) * sizeof<T>();
  if (sizeof<T>() == 4) random_unit_f32(state, last, BLOCK);
  else random_unit_f64(state, last, BLOCK);
  transform<T>(last, mean, std, nearly);
}

/**
 * normal_: output f32[count]. From 16 values on, blocks of 16 are transformed, and when count is not a
 * multiple of 16 the last 16 are drawn again; below 16, scalar draws in float64 that cache their twin.
 */
export function random_normal_f32(state: usize, output: usize, count: i32, mean: f64, std: f64): void {
  fillNormals<f32>(state, output, count, mean, std, false);
}

/** normal_: output f64[count]; as random_normal_f32, from u64 draws. */
export function random_normal_f64(state: usize, output: usize, count: i32, mean: f64, std: f64): void {
  fillNormals<f64>(state, output, count, mean, std, false);
}

/** output f32[count]: random_normal_f32's values from the same draws, nearly (see randomNear.ts), in a third of the time. */
export function random_near_normal_f32(state: usize, output: usize, count: i32, mean: f64, std: f64): void {
  fillNormals<f32>(state, output, count, mean, std, true);
}
