// The step function's and, with 1 added to the variances, the probit's moments: Phi(X) = P(Z < X | X) for a standard normal
// Z, so Cov[Phi(X), Phi(Y)] is the covariance of the indicators of X - Z > 0 and Y - Z' > 0. Means are Phi(mu / s).
import { standardised } from './gaussianRelu';
import { indicatorPair, indicatorSelf } from './gaussianIndicator';
import {
  arrayOf, blocksFor, correlationPair, DENSITY, diagonalStride, fillHermite, H, INVERSE, NEAR_ONE, prepareFeatures, PROBABILITY, storeSymmetric, TERMS,
  writeCorrelations,
} from './gaussianSeries';
import { normalDensityScalar, normalDistribution, normalDistributionScalar } from './math/normal';
import { loadPairOr, storePair } from './vector';

/** The correlation of a feature with its twin, v / (v + added) of its variance v; 0 for a variance that is not above 0. */
// @ts-ignore: decorator
@inline
function ownCorrelation(variance: f64, added: f64): f64 {
  if (variance <= 0) return 0;
  return added == 0 ? 1 : min<f64>(1, variance / (variance + added));
}

/**
 * Covariance [n, n] (`full`), or variances [n], of the indicators of X > 0 for X of the given means and of the given covariance
 * or variances with `added` on the diagonal. Scratch: gaussian_joint_scratch_f64(n) bytes.
 */
export function gaussian_step_f64(mean: usize, spread: usize, n: i32, full: bool, added: f64, out: usize, scratch: usize): void {
  const stride: usize = full ? diagonalStride(n) : 8;
  prepareFeatures(mean, spread, stride, n, added, scratch);
  let largest = full ? writeCorrelations(spread, n, scratch, NEAR_ONE, out) : 0;
  for (let i = 0; i < n; i++) {
    const own = ownCorrelation(load<f64>(spread + <usize>i * stride), added);
    if (own < NEAR_ONE) largest = max<f64>(largest, own);
  }
  const blocks = blocksFor(largest);
  fillHermite(scratch, n, 1, blocks, TERMS);
  for (let i = 0; i < n; i++) {
    const v = load<f64>(spread + <usize>i * stride);
    store<f64>(out + <usize>i * stride, indicatorSelf(scratch, n, i, ownCorrelation(v, added), added / (2 * v + added), blocks));
    if (!full) continue;
    const row = out + <usize>i * (<usize>n << 3);
    for (let k = (i + 1) & ~1; k < n; k += 2) {
      storeSymmetric(out, indicatorPair(scratch, n, i, k, correlationPair(row, i, k, n), NEAR_ONE, blocks), i, k, n);
    }
  }
}

/** Phi(mu / sqrt(v + added)) of means and variances [count]; 1/2 where both are 0. */
export function gaussian_probability_f64(mean: usize, variance: usize, count: i32, added: f64, out: usize): void {
  for (let i = 0; i < count; i += 2) {
    const at = <usize>i << 3;
    const v = f64x2.add(loadPairOr<f64>(variance + at, count - i, 0), f64x2.splat(added));
    storePair<f64>(out + at, normalDistribution(standardised(loadPairOr<f64>(mean + at, count - i, 0), v)), count - i);
  }
}

/** What a gradient of the above gives to means and variances; 0 where the variance is not above 0. */
export function gaussian_probability_gradient_f64(
  mean: usize, variance: usize, count: i32, added: f64, gradient: usize, toMean: usize, toVariance: usize,
): void {
  for (let i = 0; i < count; i++) {
    const at = <usize>i << 3;
    const v = load<f64>(variance + at) + added, inverse = v <= 0 ? 0 : 1 / sqrt<f64>(v);
    const h = load<f64>(mean + at) * inverse;
    const byMean = load<f64>(gradient + at) * normalDensityScalar(h) * inverse;
    store<f64>(toMean + at, byMean);
    store<f64>(toVariance + at, -0.5 * h * inverse * byMean);
  }
}

/**
 * phi(h) / s, h = mu / s, s^2 = v + added, of means and variances [count] (the step's mean slope; 0 where s is 0), or what a
 * gradient of it, unless 0, gives to both.
 */
