// How a gradient of the covariance of gaussian_relu_joint reaches its input. In units of the deviations, with
// q = sqrt(1 - r^2), A = Phi((k - r h) / q), B = Phi((h - r k) / q), M(t) = t Phi(t) + phi(t) and I the indicators' covariance:
//   dC/dr = I + Phi(h) Phi(k) (Price 1958), dC/dh = k I + phi(k) (B - Phi(h)) + r phi(h) A,
//   dC/dv = phi(h) (q M((k - r h) / q) - M(k)) / 2 in units of (deviation of the other) / (own deviation).
import { gaussian_relu_marginals_gradient_f64 } from './gaussianRelu';
import { indicatorPair } from './gaussianIndicator';
import {
  arrayOf, blocksFor, correlationPair, DENSITY, DEVIATION, diagonalStride, even, fillHermite, H, INVERSE, LOSS, NEAR_ONE, prepareFeatures, PROBABILITY, seriesBytes,
  storeSymmetric, stridedPair, TERMS, writeCorrelations,
} from './gaussianSeries';
import { densityOf, distance, lossShare, tailShare } from './math/normal';
import { sumPair } from './vector';

/** Sums of gradients of the means and variances, and three arrays for the diagonal. */
const EXTRA_ARRAYS: i32 = 6;

/** Bytes of scratch that the gradient needs for n features. */
export function gaussian_relu_joint_gradient_scratch_f64(n: i32): i32 {
  return seriesBytes(n) + (even(n) * EXTRA_ARRAYS << 3);
}

/** a b + c. */
// @ts-ignore: decorator
@inline
function productPlus(a: v128, b: v128, c: v128): v128 {
  return f64x2.add(f64x2.mul(a, b), c);
}

// @ts-ignore: decorator
@inline
function addAt(pointer: usize, value: v128): void {
  v128.store(pointer, f64x2.add(v128.load(pointer), value));
}

/** The gradients of outputs (i, k) and (k, i) together, and of the next column; 0 where the pair is not above the diagonal. */
// @ts-ignore: decorator
@inline
function bothEntries(gradient: usize, i: i32, k: i32, n: i32): v128 {
  const stride = <usize>n << 3, at = gradient + <usize>i * stride + (<usize>k << 3);
  const mirrored = gradient + <usize>k * stride + (<usize>i << 3);
  let sum = f64x2.splat(0);
  if (k > i) sum = f64x2.replace_lane(sum, 0, load<f64>(at) + load<f64>(mirrored));
  if (k + 1 < n) sum = f64x2.replace_lane(sum, 1, load<f64>(at, 8) + load<f64>(mirrored + stride));
  return sum;
}

/** q M((k - r h) / q) - M(k); `loss` is E[(U - |t|)+] at t = (k - r h) / q, `lossAlone` at k. */
// @ts-ignore: decorator
@inline
function conditionalGain(k: v128, difference: v128, q: v128, loss: v128, lossAlone: v128): v128 {
  const zero = f64x2.splat(0);
  return f64x2.sub(productPlus(q, loss, f64x2.pmax(zero, difference)), f64x2.add(f64x2.pmax(zero, k), lossAlone));
}

