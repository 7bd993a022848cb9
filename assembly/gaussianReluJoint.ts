// Covariance of max(X, 0) + slope min(X, 0) for jointly Gaussian X. In units of the deviations, with h, k the standardised
// means and r the correlation, Cov[max(X, 0), max(Y, 0)] = r Phi(h) Phi(k) + sum_(j>=2) r^j / j! He_(j-2)(h) phi(h)
// He_(j-2)(k) phi(k), the integral over the correlation of the bivariate normal distribution (Price 1958).
import { gaussian_relu_marginals_f64 } from './gaussianRelu';
import {
  arrayOf, blocksFor, coefficientsOf, correlationPair, DEVIATION, diagonalStride, even, EXCESS, fillHermite, H, LOSS, NEAR_ONE, prepareFeatures, PROBABILITY,
  seriesBytes, seriesSum, storeSymmetric, tableOf, TAIL, TERMS, writeCorrelations,
} from './gaussianSeries';
import { firstMomentToOne } from './math/bivariateNormal';

/**
 * Covariances over the products of the deviations of feature i and the pair at k, for |r| >= 3/4: means above 0 are reflected by
 * max(x, 0) = x + max(-x, 0), after which both bounds a = |h| and b = |k| are above the means. For a correlation below 0,
 * E[(U - a)+ (V - b)+] is an integral from -1; above, at 1 only the farther bound counts, and from there back
 * E = E_1 - (1 - r) Phi(-b) + int (s - r) phi2 ds.
 */
function reluNearOne(features: usize, n: i32, i: i32, k: i32, r: v128): v128 {
  const one = features + (<usize>i << 3), other = features + (<usize>k << 3);
  const zero = f64x2.splat(0), unit = f64x2.splat(1);
  const h = v128.load64_splat(arrayOf(one, n, H)), g = v128.load(arrayOf(other, n, H));
  const tailOne = v128.load64_splat(arrayOf(one, n, TAIL)), tailOther = v128.load(arrayOf(other, n, TAIL));
  const lossOne = v128.load64_splat(arrayOf(one, n, LOSS)), lossOther = v128.load(arrayOf(other, n, LOSS));
  const above = f64x2.gt(h, zero), aboveOther = f64x2.gt(g, zero), differ = v128.xor(above, aboveOther);
  const both = v128.and(v128.and(above, aboveOther), f64x2.sub(unit, f64x2.add(tailOne, tailOther)));
  const linear = v128.or(both, v128.and(differ, v128.bitselect(tailOther, tailOne, above)));
  const a = f64x2.abs(h), b = f64x2.abs(g), reflected = v128.bitselect(f64x2.neg(r), r, differ);
  const negative = f64x2.lt(reflected, zero), magnitude = f64x2.abs(r);
  const p = f64x2.div(f64x2.sub(unit, magnitude), f64x2.add(unit, magnitude));
  const moment = firstMomentToOne(a, v128.bitselect(f64x2.neg(b), b, negative), p);
  const farther = f64x2.gt(a, b);
  const excess = v128.bitselect(v128.load64_splat(arrayOf(one, n, EXCESS)), v128.load(arrayOf(other, n, EXCESS)), farther);
  const loss = v128.bitselect(lossOne, lossOther, farther), tail = v128.bitselect(tailOne, tailOther, farther);
  const atOne = f64x2.add(excess, f64x2.mul(f64x2.abs(f64x2.sub(a, b)), loss));
  const fromOne = v128.andnot(f64x2.sub(atOne, f64x2.mul(f64x2.sub(unit, magnitude), tail)), negative);
  return f64x2.sub(f64x2.add(f64x2.mul(r, linear), f64x2.add(fromOne, moment)), f64x2.mul(lossOne, lossOther));
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
      // The other lane, if it is not near, gets an unused value.
      if (v128.any_true(near)) value = v128.bitselect(reluNearOne(scratch, n, i, k, r), value, near);
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
