// The normal distribution's functions for plain numbers.
import { indicatorPair } from './gaussianIndicator';
import { arrayOf, blocksFor, fillHermite, NEAR_ONE, prepareFeatures, PROBABILITY, TERMS } from './gaussianSeries';
import { normalDensityScalar, normalDistributionScalar } from './math/normal';

/** exp(-x^2 / 2) / sqrt(2 pi). */
export function gaussian_density_of_f64(x: f64): f64 {
  return x == x ? normalDensityScalar(x) : x;
}

/** P(U <= x), to a relative accuracy of a few roundings in both tails. */
export function gaussian_distribution_of_f64(x: f64): f64 {
  return normalDistributionScalar(x);
}

/** P(U <= h, V <= k) of standard normals of correlation r in [-1, 1]. Scratch: gaussian_joint_scratch_f64(2) + 32 bytes. */
export function gaussian_bivariate_f64(h: f64, k: f64, r: f64, scratch: usize): f64 {
  if (h != h || k != k || !(abs<f64>(r) <= 1)) return NaN;
  // At +-1 the limits, which an infinite bound beside a finite one reaches too.
  if (h == -Infinity || k == -Infinity) return 0;
  const features = scratch + 32;
  store<f64>(scratch, h);
  store<f64>(scratch, k, 8);
  v128.store(scratch, f64x2.splat(1), 16);
  prepareFeatures(scratch, scratch + 16, 8, 2, 0, features);
  const blocks = blocksFor(abs<f64>(r) < NEAR_ONE ? abs<f64>(r) : 0);
  fillHermite(features, 2, 1, blocks, TERMS);
  const covariance = f64x2.extract_lane(indicatorPair(features, 2, 0, 0, f64x2.replace_lane(f64x2.splat(0), 1, r), NEAR_ONE, blocks), 1);
  const probabilities = arrayOf(features, 2, PROBABILITY);
  return max<f64>(0, load<f64>(probabilities) * load<f64>(probabilities, 8) + covariance);
}
