// The maximum of Gaussians, pair by pair (Clark 1961): X, the maximum so far, and the next, Y, are replaced by a Gaussian of
// the maximum's mean and variance. With d = E[X - Y], t^2 = Var[X - Y], P = Phi(d / t), D = max(X - Y, 0) and max(X, Y) = Y + D:
//   mean = E[Y] + E[D], variance = Var[Y] + Var[D] + 2 (c - Var[Y]) P, Cov[max, Z] = P Cov[X, Z] + (1 - P) Cov[Y, Z].
// So a maximum's covariance with anything is that of a weighted sum of its inputs, whose variance is never larger.
import { distance, FARTHEST, lossNumerator, denominator, normalDensityScalar, normalDistributionScalar } from './math/normal';

/** (i, k) of a covariance, as the mean of itself and its mirror image. */
// @ts-ignore: decorator
@inline
function entry(covariance: usize, n: i32, i: i32, k: i32): f64 {
  return 0.5 * (load<f64>(covariance + (<usize>(i * n + k) << 3)) + load<f64>(covariance + (<usize>(k * n + i) << 3)));
}

// @ts-ignore: decorator
@inline
function at(array: usize, i: i32): f64 {
  return load<f64>(array + (<usize>i << 3));
}

// @ts-ignore: decorator
@inline
function put(array: usize, i: i32, value: f64): void {
  store<f64>(array + (<usize>i << 3), value);
}

// @ts-ignore: decorator
@inline
function add(array: usize, i: i32, value: f64): void {
  put(array, i, at(array, i) + value);
}

/** d / t, 0 for 0 / 0, which takes both alike. */
// @ts-ignore: decorator
@inline
function standard(d: f64, square: f64): f64 {
  return d == 0 ? 0 : d / sqrt<f64>(max<f64>(0, square));
}

/** E[(U - z)+] for z = |a|. */
// @ts-ignore: decorator
@inline
function lossOf(a: f64): f64 {
  const z = f64x2.extract_lane(distance(f64x2.splat(a)), 0), x = f64x2.splat(z);
  return normalDensityScalar(z) * f64x2.extract_lane(f64x2.div(lossNumerator(x), denominator(x)), 0);
}

/** The variance of the maximum, Y the one of the larger mean (a = d / t <= 0), for |a| up to 40. */
// @ts-ignore: decorator
@inline
function maximumVariance(a: f64, square: f64, variance: f64, covariance: f64): f64 {
  const z = min<f64>(-a, FARTHEST), tail = normalDistributionScalar(-z), loss = lossOf(z);
  return variance + square * (tail - z * loss - loss * loss) + 2 * (covariance - variance) * tail;
}

/**
 * Folds one group: indices[size] of features; spread is the covariance [n, n] (`full`) or the variances [n] of uncorrelated
 * features. Writes the weights [size], and to `history`, unless 0, for each step m, v and c of the pair, and the weights before.
 * `result` gets the mean and the variance.
 */
function fold(mean: usize, spread: usize, n: i32, full: bool, indices: usize, size: i32, weights: usize, history: usize, result: usize): void {
  const first = load<i32>(indices);
  let m = at(mean, first), v = max<f64>(0, full ? entry(spread, n, first, first) : at(spread, first));
  put(weights, 0, 1);
  for (let s = 1; s < size; s++) {
    const next = load<i32>(indices + (<usize>s << 2));
    const other = at(mean, next), w = max<f64>(0, full ? entry(spread, n, next, next) : at(spread, next));
    let c: f64 = 0;
    if (full) for (let i = 0; i < s; i++) c += at(weights, i) * entry(spread, n, load<i32>(indices + (<usize>i << 2)), next);
    if (history) {
      const row = history + <usize>(s * (size + 3)) * 8;
      put(row, 0, m);
      put(row, 1, v);
      put(row, 2, c);
      memory.copy(row + 24, weights, <usize>s << 3);
    }
    const square = max<f64>(0, v + w - 2 * c), a = standard(m - other, square);
    const p = normalDistributionScalar(a), q = normalDistributionScalar(-a);
    m = max<f64>(m, other) + (square > 0 ? sqrt<f64>(square) * lossOf(a) : 0);
    const least = p * p * v + 2 * p * q * c + q * q * w;
    v = max<f64>(least, a <= 0 ? maximumVariance(a, square, w, c) : maximumVariance(-a, square, v, c));
    for (let i = 0; i < s; i++) put(weights, i, p * at(weights, i));
    put(weights, s, q);
  }
  put(result, 0, m);
  put(result, 1, v);
}