/** Off the diagonal: adds to the sums for means and variances (halved by 1 / s at the end), writes the covariance's gradient. */
function backward(n: i32, slope: f64, terms: i32, gradient: usize, toCovariance: usize, features: usize, toMeans: usize, toVariances: usize): void {
  const exact = terms < 0;
  const bound: f64 = exact ? NEAR_ONE : 2;
  const one = f64x2.splat(1), zero = f64x2.splat(0), half = f64x2.splat(0.5);
  const blocks = exact ? blocksFor(maximumBelow(toCovariance, n, bound)) : 0;
  if (exact) fillHermite(features, n, 1, blocks, TERMS);
  const weight = f64x2.splat((1 - slope) * (1 - slope)), cross = f64x2.splat(slope * (1 - slope)), square = f64x2.splat(slope * slope);
  for (let i = 0; i < n - 1; i++) {
    const at = features + (<usize>i << 3);
    const h = v128.load64_splat(arrayOf(at, n, H)), s = v128.load64_splat(arrayOf(at, n, DEVIATION));
    const density = v128.load64_splat(arrayOf(at, n, DENSITY)), probability = v128.load64_splat(arrayOf(at, n, PROBABILITY));
    const lossHere = v128.load64_splat(arrayOf(at, n, LOSS));
    let sumMean = zero, sumVariance = zero;
    for (let j = (i + 1) & ~1; j < n; j += 2) {
      const there = features + (<usize>j << 3);
      const k = v128.load(arrayOf(there, n, H)), t = v128.load(arrayOf(there, n, DEVIATION));
      const densityThere = v128.load(arrayOf(there, n, DENSITY)), probabilityThere = v128.load(arrayOf(there, n, PROBABILITY));
      const r = correlationPair(toCovariance + (<usize>i * <usize>n << 3), i, j, n);
      const g = bothEntries(gradient, i, j, n);
      const product = f64x2.mul(probability, probabilityThere), densities = f64x2.mul(density, densityThere);
      let byCorrelation = product, byH = f64x2.mul(r, f64x2.mul(density, probabilityThere)), byK = f64x2.mul(r, f64x2.mul(probability, densityThere));
      let byVariance = zero, byVarianceThere = zero;
      if (exact) {
        const indicators = indicatorPair(features, n, i, j, r, bound, blocks);
        byCorrelation = f64x2.add(indicators, product);
        const q = f64x2.sqrt(f64x2.mul(f64x2.sub(one, r), f64x2.add(one, r)));
        const divisor = f64x2.pmax(q, f64x2.splat(1e-300));
        const towardsK = f64x2.sub(k, f64x2.mul(r, h)), towardsH = f64x2.sub(h, f64x2.mul(r, k));
        const x = f64x2.div(towardsK, divisor), y = f64x2.div(towardsH, divisor);
        const zx = distance(x), zy = distance(y);
        const densityX = densityOf(zx), densityY = densityOf(zy);
        const tailX = f64x2.mul(densityX, tailShare(zx)), tailY = f64x2.mul(densityY, tailShare(zy));
        const a = v128.bitselect(f64x2.sub(one, tailX), tailX, f64x2.gt(x, zero));
        const b = v128.bitselect(f64x2.sub(one, tailY), tailY, f64x2.gt(y, zero));
        byH = productPlus(k, indicators, productPlus(densityThere, f64x2.sub(b, probability), f64x2.mul(f64x2.mul(r, density), a)));
        byK = productPlus(h, indicators, productPlus(density, f64x2.sub(a, probabilityThere), f64x2.mul(f64x2.mul(r, densityThere), b)));
        const lossX = f64x2.mul(densityX, lossShare(zx)), lossY = f64x2.mul(densityY, lossShare(zy));
        byVariance = f64x2.mul(density, conditionalGain(k, towardsK, q, lossX, v128.load(arrayOf(there, n, LOSS))));
        byVarianceThere = f64x2.mul(densityThere, conditionalGain(h, towardsH, q, lossY, lossHere));
      } else {
        let value = f64x2.mul(r, product);
        if (terms > 0) {
          const second = f64x2.mul(f64x2.mul(half, f64x2.mul(r, r)), densities), hk = f64x2.mul(h, k);
          const third = f64x2.mul(f64x2.mul(r, f64x2.splat(0.3333333333333333)), second);
          value = f64x2.add(value, productPlus(third, hk, second));
          byCorrelation = f64x2.add(byCorrelation, productPlus(second, hk, f64x2.mul(r, densities)));
          byH = f64x2.sub(byH, productPlus(second, h, f64x2.mul(third, f64x2.mul(k, f64x2.sub(f64x2.mul(h, h), one)))));
          byK = f64x2.sub(byK, productPlus(second, k, f64x2.mul(third, f64x2.mul(h, f64x2.sub(f64x2.mul(k, k), one)))));
        }
        // The covariance doubles with both deviations' and the means' squares: Euler's theorem.
        const rest = f64x2.sub(value, f64x2.mul(r, byCorrelation));
        byVariance = f64x2.sub(rest, f64x2.mul(h, byH));
        byVarianceThere = f64x2.sub(rest, f64x2.mul(k, byK));
      }
      // Leaky: cross c (Phi(h) + Phi(k)) + slope^2 c beside, c = r s t.
      const mixed = f64x2.mul(cross, r);
      byH = productPlus(weight, byH, f64x2.mul(mixed, density));
      byK = productPlus(weight, byK, f64x2.mul(mixed, densityThere));
      byVariance = f64x2.sub(f64x2.mul(weight, byVariance), f64x2.mul(mixed, f64x2.mul(density, h)));
      byVarianceThere = f64x2.sub(f64x2.mul(weight, byVarianceThere), f64x2.mul(mixed, f64x2.mul(densityThere, k)));
      byCorrelation = productPlus(weight, byCorrelation, productPlus(cross, f64x2.add(probability, probabilityThere), square));
      storeSymmetric(toCovariance, f64x2.mul(half, f64x2.mul(g, byCorrelation)), i, j, n);
      const gt = f64x2.mul(g, t), gs = f64x2.mul(g, s);
      sumMean = f64x2.add(sumMean, f64x2.mul(gt, byH));
      sumVariance = f64x2.add(sumVariance, f64x2.mul(gt, byVariance));
      addAt(toMeans + (<usize>j << 3), f64x2.mul(gs, byK));
      addAt(toVariances + (<usize>j << 3), f64x2.mul(gs, byVarianceThere));
    }
    store<f64>(toMeans + (<usize>i << 3), load<f64>(toMeans + (<usize>i << 3)) + sumPair(sumMean));
    store<f64>(toVariances + (<usize>i << 3), load<f64>(toVariances + (<usize>i << 3)) + sumPair(sumVariance));
  }
}

