// Moments of GELU, g(x) = x Phi(x), for X ~ N(mu, v). With w = 1 + v, s = sqrt(w), h = mu / s and He the Hermite polynomials,
// E[g] = mu Phi(h) + v phi(h) / s, and by Mehler's series Cov[g(X), g(Y)] = sum_j r^j alpha_j(X) alpha_j(Y), r = c / (s t):
//   alpha_1 = s (Phi(h) + h phi(h) / w), alpha_j = (-1)^j s (He_(j-2)(h) - He_j(h) / w) phi(h) / sqrt(j!).
// Off the diagonal, and for its gradients, 128 terms: an absolute error below 1e-9 s t up to |r| = 0.95, and 1e-4 s t at
// most, for variances that go to infinity. On it the exact variance, which is larger: always positive semidefinite.
import { indicatorSelf } from './gaussianIndicator';
import {
  arrayOf, blocksFor, coefficientsOf, correlationPair, DENSITY, diagonalStride, even, H, INVERSE, NEAR_ONE, ownSeries,
  prepareFeatures, PROBABILITY, seriesSum, storeSymmetric, tableOf, TAIL, writeCorrelations,
} from './gaussianSeries';
import { distance, normalDensityScalar, normalDistributionScalar, normalTail } from './math/normal';

/** v / (1 + v); 0 for a variance that is not above 0. */
// @ts-ignore: decorator
@inline
function ownCorrelation(variance: f64): f64 {
  return variance <= 0 ? 0 : variance / (1 + variance);
}

/** alpha_(m + 1) of every feature: one recurrence of He_j(-h) phi(h) / sqrt(j!), which has the signs. */
function fillGelu(features: usize, n: i32, blocks: i32): void {
  const table = tableOf(features, n);
  for (let i = 0; i < even(n); i++) {
    const at = features + (<usize>i << 3), own = coefficientsOf(table, i);
    const h = load<f64>(arrayOf(at, n, H)), density = load<f64>(arrayOf(at, n, DENSITY)), inverse = load<f64>(arrayOf(at, n, INVERSE));
    const s = inverse > 0 ? 1 / inverse : 0, share = inverse * inverse;
    store<f64>(own, s * (load<f64>(arrayOf(at, n, PROBABILITY)) + h * density * share));
    let before = density, last = -h * density;
    for (let j = 2; j <= blocks * 8; j++) {
      const hermite = (-h * last - sqrt<f64>(<f64>(j - 1)) * before) / sqrt<f64>(<f64>j);
      store<f64>(own + (<usize>(j - 1) << 4), s * (before / sqrt<f64>(<f64>j * <f64>(j - 1)) - hermite * share));
      before = last;
      last = hermite;
    }
  }
}

/** The exact variance for r >= 3/4, by E[g^2] = E[X^2 1(X > Z, X > Z')] for two standard normals Z and Z'. */
function varianceNearOne(features: usize, n: i32, i: i32, r: f64): f64 {
  const at = features + (<usize>i << 3);
  const h = load<f64>(arrayOf(at, n, H)), inverse = load<f64>(arrayOf(at, n, INVERSE)), density = load<f64>(arrayOf(at, n, DENSITY));
  const tail = load<f64>(arrayOf(at, n, TAIL)), s = 1 / inverse, w = s * s, v = w - 1;
  // At -|h|; above, g(x) = x + g(-x). (1 - r) / (1 + r) is 1 / (1 + 2 v).
  const low = -abs<f64>(h), mu = low * s, p = 1 / (1 + 2 * v), ratio = sqrt<f64>(p);
  const both = indicatorSelf(features, n, i, r, p, 0) + tail * tail;
  const first = density * normalTailOf(-low * ratio), joint = density * normalDensityScalar(low * ratio) * ratio;
  const square = (mu * mu + v) * both + first * v * low * (4 - 2 * r) + 2 * v * r * joint;
  const mean = mu * tail + v * density * inverse;
  const variance = square - mean * mean;
  return h > 0 ? variance + v * (1 - 2 * (tail + low * density * inverse * inverse)) : variance;
}

/** Phi(-z). */
// @ts-ignore: decorator
@inline
function normalTailOf(z: f64): f64 {
  return f64x2.extract_lane(normalTail(distance(f64x2.splat(z))), 0);
}

/** Means of GELU for means and variances [count], and what a gradient of them gives to both; `gradient` 0 for the means alone. */
export function gaussian_gelu_mean_f64(mean: usize, variance: usize, count: i32, gradient: usize, out: usize, toMean: usize, toVariance: usize): void {
  for (let i = 0; i < count; i++) {
    const at = <usize>i << 3;
    const mu = load<f64>(mean + at), v = load<f64>(variance + at), w = 1 + v, s = sqrt<f64>(w), h = mu / s;
    const density = normalDensityScalar(h), probability = normalDistributionScalar(h);
    if (!gradient) {
      store<f64>(out + at, mu * probability + v / s * density);
      continue;
    }
    const g = load<f64>(gradient + at);
    store<f64>(toMean + at, g * (probability + h * density / w));
    store<f64>(toVariance + at, g * 0.5 * density / s * (1 - (h * h - 1) / w));
  }
}

