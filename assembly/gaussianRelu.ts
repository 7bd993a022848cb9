// Mean and variance of f(X), f(x) = max(x, 0) + slope min(x, 0), for X ~ N(mu, v), element by element.
// With h = mu / s, z = |h|, l = phi(z) G(z) = E[(U - z)+], e = phi(z) R(z) - z l = E[(U - z)+^2] of a standard normal U:
// E[max(X, 0)] = max(mu, 0) + s l; Var[max(X, 0)] / v = e - l^2 for h <= 0 and 1 - e - 2 z l - l^2 for h > 0,
// neither of which cancels. The rest of a leaky one follows from f(x) = slope x + (1 - slope) max(x, 0).
import { denominator, densityOf, distance, lossNumerator, lossShare, normalDensity, tailNumerator, tailShare } from './math/normal';
import { loadPairOr, storePair } from './vector';

/**
 * E[(U - 37)+] is 1e-301: from here on it counts as 0. Subnormal means and variances would make the products of the next layer
 * several times slower.
 */
const VANISHED: f64 = 37;

/** mu / sqrt(v), infinite for v <= 0, and 0 where that is 0 / 0. */
// @ts-ignore: decorator
@inline
export function standardised(mean: v128, variance: v128): v128 {
  const zero = f64x2.splat(0);
  const h = f64x2.div(mean, f64x2.sqrt(f64x2.pmax(zero, variance)));
  return v128.andnot(h, v128.and(f64x2.eq(mean, zero), f64x2.le(variance, zero)));
}

/** Lanes of `value` where `positive` is set, 0 elsewhere; an infinite or NaN lane that is dropped does no harm. */
// @ts-ignore: decorator
@inline
function where(positive: v128, value: v128): v128 {
  return v128.and(value, positive);
}

/** `leaky` is a constant wherever this is called. */
// @ts-ignore: decorator
@inline
function marginals(leaky: bool, mean: usize, variance: usize, count: i32, slope: f64, outMean: usize, outVariance: usize): void {
  const zero = f64x2.splat(0), one = f64x2.splat(1);
  const weight = f64x2.splat(1 - slope);
  for (let i = 0; i < count; i += 2) {
    const at = <usize>i << 3;
    const mu = loadPairOr<f64>(mean + at, count - i, 0), v = loadPairOr<f64>(variance + at, count - i, 0);
    const spread = v128.not(f64x2.le(v, zero));
    const s = f64x2.sqrt(where(spread, v));
    const h = f64x2.div(mu, s);
    const z = distance(where(spread, h));
    const vanished = f64x2.ge(z, f64x2.splat(VANISHED));
    const density = v128.andnot(normalDensity(v128.andnot(z, vanished)), vanished);
    const scale = f64x2.div(density, denominator(z));
    const tail = f64x2.mul(scale, tailNumerator(z)), loss = f64x2.mul(scale, lossNumerator(z));
    const excess = f64x2.sub(tail, f64x2.mul(z, loss));
    const square = f64x2.mul(loss, loss);
    const positive = f64x2.gt(mu, zero);
    const below = f64x2.sub(excess, square);
    const above = f64x2.sub(one, f64x2.add(excess, f64x2.add(f64x2.mul(f64x2.add(z, z), loss), square)));
    let m = f64x2.add(f64x2.pmax(zero, mu), f64x2.mul(s, where(spread, loss)));
    let ratio = f64x2.pmax(zero, v128.bitselect(above, below, positive));
    if (leaky) {
      const probability = v128.bitselect(f64x2.sub(one, tail), tail, positive);
      m = f64x2.add(f64x2.mul(f64x2.splat(slope), mu), f64x2.mul(weight, m));
      ratio = f64x2.mul(f64x2.mul(weight, weight), ratio);
      ratio = f64x2.add(ratio, f64x2.mul(f64x2.splat(2 * slope * (1 - slope)), probability));
      ratio = f64x2.pmax(zero, f64x2.add(ratio, f64x2.splat(slope * slope)));
    }
    storePair<f64>(outMean + at, m, count - i);
    storePair<f64>(outVariance + at, where(spread, f64x2.mul(v, ratio)), count - i);
  }
}