/** The largest magnitude below `bound` above the diagonal. */
function maximumBelow(correlations: usize, n: i32, bound: f64): f64 {
  let largest: f64 = 0;
  for (let i = 0; i < n; i++) {
    for (let k = i + 1; k < n; k++) {
      const magnitude = abs<f64>(load<f64>(correlations + (<usize>(i * n + k) << 3)));
      if (magnitude < bound && magnitude > largest) largest = magnitude;
    }
  }
  return largest;
}

/**
 * What `gradient` [n, n], of the covariance that gaussian_relu_joint_f64 writes, gives to the input's mean [n] and covariance
 * [n, n]. Scratch: gaussian_relu_joint_gradient_scratch_f64(n) bytes. `terms` is less than 0, 0 or 2.
 */
export function gaussian_relu_joint_gradient_f64(
  mean: usize, covariance: usize, n: i32, slope: f64, terms: i32, gradient: usize, toMean: usize, toCovariance: usize, scratch: usize,
): void {
  const extra = scratch + seriesBytes(n), bytes = <usize>even(n) << 3, diagonal = diagonalStride(n);
  const toMeans = extra, toVariances = extra + bytes, variances = extra + 2 * bytes, gradients = extra + 3 * bytes;
  const diagonalMeans = extra + 4 * bytes, diagonalVariances = extra + 5 * bytes;
  memory.fill(extra, 0, 2 * bytes);
  prepareFeatures(mean, covariance, diagonalStride(n), n, 0, scratch);
  writeCorrelations(covariance, n, scratch, 2, toCovariance);
  backward(n, slope, terms, gradient, toCovariance, scratch, toMeans, toVariances);
  for (let i = 0; i < n; i += 2) {
    v128.store(variances + (<usize>i << 3), stridedPair(covariance, i, n, diagonal, 0));
    v128.store(gradients + (<usize>i << 3), stridedPair(gradient, i, n, diagonal, 0));
  }
  gaussian_relu_marginals_gradient_f64(mean, variances, n, slope, 0, gradients, diagonalMeans, diagonalVariances);
  for (let i = 0; i < n; i++) {
    const at = <usize>i << 3;
    const half = 0.5 * load<f64>(arrayOf(scratch, n, INVERSE) + at);
    store<f64>(toMean + at, load<f64>(toMeans + at) + load<f64>(diagonalMeans + at));
    store<f64>(toCovariance + <usize>i * diagonal, load<f64>(toVariances + at) * half + load<f64>(diagonalVariances + at));
  }
}