/** E[g'(X)] = Phi(h) + h phi(h) / w of means and variances [count], or what a gradient of it gives to both. */
export function gaussian_gelu_slope_f64(mean: usize, variance: usize, count: i32, gradient: usize, out: usize, toMean: usize, toVariance: usize): void {
  for (let i = 0; i < count; i++) {
    const at = <usize>i << 3;
    const mu = load<f64>(mean + at), w = 1 + load<f64>(variance + at), s = sqrt<f64>(w), h = mu / s;
    const density = normalDensityScalar(h), square = h * h;
    if (!gradient) {
      store<f64>(out + at, normalDistributionScalar(h) + h * density / w);
      continue;
    }
    // The second and the third derivative of the mean in mu; d/dv is half of d^2/dmu^2.
    const g = load<f64>(gradient + at);
    store<f64>(toMean + at, g * density / s * (1 - (square - 1) / w));
    store<f64>(toVariance + at, g * 0.5 * density / w * (h * (square - 3) / w - h));
  }
}

function prepare(mean: usize, spread: usize, n: i32, full: bool, correlations: usize, features: usize): i32 {
  const stride: usize = full ? diagonalStride(n) : 8;
  prepareFeatures(mean, spread, stride, n, 1, features);
  let largest = full ? writeCorrelations(spread, n, features, 2, correlations) : 0;
  for (let i = 0; i < n; i++) largest = max<f64>(largest, ownCorrelation(load<f64>(spread + <usize>i * stride)));
  return blocksFor(largest);
}

/** Covariance [n, n] (`full`) or variances [n] of GELU for means [n] and a covariance or variances. Scratch: gaussian_joint_scratch_f64(n) bytes. */
export function gaussian_gelu_f64(mean: usize, spread: usize, n: i32, full: bool, out: usize, scratch: usize): void {
  const stride: usize = full ? diagonalStride(n) : 8;
  const blocks = prepare(mean, spread, n, full, out, scratch);
  fillGelu(scratch, n, blocks);
  const table = tableOf(scratch, n);
  for (let i = 0; i < n; i++) {
    const r = ownCorrelation(load<f64>(spread + <usize>i * stride)), own = coefficientsOf(table, i);
    store<f64>(out + <usize>i * stride, r < NEAR_ONE ? r * ownSeries(own, r, blocks) : varianceNearOne(scratch, n, i, r));
    if (!full) continue;
    const row = out + <usize>i * (<usize>n << 3);
    for (let k = (i + 1) & ~1; k < n; k += 2) {
      const correlation = correlationPair(row, i, k, n);
      storeSymmetric(out, f64x2.mul(correlation, seriesSum(own, coefficientsOf(table, k), correlation, blocks)), i, k, n);
    }
  }
}

/**
 * What a gradient of gaussian_gelu_f64 gives to means [n] and the covariance or variances; toMean may not be the mean.
 * With c = r s t fixed: dCov/dmu = sum_j r^j sqrt(j + 1) / s alpha_(j+1) beta_j and
 * dCov/dv = sum_j r^j sqrt((j + 1)(j + 2)) / (2 w) alpha_(j+2) beta_j.
 */
export function gaussian_gelu_gradient_f64(
  mean: usize, spread: usize, n: i32, full: bool, gradient: usize, toMean: usize, toSpread: usize, scratch: usize,
): void {
  const stride: usize = full ? diagonalStride(n) : 8, rowBytes = <usize>n << 3;
  const blocks = prepare(mean, spread, n, full, toSpread, scratch);
  fillGelu(scratch, n, blocks);
  const table = tableOf(scratch, n), terms = blocks * 8;
  memory.fill(toMean, 0, rowBytes);
  for (let i = 0; i < n; i++) store<f64>(toSpread + <usize>i * stride, 0);
  for (let i = 0; i < n; i++) {
    const a = coefficientsOf(table, i), inverse = load<f64>(arrayOf(scratch, n, INVERSE) + (<usize>i << 3));
    const last = full ? n : i + 1;
    for (let k = i; k < last; k++) {
      const b = coefficientsOf(table, k), inverseOther = load<f64>(arrayOf(scratch, n, INVERSE) + (<usize>k << 3));
      const upper = <usize>i * rowBytes + (<usize>k << 3), lower = <usize>k * rowBytes + (<usize>i << 3);
      const own = i == k;
      const r = own ? ownCorrelation(load<f64>(spread + <usize>i * stride)) : load<f64>(toSpread + upper);
      const g = own ? load<f64>(gradient + <usize>i * stride) : load<f64>(gradient + upper) + load<f64>(gradient + lower);
      let power: f64 = 1, byCorrelation: f64 = 0, byMean: f64 = 0, byOther: f64 = 0, byVariance: f64 = 0, byOtherVariance: f64 = 0;
      for (let m = 0; m < terms - 2; m++) {
        const at = <usize>m << 4, j = <f64>(m + 1), root = sqrt<f64>(j + 1), next = root * sqrt<f64>(j + 2);
        const alpha = load<f64>(a + at), beta = load<f64>(b + at);
        byCorrelation += j * power * alpha * beta;
        power *= r;
        byMean += power * root * load<f64>(a + at, 16) * beta;
        byOther += power * root * load<f64>(b + at, 16) * alpha;
        byVariance += power * next * load<f64>(a + at, 32) * beta;
        byOtherVariance += power * next * load<f64>(b + at, 32) * alpha;
      }
      const byCovariance = g * byCorrelation * inverse * inverseOther;
      addTo(toMean + (<usize>i << 3), g * byMean * inverse);
      addTo(toMean + (<usize>k << 3), g * byOther * inverseOther);
      addTo(toSpread + <usize>i * stride, 0.5 * g * byVariance * inverse * inverse + (own ? byCovariance : 0));
      addTo(toSpread + <usize>k * stride, 0.5 * g * byOtherVariance * inverseOther * inverseOther);
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
