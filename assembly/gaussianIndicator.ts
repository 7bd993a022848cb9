// Covariances of the indicators of X > 0, for jointly Gaussian X: Phi2(h, k; r) - Phi(h) Phi(k), h and k the standardised
// means. Below |r| = 3/4 sum_(j>=1) r^j / j! He_(j-1)(h) phi(h) He_(j-1)(k) phi(k), from there on by integrals from r to 1.
import {
  arrayOf, coefficientsOf, H, NEAR_ONE, ownSeries, seriesSum, tableOf, TAIL,
} from './gaussianSeries';
import { densityToOne } from './math/bivariateNormal';

/** For |r| >= 3/4; bounds above 0 are reflected, which changes the sign alone. */
function nearOne(features: usize, n: i32, i: i32, k: i32, r: f64): f64 {
  const one = features + (<usize>i << 3), other = features + (<usize>k << 3);
  const h = load<f64>(arrayOf(one, n, H)), g = load<f64>(arrayOf(other, n, H));
  const tailOne = load<f64>(arrayOf(one, n, TAIL)), tailOther = load<f64>(arrayOf(other, n, TAIL));
  const differ = (h > 0) != (g > 0);
  const reflected = differ ? -r : r, a = abs<f64>(h), b = abs<f64>(g);
  const p = (1 - abs<f64>(r)) / (1 + abs<f64>(r));
  const both = reflected > 0 ? min<f64>(tailOne, tailOther) - densityToOne(a, b, p) : densityToOne(a, -b, p);
  const covariance = both - tailOne * tailOther;
  return differ ? -covariance : covariance;
}

/** The covariances of feature i's indicator with those of the pair at k, of correlations r; the table's offset is 1. */
// @ts-ignore: decorator
@inline
export function indicatorPair(features: usize, n: i32, i: i32, k: i32, r: v128, bound: f64, blocks: i32): v128 {
  const near = f64x2.ge(f64x2.abs(r), f64x2.splat(bound));
  const table = tableOf(features, n);
  let value = f64x2.mul(r, seriesSum(coefficientsOf(table, i), coefficientsOf(table, k), v128.andnot(r, near), blocks));
  if (i64x2.extract_lane(near, 0)) value = f64x2.replace_lane(value, 0, nearOne(features, n, i, k, f64x2.extract_lane(r, 0)));
  if (i64x2.extract_lane(near, 1)) value = f64x2.replace_lane(value, 1, nearOne(features, n, i, k + 1, f64x2.extract_lane(r, 1)));
  return value;
}

/**
 * The covariance of feature i's indicator with that of a twin of correlation r, 0 <= r <= 1; p = (1 - r) / (1 + r), which says
 * more than r where that is near 1.
 */
export function indicatorSelf(features: usize, n: i32, i: i32, r: f64, p: f64, blocks: i32): f64 {
  if (r < NEAR_ONE) return r * ownSeries(coefficientsOf(tableOf(features, n), i), r, blocks);
  const at = features + (<usize>i << 3), tail = load<f64>(arrayOf(at, n, TAIL)), z = load<f64>(arrayOf(at, n, H));
  return tail - tail * tail - densityToOne(z, z, p);
}
