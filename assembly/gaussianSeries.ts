// What the covariances of functions of a Gaussian share. Cov[f(X), g(Y)] = sum_j r^j alpha_j(X) beta_j(Y) with
// alpha_j = E[f(X) He_j(U)] / sqrt(j!) (Mehler 1866): a table of coefficients a feature, and a power series in r a pair.
// Every truncation, with its diagonal made exact, is positive semidefinite. From |r| = 3/4 on, math/bivariateNormal.ts.
//
// Features are float64 arrays of n rounded up to even, one after the other (constants below); the table holds, for every
// pair of features, TERMS pairs of coefficients.
import { densityOf, distance, lossShare, tailShare } from './math/normal';

/** mu / s, within 40 of 0. */
export const H: i32 = 0;
/** 1 / s, 0 where the variance is not above 0. */
export const INVERSE: i32 = 1;
export const DEVIATION: i32 = 2;
/** phi(h), Phi(-|h|), E[(U - |h|)+], E[(U - |h|)+^2] and Phi(h) of a standard normal U. */
export const DENSITY: i32 = 3;
export const TAIL: i32 = 4;
export const LOSS: i32 = 5;
export const EXCESS: i32 = 6;
export const PROBABILITY: i32 = 7;
export const FEATURE_ARRAYS: i32 = 8;

export const TERMS: i32 = 128;
const BLOCK: i32 = 8;
/** Correlations from here on are no matter of the series. */
export const NEAR_ONE: f64 = 0.75;
/** A block whose power of r is not above 2^-50 adds less than 1e-17 of the deviations' product. */
const LEAST_POWER: f64 = 8.881784197001252e-16;

/** n rounded up to even. */
// @ts-ignore: decorator
@inline
export function even(n: i32): i32 {
  return (n + 1) & ~1;
}

/** Bytes of the features' arrays and of the table. */
export function seriesBytes(n: i32): i32 {
  return even(n) * (FEATURE_ARRAYS + TERMS) << 3;
}

// @ts-ignore: decorator
@inline
export function arrayOf(features: usize, n: i32, which: i32): usize {
  return features + (<usize>(even(n) * which) << 3);
}

// @ts-ignore: decorator
@inline
export function tableOf(features: usize, n: i32): usize {
  return arrayOf(features, n, FEATURE_ARRAYS);
}

/** Where a feature's coefficients begin; they lie 16 bytes apart. */
// @ts-ignore: decorator
@inline
export function coefficientsOf(table: usize, feature: i32): usize {
  return table + <usize>(feature >> 1) * (TERMS << 4) + (<usize>(feature & 1) << 3);
}

/** Value `i` of an array, where there is one. */
// @ts-ignore: decorator
@inline
function strided(base: usize, i: i32, n: i32, stride: usize, rest: f64): f64 {
  return i < n ? load<f64>(base + <usize>i * stride) : rest;
}

/** Two values of an array with a stride in bytes; `rest` beyond the end. */
// @ts-ignore: decorator
@inline
export function stridedPair(base: usize, i: i32, n: i32, stride: usize, rest: f64): v128 {
  return f64x2.replace_lane(f64x2.splat(strided(base, i, n, stride, rest)), 1, strided(base, i + 1, n, stride, rest));
}

/** Bytes from a variance to the next in a covariance [n, n]. */
// @ts-ignore: decorator
@inline
export function diagonalStride(n: i32): usize {
  return <usize>(n + 1) << 3;
}