export function gaussian_density_f64(mean: usize, variance: usize, count: i32, added: f64, gradient: usize, out: usize, toMean: usize, toVariance: usize): void {
  for (let i = 0; i < count; i++) {
    const at = <usize>i << 3;
    const v = load<f64>(variance + at) + added, inverse = v <= 0 ? 0 : 1 / sqrt<f64>(v);
    const h = load<f64>(mean + at) * inverse, density = normalDensityScalar(h) * inverse;
    if (!gradient) {
      store<f64>(out + at, density);
      continue;
    }
    const weighted = load<f64>(gradient + at) * density;
    store<f64>(toMean + at, -h * inverse * weighted);
    store<f64>(toVariance + at, 0.5 * (h * h - 1) * inverse * inverse * weighted);
  }
}

/**
 * What a gradient of gaussian_step_f64 gives to means [n] and the covariance or variances; toMean may not be the mean. With
 * A = Phi((k - r h) / q): dI/dh = phi(h) (A - Phi(k)), dI/dr = phi(h) phi((k - r h) / q) / q, taken as 0 where q is.
 */
export function gaussian_step_gradient_f64(
  mean: usize, spread: usize, n: i32, full: bool, added: f64, gradient: usize, toMean: usize, toSpread: usize, scratch: usize,
): void {
  const stride: usize = full ? diagonalStride(n) : 8, rowBytes = <usize>n << 3;
  prepareFeatures(mean, spread, stride, n, added, scratch);
  if (full) writeCorrelations(spread, n, scratch, 2, toSpread);
  memory.fill(toMean, 0, rowBytes);
  for (let i = 0; i < n; i++) store<f64>(toSpread + <usize>i * stride, 0);
  for (let i = 0; i < n; i++) {
    const last = full ? n : i + 1;
    for (let k = i; k < last; k++) {
      const upper = <usize>i * rowBytes + (<usize>k << 3), lower = <usize>k * rowBytes + (<usize>i << 3);
      const own = i == k;
      const r = own ? ownCorrelation(load<f64>(spread + <usize>i * stride), added) : load<f64>(toSpread + upper);
      const g = own ? load<f64>(gradient + <usize>i * stride) : load<f64>(gradient + upper) + load<f64>(gradient + lower);
      const one = scratch + (<usize>i << 3), other = scratch + (<usize>k << 3);
      const h = load<f64>(arrayOf(one, n, H)), j = load<f64>(arrayOf(other, n, H));
      const inverse = load<f64>(arrayOf(one, n, INVERSE)), inverseOther = load<f64>(arrayOf(other, n, INVERSE));
      const q = sqrt<f64>((1 - r) * (1 + r)), divisor = max<f64>(q, 1e-300);
      const x = (j - r * h) / divisor;
      const byH = g * load<f64>(arrayOf(one, n, DENSITY)) * (normalDistributionScalar(x) - load<f64>(arrayOf(other, n, PROBABILITY)));
      const byOther = g * load<f64>(arrayOf(other, n, DENSITY)) * (normalDistributionScalar((h - r * j) / divisor) - load<f64>(arrayOf(one, n, PROBABILITY)));
      const byCorrelation = q == 0 ? 0 : g * load<f64>(arrayOf(one, n, DENSITY)) * normalDensityScalar(x) / q;
      const byCovariance = byCorrelation * inverse * inverseOther;
      addTo(toMean + (<usize>i << 3), byH * inverse);
      addTo(toMean + (<usize>k << 3), byOther * inverseOther);
      addTo(toSpread + <usize>i * stride, -0.5 * (h * byH + r * byCorrelation) * inverse * inverse + (own ? byCovariance : 0));
      addTo(toSpread + <usize>k * stride, -0.5 * (j * byOther + r * byCorrelation) * inverseOther * inverseOther);
      if (own) continue;
      store<f64>(toSpread + upper, 0.5 * byCovariance);
      store<f64>(toSpread + lower, 0.5 * byCovariance);
    }
  }
}

// @ts-ignore: decorator
@inline
function addTo(pointer: usize, value: f64): void {
  store<f64>(pointer, load<f64>(pointer) + value);
}
