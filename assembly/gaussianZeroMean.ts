// Covariance of max(X, 0) for Gaussian X of mean 0 (Cho & Saul 2009, less the means' product):
// s t (r acos(-r) + sqrt(1 - r^2) - 1) / (2 pi).
import { correlationPair, even, storeSymmetric } from './gaussianSeries';
import { arccosine } from './math/arccosine';
import { sumPair } from './vector';

const ONE_OVER_TWO_PI: f64 = 0.15915494309189535;
/** (pi - 1) / (2 pi): the variance of max(X, 0) for X of variance 1. */
const VARIANCE: f64 = 0.3408450569081046;

/** Deviations, and their inverses (0 where the variance is not above 0), of a covariance [n, n]. */
function writeDeviations(covariance: usize, n: i32, deviations: usize, inverses: usize): void {
  for (let i = 0; i < even(n); i++) {
    const v = i < n ? load<f64>(covariance + (<usize>(i * n + i) << 3)) : 0;
    const s = v <= 0 ? 0 : sqrt<f64>(v);
    store<f64>(deviations + (<usize>i << 3), s);
    store<f64>(inverses + (<usize>i << 3), v <= 0 ? 0 : 1 / s);
  }
}

/** c / (s t) clipped to [-1, 1], of row i and the pair of columns at k, 0 outside what is above the diagonal. */
// @ts-ignore: decorator
@inline
function correlations(covariance: usize, inverse: v128, inverses: usize, i: i32, k: i32, n: i32): v128 {
  const stride = <usize>n << 3, column = covariance + <usize>k * stride + (<usize>i << 3);
  const mirrored = f64x2.replace_lane(f64x2.splat(load<f64>(column)), 1, k + 1 < n ? load<f64>(column + stride) : 0);
  const sum = f64x2.add(correlationPair(covariance + <usize>i * stride, i, k, n), mirrored);
  const r = f64x2.mul(f64x2.mul(f64x2.mul(sum, f64x2.splat(0.5)), inverse), v128.load(inverses + (<usize>k << 3)));
  return f64x2.pmax(f64x2.pmin(r, f64x2.splat(1)), f64x2.splat(-1));
}

/** Covariance [n, n], an entry counting as the mean of itself and its mirror image. Scratch: gaussian_joint_scratch_f64(n) bytes. */
export function gaussian_relu_zero_mean_f64(covariance: usize, n: i32, out: usize, scratch: usize): void {
  const deviations = scratch, inverses = scratch + (<usize>even(n) << 3);
  writeDeviations(covariance, n, deviations, inverses);
  const one = f64x2.splat(1);
  for (let i = 0; i < n; i++) {
    const s = load<f64>(deviations + (<usize>i << 3)), inverse = v128.load64_splat(inverses + (<usize>i << 3));
    store<f64>(out + (<usize>(i * n + i) << 3), s * s * VARIANCE);
    const factor = f64x2.splat(s * ONE_OVER_TWO_PI);
    for (let k = (i + 1) & ~1; k < n; k += 2) {
      const r = correlations(covariance, inverse, inverses, i, k, n);
      const rest = f64x2.sub(f64x2.sqrt(f64x2.mul(f64x2.sub(one, r), f64x2.add(one, r))), one);
      const value = f64x2.add(f64x2.mul(r, arccosine(f64x2.neg(r))), rest);
      storeSymmetric(out, f64x2.mul(f64x2.mul(value, factor), v128.load(deviations + (<usize>k << 3))), i, k, n);
    }
  }
}

/** What a gradient of the above gives to the covariance: acos(-r) / (2 pi) of it, and (sqrt(1 - r^2) - 1) t / (4 pi s) to s^2. */
export function gaussian_relu_zero_mean_gradient_f64(covariance: usize, n: i32, gradient: usize, toCovariance: usize, scratch: usize): void {
  const bytes = <usize>even(n) << 3, deviations = scratch, inverses = scratch + bytes, sums = inverses + bytes;
  writeDeviations(covariance, n, deviations, inverses);
  memory.fill(sums, 0, bytes);
  const one = f64x2.splat(1), stride = <usize>n << 3;
  for (let i = 0; i < n; i++) {
    const inverse = v128.load64_splat(inverses + (<usize>i << 3)), s = v128.load64_splat(deviations + (<usize>i << 3));
    let own = f64x2.splat(0);
    for (let k = (i + 1) & ~1; k < n; k += 2) {
      const r = correlations(covariance, inverse, inverses, i, k, n), column = gradient + <usize>k * stride + (<usize>i << 3);
      let mirrored = f64x2.splat(0);
      if (k > i) mirrored = f64x2.replace_lane(mirrored, 0, load<f64>(column));
      if (k + 1 < n) mirrored = f64x2.replace_lane(mirrored, 1, load<f64>(column + stride));
      const g = f64x2.mul(f64x2.add(correlationPair(gradient + <usize>i * stride, i, k, n), mirrored), f64x2.splat(0.5 * ONE_OVER_TWO_PI));
      const rest = f64x2.mul(g, f64x2.sub(f64x2.sqrt(f64x2.mul(f64x2.sub(one, r), f64x2.add(one, r))), one));
      const there = <usize>k << 3;
      own = f64x2.add(own, f64x2.mul(rest, v128.load(deviations + there)));
      v128.store(sums + there, f64x2.add(v128.load(sums + there), f64x2.mul(rest, s)));
      storeSymmetric(toCovariance, f64x2.mul(g, arccosine(f64x2.neg(r))), i, k, n);
    }
    const at = <usize>i << 3, place = <usize>(i * n + i) << 3;
    store<f64>(sums + at, load<f64>(sums + at) + sumPair(own));
    store<f64>(toCovariance + place, load<f64>(gradient + place) * VARIANCE);
  }
  for (let i = 0; i < n; i++) {
    const place = toCovariance + (<usize>(i * n + i) << 3), at = <usize>i << 3;
    store<f64>(place, load<f64>(place) + load<f64>(sums + at) * load<f64>(inverses + at));
  }
}