/** Fills the arrays from means [n] and variances, `stride` bytes apart, `added` to each. */
export function prepareFeatures(mean: usize, variance: usize, stride: usize, n: i32, added: f64, features: usize): void {
  const zero = f64x2.splat(0), one = f64x2.splat(1);
  for (let i = 0; i < n; i += 2) {
    const at = features + (<usize>i << 3);
    const mu = stridedPair(mean, i, n, 8, 0);
    const v = f64x2.add(stridedPair(variance, i, n, stride, 0), f64x2.splat(added));
    const spread = v128.not(f64x2.le(v, zero));
    const s = f64x2.sqrt(v128.and(v, spread));
    const inverse = v128.and(f64x2.div(one, s), spread);
    const raw = v128.andnot(f64x2.div(mu, s), v128.and(f64x2.eq(mu, zero), v128.not(spread)));
    const z = distance(raw);
    const positive = f64x2.gt(mu, zero);
    const density = densityOf(z);
    const tail = f64x2.mul(density, tailShare(z)), loss = f64x2.mul(density, lossShare(z));
    v128.store(arrayOf(at, n, H), v128.bitselect(z, f64x2.neg(z), positive));
    v128.store(arrayOf(at, n, INVERSE), inverse);
    v128.store(arrayOf(at, n, DEVIATION), s);
    v128.store(arrayOf(at, n, DENSITY), density);
    v128.store(arrayOf(at, n, TAIL), tail);
    v128.store(arrayOf(at, n, LOSS), loss);
    v128.store(arrayOf(at, n, EXCESS), f64x2.sub(tail, f64x2.mul(z, loss)));
    v128.store(arrayOf(at, n, PROBABILITY), v128.bitselect(f64x2.sub(one, tail), tail, positive));
  }
}

/**
 * Correlations to the entries above the diagonal of `out` [n, n] (which may be the covariance), each from the mean of the two
 * entries it is given as, clipped to [-1, 1].
 * @returns the largest magnitude below `bound`
 */
export function writeCorrelations(covariance: usize, n: i32, features: usize, bound: f64, out: usize): f64 {
  const inverses = arrayOf(features, n, INVERSE), stride = <usize>n << 3;
  let largest: f64 = 0;
  for (let i = 0; i < n; i++) {
    const inverse = load<f64>(inverses + (<usize>i << 3));
    const row = <usize>i * stride, column = <usize>i << 3;
    for (let k = i + 1; k < n; k++) {
      const at = row + (<usize>k << 3);
      const c = 0.5 * (load<f64>(covariance + at) + load<f64>(covariance + <usize>k * stride + column));
      // One factor at a time: the inverses' product may overflow where neither of these does.
      const r = max<f64>(-1, min<f64>(1, c * inverse * load<f64>(inverses + (<usize>k << 3))));
      const magnitude = abs<f64>(r);
      if (magnitude < bound && magnitude > largest) largest = magnitude;
      store<f64>(out + at, r);
    }
  }
  return largest;
}

/** Blocks of the series that correlations up to `largest` need. */
export function blocksFor(largest: f64): i32 {
  let power: f64 = 1, blocks = 0;
  const square = largest * largest, fourth = square * square;
  for (; blocks < TERMS / BLOCK && power > LEAST_POWER; blocks++) power *= fourth * fourth;
  return blocks;
}

/**
 * Coefficients He_m(h) phi(h) / sqrt((m + offset)!) of every feature for the blocks, 0 from `terms` on: ReLU's with offset 2
 * (m + 2 the power of r), the step's with offset 1. offset is 1 or 2.
 */
export function fillHermite(features: usize, n: i32, offset: i32, blocks: i32, terms: i32): void {
  const table = tableOf(features, n), pairs = even(n) >> 1;
  const h = arrayOf(features, n, H), density = arrayOf(features, n, DENSITY);
  const first = f64x2.splat(offset == 2 ? 0.7071067811865476 : 1);
  for (let m = 0; m < blocks * BLOCK; m++) {
    // He_m = h He_(m - 1) - (m - 1) He_(m - 2).
    const linear = f64x2.splat(1 / sqrt<f64>(<f64>(m + offset)));
    const quadratic = f64x2.splat(<f64>(m - 1) / sqrt<f64>(<f64>(m + offset) * <f64>(m + offset - 1)));
    for (let pair = 0; pair < pairs; pair++) {
      const at = table + <usize>pair * (TERMS << 4) + (<usize>m << 4);
      let value = f64x2.splat(0);
      if (m < terms) {
        if (m == 0) value = f64x2.mul(v128.load(density + (<usize>pair << 4)), first);
        else value = f64x2.mul(f64x2.mul(v128.load(h + (<usize>pair << 4)), linear), v128.load(at - 16));
        if (m > 1) value = f64x2.sub(value, f64x2.mul(quadratic, v128.load(at - 32)));
      }
      v128.store(at, value);
    }
  }
}