/**
 * Mean and variance of max(X, 0) + slope min(X, 0) for X ~ N(mean, variance); a variance of 0 or less counts as 0, and so does
 * what lies 37 deviations from the mean.
 * Pointers to float64[count]; outputs may be the inputs.
 */
export function gaussian_relu_marginals_f64(mean: usize, variance: usize, count: i32, slope: f64, outMean: usize, outVariance: usize): void {
  if (slope == 0) marginals(false, mean, variance, count, slope, outMean, outVariance);
  else marginals(true, mean, variance, count, slope, outMean, outVariance);
}

/**
 * What gradients of the mean and of the variance above (either may be address 0 for none) give to the input's mean and
 * variance. With m = E[max(X, 0)]: dm/dmu = Phi(h), dm/dv = phi(h) / (2 s), dV/dmu = 2 m (1 - Phi(h)),
 * dV/dv = Phi(h) - m phi(h) / s for ReLU. At v = 0 the slope in v is its limit where mu is not 0, and the part that
 * grows without bound at mu = 0 is left out.
 */
export function gaussian_relu_marginals_gradient_f64(
  mean: usize, variance: usize, count: i32, slope: f64, meanGradient: usize, varianceGradient: usize, toMean: usize, toVariance: usize,
): void {
  const zero = f64x2.splat(0), one = f64x2.splat(1), half = f64x2.splat(0.5);
  const a = f64x2.splat(slope), weight = f64x2.splat(1 - slope);
  const square = f64x2.mul(weight, weight), cross = f64x2.splat(2 * slope * (1 - slope));
  for (let i = 0; i < count; i += 2) {
    const at = <usize>i << 3;
    const mu = loadPairOr<f64>(mean + at, count - i, 0), v = loadPairOr<f64>(variance + at, count - i, 0);
    const spread = v128.not(f64x2.le(v, zero));
    const s = f64x2.sqrt(where(spread, v));
    const h = standardised(mu, v);
    const z = distance(h);
    const density = densityOf(z);
    const tail = f64x2.mul(density, tailShare(z)), loss = f64x2.mul(density, lossShare(z));
    const positive = f64x2.gt(mu, zero);
    const rest = f64x2.sub(one, tail);
    const below = v128.bitselect(rest, tail, positive), above = v128.bitselect(tail, rest, positive);
    const undecided = v128.and(f64x2.eq(mu, zero), v128.not(spread));
    const probability = v128.bitselect(half, below, undecided), complement = v128.bitselect(half, above, undecided);
    // m / s and h, 0 where v is 0: there the density is 0 beside them.
    const relative = where(spread, f64x2.add(loss, v128.and(z, positive)));
    const within = where(spread, h);
    const inside = where(spread, density);
    let forMean = zero, forVariance = zero;
    if (meanGradient) {
      const g = loadPairOr<f64>(meanGradient + at, count - i, 0);
      forMean = f64x2.mul(g, f64x2.add(a, f64x2.mul(weight, probability)));
      forVariance = where(spread, f64x2.mul(g, f64x2.mul(f64x2.mul(weight, half), f64x2.div(inside, s))));
    }
    if (varianceGradient) {
      const g = loadPairOr<f64>(varianceGradient + at, count - i, 0);
      const byMean = f64x2.add(
        f64x2.mul(cross, f64x2.mul(s, inside)),
        f64x2.mul(f64x2.add(square, square), f64x2.mul(f64x2.add(f64x2.pmax(zero, mu), f64x2.mul(s, where(spread, loss))), complement)),
      );
      const byVariance = f64x2.add(
        f64x2.mul(cross, f64x2.sub(probability, f64x2.mul(half, f64x2.mul(within, inside)))),
        f64x2.mul(square, f64x2.sub(probability, f64x2.mul(relative, inside))),
      );
      forMean = f64x2.add(forMean, f64x2.mul(g, byMean));
      forVariance = f64x2.add(forVariance, f64x2.mul(g, f64x2.add(f64x2.mul(a, a), byVariance)));
    }
    storePair<f64>(toMean + at, forMean, count - i);
    storePair<f64>(toVariance + at, forVariance, count - i);
  }
}
