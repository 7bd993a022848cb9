// Statistics of samples as network_moments has them (its utils/stats): quantiles, histograms read as densities, and the tests
// of skewness and kurtosis. Plain float64 numbers.
import type { Core } from '../core/index.js';
import { cubeRoot, evaluateOne } from './plain-functions.js';

/** A copy in ascending order. @throws RangeError for no samples, or one that is not finite */
export function ascending(samples: ArrayLike<number>): Float64Array {
  const sorted = Float64Array.from(samples).sort();
  if (sorted.length === 0) throw new RangeError('samples: expected at least one, got none');
  const last = sorted[sorted.length - 1]!;
  if (!Number.isFinite(sorted[0]!) || !Number.isFinite(last)) {
    throw new RangeError(`samples: expected finite numbers, got ${Number.isFinite(last) ? sorted[0] : last}`);
  }
  return sorted;
}

/**
 * The q-th percentile at position q N / 100 - 1, interpolated; 0 before the first sample (`gnm.utils.stats.percentile`).
 * @param sorted ascending @throws RangeError unless 0 <= q <= 100
 */
export function percentile(sorted: Float64Array, q: number): number {
  if (!(q >= 0 && q <= 100)) throw new RangeError(`percentile: expected q from 0 to 100, got ${q}`);
  const position = (q / 100) * sorted.length - 1;
  if (position < 0) return 0;
  const index = Math.floor(position), fraction = position - index;
  return (1 - fraction) * sorted[index]! + fraction * sorted[Math.min(index + 1, sorted.length - 1)]!;
}

/** @param sorted ascending */
export function interquartileRange(sorted: Float64Array): number {
  return percentile(sorted, 75) - percentile(sorted, 25);
}

/** To the nearest whole number, halves to the even one. */
function roundHalfToEven(x: number): number {
  const below = Math.floor(x);
  if (x - below !== 0.5) return Math.floor(x + 0.5);
  return below % 2 === 0 ? below : below + 1;
}

export const MOST_BINS = 1_000_000;

/**
 * Bins of a histogram by Freedman and Diaconis (1981), range / (2 IQR N^(-1/3)) rounded, from `least` to a million. Where the
 * interquartile range is 0 that rule says nothing (the library then takes one bin, which makes its density 0): Sturges's
 * ceil(log2 N) + 1 bins, as numpy does; one bin where all samples are equal.
 * @param sorted ascending
 */
export function histogramBins(sorted: Float64Array, least = 1): number {
  const range = sorted[sorted.length - 1]! - sorted[0]!;
  const width = (2 / cubeRoot(sorted.length)) * interquartileRange(sorted);
  const sturges = 33 - Math.clz32(sorted.length - 1);
  const bins = range === 0 ? 1 : width > 0 ? roundHalfToEven(range / width) : sturges;
  return Math.max(least, Math.min(MOST_BINS, bins));
}

/** A function by its values at evenly spaced points from `lower` to `upper`. */
export interface Curve {
  readonly values: Float64Array;
  readonly lower: number;
  readonly upper: number;
}

/** The plain sum times the spacing: the area as the library takes it, without the trapezoidal rule's halves at the ends. */
export function area({ values, lower, upper }: Curve): number {
  return (values.reduce((sum, value) => sum + value, 0) * (upper - lower)) / (values.length - 1);
}

/**
 * The density of samples: counts of equal bins between the extremes, divided by N (upper - lower) / (bins - 1) so that
 * {@link area} is 1 (`normalized_histogram`). Equal samples give all to the bin in the middle, of density 1.
 * @param sorted ascending @throws RangeError unless bins is a whole number of at least 2 (1 for equal samples)
 */
export function histogram(sorted: Float64Array, bins = Math.max(histogramBins(sorted), sorted[0] === sorted[sorted.length - 1] ? 1 : 2)): Curve {
  const lower = sorted[0]!, upper = sorted[sorted.length - 1]!, range = upper - lower;
  if (!Number.isSafeInteger(bins) || bins < (range === 0 ? 1 : 2)) throw new RangeError(`histogram: expected at least 2 bins, got ${bins}`);
  const values = new Float64Array(bins);
  if (range === 0) {
    values[Math.floor(bins / 2)] = 1;
    return { values, lower, upper };
  }
  for (const sample of sorted) values[Math.min(bins - 1, Math.floor(((sample - lower) * bins) / range))]!++;
  const total = (sorted.length * range) / (bins - 1);
  return { values: values.map((count) => count / total), lower, upper };
}

/**
 * A curve as a function, linear between its points and `outside` beyond its ends (`hist_as_func`); a curve without width has the sum of its
 * values at its one point.
 */
export function interpolated({ values, lower, upper }: Curve, outside = NaN): (x: number) => number {
  const factor = (values.length - 1) / (upper - lower);
  const sum = values.reduce((total, value) => total + value, 0);
  return (x) => {
    if (!(lower <= x && x <= upper)) return outside;
    if (lower === upper) return sum;
    const position = (x - lower) * factor;
    const index = Math.min(values.length - 1, Math.floor(position)), fraction = position - Math.floor(position);
    return (1 - fraction) * values[index]! + fraction * values[Math.min(index + 1, values.length - 1)]!;
  };
}

