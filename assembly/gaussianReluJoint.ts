// Covariance of max(X, 0) + slope min(X, 0) for jointly Gaussian X. In units of the deviations, with h, k the standardised
// means and r the correlation, Cov[max(X, 0), max(Y, 0)] = r Phi(h) Phi(k) + sum_(j>=2) r^j / j! He_(j-2)(h) phi(h)
// He_(j-2)(k) phi(k), the integral over the correlation of the bivariate normal distribution (Price 1958).
import { gaussian_relu_marginals_f64 } from './gaussianRelu';
import {
  arrayOf, blocksFor, coefficientsOf, correlationPair, DEVIATION, diagonalStride, even, EXCESS, fillHermite, H, LOSS, NEAR_ONE, prepareFeatures, PROBABILITY,
  seriesBytes, seriesSum, storeSymmetric, tableOf, TAIL, TERMS, writeCorrelations,
} from './gaussianSeries';
import { firstMomentToOne } from './math/bivariateNormal';

/** E[(U - a)+ (V - b)+] of standard normals of correlation r, |r| >= 3/4; a, b >= 0, and a's and b's tail, loss and excess. */
function reluProduct(a: f64, b: f64, r: f64, tail: f64, loss: f64, excess: f64): f64 {
  const p = (1 - abs<f64>(r)) / (1 + abs<f64>(r));
  if (r < 0) return firstMomentToOne(a, -b, p);
  // At r = 1 only the farther bound counts; from there back, E = E_1 - (1 - r) Phi(-b) + int (s - r) phi2 ds.
  return excess + abs<f64>(a - b) * loss - (1 - r) * tail + firstMomentToOne(a, b, p);
}

/** Covariance over the product of the deviations, for |r| >= 3/4: means above 0 are reflected by max(x, 0) = x + max(-x, 0). */
function reluNearOne(features: usize, n: i32, i: i32, k: i32, r: f64): f64 {
  const one = features + (<usize>i << 3), other = features + (<usize>k << 3);
  const h = load<f64>(arrayOf(one, n, H)), g = load<f64>(arrayOf(other, n, H));
  const tailOne = load<f64>(arrayOf(one, n, TAIL)), tailOther = load<f64>(arrayOf(other, n, TAIL));
  const a = abs<f64>(h), b = abs<f64>(g);
  const farther = a > b ? one : other;
  let linear: f64 = 0;
  if (h > 0 && g > 0) linear = 1 - tailOne - tailOther;
  else if (h > 0) linear = tailOther;
  else if (g > 0) linear = tailOne;
  const reflected = (h > 0) != (g > 0) ? -r : r;
  const product = reluProduct(
    a, b, reflected, load<f64>(arrayOf(farther, n, TAIL)), load<f64>(arrayOf(farther, n, LOSS)), load<f64>(arrayOf(farther, n, EXCESS)),
  );
  return r * linear + product - load<f64>(arrayOf(one, n, LOSS)) * load<f64>(arrayOf(other, n, LOSS));
}

/** Replaces the lanes that the series leaves out. */
// @ts-ignore: decorator
@inline
function withNearOne(value: v128, near: v128, features: usize, n: i32, i: i32, k: i32, r: v128): v128 {
  if (i64x2.extract_lane(near, 0)) value = f64x2.replace_lane(value, 0, reluNearOne(features, n, i, k, f64x2.extract_lane(r, 0)));
  if (i64x2.extract_lane(near, 1)) value = f64x2.replace_lane(value, 1, reluNearOne(features, n, i, k + 1, f64x2.extract_lane(r, 1)));
  return value;
}

/** Bytes of scratch that the joint kernels need for n features. */
export function gaussian_joint_scratch_f64(n: i32): i32 {
  return seriesBytes(n);
}

/**
 * Covariance [n, n] of max(X, 0) + slope min(X, 0) for X ~ N(mean, covariance). `terms` of the series beyond
 * the linear one are taken off the diagonal; less than 0 is exact. The diagonal is exact always. An entry counts as the
 * mean of itself and its mirror image; a variance of 0 or less counts as 0.
 */
export function gaussian_relu_joint_f64(mean: usize, covariance: usize, n: i32, slope: f64, terms: i32, outCovariance: usize, scratch: usize): void {
  prepareFeatures(mean, covariance, diagonalStride(n), n, 0, scratch);
  writeDiagonal(mean, covariance, n, slope, outCovariance, tableOf(scratch, n));
  const exact = terms < 0;
  const bound: f64 = exact ? NEAR_ONE : 2;
  const largest = writeCorrelations(covariance, n, scratch, bound, outCovariance);
  const blocks = exact ? blocksFor(largest) : 1;
  fillHermite(scratch, n, 2, blocks, exact ? TERMS : terms);
  const weight = (1 - slope) * (1 - slope), cross = slope * (1 - slope);
  const table = tableOf(scratch, n), deviations = arrayOf(scratch, n, DEVIATION), probabilities = arrayOf(scratch, n, PROBABILITY);
  for (let i = 0; i < n - 1; i++) {
    const at = <usize>i << 3;
    const deviation = v128.load64_splat(deviations + at), probability = v128.load64_splat(probabilities + at);
    const row = outCovariance + at * <usize>n, one = coefficientsOf(table, i);
    for (let k = (i + 1) & ~1; k < n; k += 2) {
      const r = correlationPair(row, i, k, n);
      const near = f64x2.ge(f64x2.abs(r), f64x2.splat(bound));
      const series = seriesSum(one, coefficientsOf(table, k), v128.andnot(r, near), blocks);
      const other = v128.load(probabilities + (<usize>k << 3));
      let value = f64x2.mul(r, f64x2.add(f64x2.mul(probability, other), f64x2.mul(r, series)));
      if (v128.any_true(near)) value = withNearOne(value, near, scratch, n, i, k, r);
      if (slope != 0) {
        const linear = f64x2.add(f64x2.splat(slope * slope), f64x2.mul(f64x2.splat(cross), f64x2.add(probability, other)));
        value = f64x2.add(f64x2.mul(value, f64x2.splat(weight)), f64x2.mul(r, linear));
      }
      storeSymmetric(outCovariance, f64x2.mul(f64x2.mul(value, deviation), v128.load(deviations + (<usize>k << 3))), i, k, n);
    }
  }
}

/** The exact variances, by way of `room` for 3 arrays. */
function writeDiagonal(mean: usize, covariance: usize, n: i32, slope: f64, outCovariance: usize, room: usize): void {
  const stride = diagonalStride(n), bytes = <usize>even(n) << 3, variances = room + bytes, results = variances + bytes;
  for (let i = 0; i < n; i++) store<f64>(variances + (<usize>i << 3), load<f64>(covariance + <usize>i * stride));
  gaussian_relu_marginals_f64(mean, variances, n, slope, room, results);
  for (let i = 0; i < n; i++) store<f64>(outCovariance + <usize>i * stride, load<f64>(results + (<usize>i << 3)));
}