/**
 * Means and variances [groups] of the maxima over groups of features, and the weights of their members, one group after the
 * other: group g is indices[starts[g]] to indices[starts[g + 1] - 1], int32. Scratch: 16 bytes.
 */
export function gaussian_max_f64(
  mean: usize, spread: usize, n: i32, full: bool, indices: usize, starts: usize, groups: i32, outMean: usize, outVariance: usize, weights: usize, scratch: usize,
): void {
  for (let g = 0; g < groups; g++) {
    const start = load<i32>(starts + (<usize>g << 2)), size = load<i32>(starts + (<usize>g << 2), 4) - start;
    fold(mean, spread, n, full, indices + (<usize>start << 2), size, weights + (<usize>start << 3), 0, scratch);
    put(outMean, g, at(scratch, 0));
    put(outVariance, g, at(scratch, 1));
  }
}

/** Bytes of scratch that the gradient needs when the largest group has `size` features. */
export function gaussian_max_gradient_scratch_f64(size: i32): i32 {
  return (size * (size + 3) + 2 * size + 2) << 3;
}

/** Steps of one group backward; `weights` hold the gradients of its weights and are used up. */
function unfold(
  mean: usize, spread: usize, n: i32, full: bool, indices: usize, size: i32, history: usize, weights: usize, byMean: f64, byVariance: f64,
  toMean: usize, toSpread: usize,
): void {
  const diagonal = full ? n + 1 : 1;
  for (let s = size - 1; s > 0; s--) {
    const row = history + <usize>(s * (size + 3)) * 8, before = row + 24, next = load<i32>(indices + (<usize>s << 2));
    const m = at(row, 0), v = at(row, 1), c = at(row, 2), w = max<f64>(0, at(spread, next * diagonal));
    const square = max<f64>(0, v + w - 2 * c), t = sqrt<f64>(square), a = standard(m - at(mean, next), square);
    const p = normalDistributionScalar(a), q = normalDistributionScalar(-a);
    let byP = -at(weights, s);
    for (let i = 0; i < s; i++) {
      byP += at(weights, i) * at(before, i);
      put(weights, i, p * at(weights, i));
    }
    const density = square > 0 ? normalDensityScalar(a) : 0, over = square > 0 ? 1 / t : 0, z = square > 0 ? a : 0;
    const gain = square > 0 ? lossOf(a) + max<f64>(a, 0) : 0;
    // E[D] = t gain; V = w + Var[D] + 2 (c - w) P.
    byP += 2 * (c - w) * byVariance;
    const byDifference = byMean * p + byVariance * 2 * (square > 0 ? t * gain : max<f64>(m - at(mean, next), 0)) * q + byP * density * over;
    const bySquare = 0.5 * byMean * density * over + byVariance * (p - gain * density) - 0.5 * byP * z * density * over * over;
    add(toMean, next, byMean - byDifference);
    add(toSpread, next * diagonal, byVariance * (1 - 2 * p) + bySquare);
    const byCovariance = 2 * p * byVariance - 2 * bySquare;
    if (full) {
      for (let i = 0; i < s; i++) {
        const member = load<i32>(indices + (<usize>i << 2)), share = 0.5 * byCovariance * at(before, i);
        put(weights, i, at(weights, i) + byCovariance * entry(spread, n, member, next));
        add(toSpread, member * n + next, share);
        add(toSpread, next * n + member, share);
      }
    }
    byMean = byDifference;
    byVariance = bySquare;
  }
  const first = load<i32>(indices);
  add(toMean, first, byMean);
  add(toSpread, first * diagonal, byVariance);
}

/** Adds what gradients of means [groups], variances [groups] and weights (each may be 0 for none) give to the input. */
export function gaussian_max_gradient_f64(
  mean: usize, spread: usize, n: i32, full: bool, indices: usize, starts: usize, groups: i32,
  meanGradient: usize, varianceGradient: usize, weightGradient: usize, toMean: usize, toSpread: usize, scratch: usize,
): void {
  for (let g = 0; g < groups; g++) {
    const start = load<i32>(starts + (<usize>g << 2)), size = load<i32>(starts + (<usize>g << 2), 4) - start;
    const members = indices + (<usize>start << 2), weights = scratch + 16, history = weights + (<usize>(2 * size) << 3);
    fold(mean, spread, n, full, members, size, weights, history, scratch);
    if (weightGradient) memory.copy(weights, weightGradient + (<usize>start << 3), <usize>size << 3);
    else memory.fill(weights, 0, <usize>size << 3);
    unfold(mean, spread, n, full, members, size, history, weights, meanGradient ? at(meanGradient, g) : 0, varianceGradient ? at(varianceGradient, g) : 0, toMean, toSpread);
  }
}