/** sum_m r^m a_m b_m over at most `blocks` blocks: `one` are a single feature's coefficients, `pair` two neighbours'. */
// @ts-ignore: decorator
@inline
export function seriesSum(one: usize, pair: usize, r: v128, blocks: i32): v128 {
  const square = f64x2.mul(r, r), fourth = f64x2.mul(square, square), eighth = f64x2.mul(fourth, fourth);
  let sum = f64x2.splat(0), power = f64x2.splat(1);
  for (let block = 0; block < blocks; block++) {
    let part = f64x2.mul(v128.load64_splat(one, 112), v128.load(pair, 112));
    part = f64x2.add(f64x2.mul(part, r), f64x2.mul(v128.load64_splat(one, 96), v128.load(pair, 96)));
    part = f64x2.add(f64x2.mul(part, r), f64x2.mul(v128.load64_splat(one, 80), v128.load(pair, 80)));
    part = f64x2.add(f64x2.mul(part, r), f64x2.mul(v128.load64_splat(one, 64), v128.load(pair, 64)));
    part = f64x2.add(f64x2.mul(part, r), f64x2.mul(v128.load64_splat(one, 48), v128.load(pair, 48)));
    part = f64x2.add(f64x2.mul(part, r), f64x2.mul(v128.load64_splat(one, 32), v128.load(pair, 32)));
    part = f64x2.add(f64x2.mul(part, r), f64x2.mul(v128.load64_splat(one, 16), v128.load(pair, 16)));
    part = f64x2.add(f64x2.mul(part, r), f64x2.mul(v128.load64_splat(one), v128.load(pair)));
    sum = f64x2.add(sum, f64x2.mul(power, part));
    power = f64x2.mul(power, eighth);
    // A lane that has enough takes no more, whatever its neighbour needs.
    power = v128.and(power, f64x2.gt(f64x2.abs(power), f64x2.splat(LEAST_POWER)));
    if (!v128.any_true(power)) break;
    one += 128;
    pair += 128;
  }
  return sum;
}

/** Correlations of row i with the pair of columns at k, of which those not above the diagonal count as 0. */
// @ts-ignore: decorator
@inline
export function correlationPair(row: usize, i: i32, k: i32, n: i32): v128 {
  let r = f64x2.splat(0);
  if (k > i) r = v128.load_lane<f64>(row + (<usize>k << 3), r, 0);
  if (k + 1 < n) r = v128.load_lane<f64>(row + (<usize>k << 3), r, 1, 8);
  return r;
}

/** Stores a pair above the diagonal, and mirrored. */
// @ts-ignore: decorator
@inline
export function storeSymmetric(out: usize, value: v128, i: i32, k: i32, n: i32): void {
  const stride = <usize>n << 3;
  const row = out + <usize>i * stride + (<usize>k << 3), column = out + <usize>k * stride + (<usize>i << 3);
  if (k > i) {
    v128.store_lane<f64>(row, value, 0);
    v128.store_lane<f64>(column, value, 0);
  }
  if (k + 1 < n) {
    v128.store_lane<f64>(row, value, 1, 8);
    v128.store_lane<f64>(column + stride, value, 1);
  }
}

/** sum_m r^m a_m^2 of one feature's coefficients. */
export function ownSeries(one: usize, r: f64, blocks: i32): f64 {
  let sum: f64 = 0, power: f64 = 1;
  for (let m = 0; m < blocks * BLOCK && power > LEAST_POWER; m++) {
    const a = load<f64>(one + (<usize>m << 4));
    sum += power * a * a;
    power *= r;
  }
  return sum;
}