/** The area of the smaller of two densities at the same points: 1 where they are equal, 0 where they do not meet. @throws RangeError for unequal lengths */
export function pdfSimilarity(a: Float64Array, b: Float64Array, lower: number, upper: number): number {
  if (a.length !== b.length) throw new RangeError(`pdfSimilarity: expected densities of one length, got ${a.length} and ${b.length}`);
  return area({ values: a.map((value, i) => Math.min(value, b[i]!)), lower, upper });
}

/** Mean, and means of the second, third and fourth powers about it, each summed in order. */
function centralMoments(samples: ArrayLike<number>): { count: number; second: number; third: number; fourth: number } {
  const count = samples.length;
  let sum = 0;
  for (let i = 0; i < count; i++) sum += samples[i]!;
  const mean = sum / count;
  let second = 0, third = 0, fourth = 0;
  for (let i = 0; i < count; i++) {
    const y = samples[i]! - mean;
    second += y * y;
    third += y * y * y;
    fourth += y * y * y * y;
  }
  return { count, second: second / count, third: third / count, fourth: fourth / count };
}

export interface TestResult {
  /** The z-score, or for the omnibus test the sum of two squared z-scores. */
  readonly statistic: number;
  readonly pValue: number;
}

function requireTestable(what: string, samples: ArrayLike<number>, least: number): ReturnType<typeof centralMoments> {
  if (samples.length < least) throw new RangeError(`${what}: expected at least ${least} samples, got ${samples.length}`);
  const moments = centralMoments(samples);
  if (!(moments.second > 0 && moments.fourth < Infinity)) {
    throw new RangeError(`${what}: expected finite samples that are not all equal, got a variance of ${moments.second}`);
  }
  return moments;
}

/** Two-sided p of a z-score, to an absolute 1e-16. */
function twoSided(core: Core, z: number): TestResult {
  return { statistic: z, pValue: 1 - evaluateOne(core, 'erf', Math.SQRT1_2 * Math.abs(z)) };
}

/**
 * Whether the skewness is a normal distribution's: D'Agostino's test (1970), as scipy.stats.skewtest and the library's `skewness_score`
 * (a skewness of exactly 0 counts as a transformed value of 1 there, and here).
 * @throws RangeError below 8 samples, where the approximation does not hold, and for samples all equal or not finite
 */
export function skewnessTest(core: Core, samples: ArrayLike<number>): TestResult {
  const { count: n, second, third } = requireTestable('skewnessTest', samples, 8);
  const skewness = third / (second * Math.sqrt(second));
  const y = skewness * Math.sqrt(((n + 1) * (n + 3)) / (6 * (n - 2)));
  const beta = (3 * (n * n + 27 * n - 70) * (n + 1) * (n + 3)) / ((n - 2) * (n + 5) * (n + 7) * (n + 9));
  const w = Math.sqrt(2 * (beta - 1)) - 1;
  const delta = 1 / Math.sqrt(0.5 * evaluateOne(core, 'log', w));
  const scaled = (y === 0 ? 1 : y) / Math.sqrt(2 / (w - 1));
  // asinh is odd; for a negative argument the sum below would cancel.
  const magnitude = Math.abs(scaled);
  const z = delta * evaluateOne(core, 'log', magnitude + Math.sqrt(magnitude * magnitude + 1));
  return twoSided(core, scaled < 0 ? -z : z);
}

/**
 * Whether the kurtosis is a normal distribution's: Anscombe and Glynn's test (1983), as scipy.stats.kurtosistest and the library's
 * `kurtosis_score`.
 * @throws RangeError below 20 samples, and for samples all equal or not finite
 */
export function kurtosisTest(core: Core, samples: ArrayLike<number>): TestResult {
  const { count: n, second, fourth } = requireTestable('kurtosisTest', samples, 20);
  const kurtosis = fourth / (second * second);
  const expected = (3 * (n - 1)) / (n + 1);
  const variance = (24 * n * (n - 2) * (n - 3)) / ((n + 1) * (n + 1) * (n + 3) * (n + 5));
  const x = (kurtosis - expected) / Math.sqrt(variance);
  const skew = ((6 * (n * n - 5 * n + 2)) / ((n + 7) * (n + 9))) * Math.sqrt((6 * (n + 3) * (n + 5)) / (n * (n - 2) * (n - 3)));
  const a = 6 + (8 / skew) * (2 / skew + Math.sqrt(1 + 4 / (skew * skew)));
  const denominator = 1 + x * Math.sqrt(2 / (a - 4));
  if (denominator === 0) return { statistic: Infinity, pValue: 0 };
  const root = cubeRoot((1 - 2 / a) / denominator);
  return twoSided(core, (1 - 2 / (9 * a) - root) / Math.sqrt(2 / (9 * a)));
}

/**
 * D'Agostino and Pearson's omnibus test of normality (1973), as scipy.stats.normaltest and the library's `hypothesis_test`: K^2, the
 * sum of the squared z-scores, and p = exp(-K^2 / 2).
 * @throws RangeError as {@link kurtosisTest}
 */
export function hypothesisTest(core: Core, samples: ArrayLike<number>): TestResult {
  const s = skewnessTest(core, samples).statistic, k = kurtosisTest(core, samples).statistic;
  const statistic = s * s + k * k;
  return { statistic, pValue: evaluateOne(core, 'exp', -statistic / 2) };
}
