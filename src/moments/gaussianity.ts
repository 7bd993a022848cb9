// How close samples are to a Gaussian: the density of a histogram against that of the best fit (network_moments' utils/stats/gaussian).
import type { Core } from '../core/index.js';
import { formatShape, type Tensor } from '../tensor/index.js';
import { evaluate } from './plain-functions.js';
import { area, ascending, histogram, interpolated, pdfSimilarity } from './statistics.js';

const ROOT_TWO_PI = 2.5066282746310002;
const LEAST_POINTS = 100;

export interface GaussianFit {
  /** Points, evenly spaced over the samples and `sigmas` deviations to either side of their mean. */
  readonly xs: Float64Array;
  /** The samples' density at the points. */
  readonly pdf: Float64Array;
  /** The Gaussian's. */
  readonly fit: Float64Array;
  readonly mean: number;
  /** Unbiased. */
  readonly std: number;
  /** The area that both densities cover: 1 for a perfect fit. */
  readonly similarity: number;
}

export interface FitOptions {
  /** Default 5. */
  readonly sigmas?: number;
  /** Scale both densities to area 1 on the points; default true. */
  readonly correct?: boolean;
}

/** As torch.linspace: from both ends, so that both are exact. */
function evenlySpaced(lower: number, upper: number, count: number): Float64Array {
  const step = (upper - lower) / (count - 1);
  return Float64Array.from({ length: count }, (_, i) => (i < count / 2 ? lower + step * i : upper - step * (count - 1 - i)));
}

/** The density of N(mean, std^2). */
function normalDensity(core: Core, xs: Float64Array, mean: number, std: number): Float64Array {
  const exponents = xs.map((x) => {
    const z = (Math.SQRT1_2 * (x - mean)) / std;
    return -(z * z);
  });
  return evaluate(core, 'exp', exponents).map((value) => value / (ROOT_TWO_PI * std));
}

/** Mean and unbiased variance, each summed in order. */
function meanAndVariance(samples: Float64Array): { mean: number; variance: number } {
  const mean = samples.reduce((sum, x) => sum + x, 0) / samples.length;
  return { mean, variance: samples.reduce((sum, x) => sum + (x - mean) * (x - mean), 0) / (samples.length - 1) };
}

/** Samples that are all equal: a point is the best Gaussian, and it fits. */
function pointFit(at: number): GaussianFit {
  const point = new Float64Array(LEAST_POINTS);
  point[0] = 1;
  return { xs: new Float64Array(LEAST_POINTS).fill(at), pdf: point, fit: point.slice(), mean: at, std: 0, similarity: 1 };
}

/**
 * The Gaussian of the samples' mean and deviation beside their density by a histogram of Freedman and Diaconis's bins.
 * @throws RangeError below two samples, or for samples that are not finite
 */
export function fitGaussian(core: Core, samples: ArrayLike<number>, options: FitOptions = {}): GaussianFit {
  const { sigmas = 5, correct = true } = options;
  const sorted = ascending(samples);
  if (sorted.length < 2) throw new RangeError(`fitGaussian: expected at least 2 samples, got ${sorted.length}`);
  if (sorted[0] === sorted[sorted.length - 1]) return pointFit(sorted[0]!);
  const { mean, variance } = meanAndVariance(Float64Array.from(samples));
  const std = Math.sqrt(variance);
  const density = histogram(sorted);
  const lower = Math.min(density.lower, mean - sigmas * std), upper = Math.max(density.upper, mean + sigmas * std);
  const xs = evenlySpaced(lower, upper, Math.max(density.values.length, LEAST_POINTS));
  const scaled = (values: Float64Array) => {
    const total = correct ? area({ values, lower, upper }) : 1;
    return values.map((value) => value / total);
  };
  const pdf = scaled(xs.map(interpolated(density, 0))), fit = scaled(normalDensity(core, xs, mean, std));
  return { xs, pdf, fit, mean, std, similarity: pdfSimilarity(pdf, fit, lower, upper) };
}

/**
 * The similarity of {@link fitGaussian} for every column; 0 where the deviation is below `threshold`.
 * @param samples [count, n]
 * @returns [n], from 0 to 1
 * @throws RangeError for another shape, below two samples, or for samples that are not finite
 */
export function gaussianity(core: Core, samples: Tensor, options: { threshold?: number } = {}): Float64Array {
  const { threshold = 0 } = options;
  if (samples.shape.length !== 2) throw new RangeError(`gaussianity: expected samples [count, n], got ${formatShape(samples.shape)}`);
  const [count, size] = samples.shape as [number, number];
  const values = samples.toArray();
  return Float64Array.from({ length: size }, (_, column) => {
    const { std, similarity } = fitGaussian(core, Float64Array.from({ length: count }, (_row, row) => values[row * size + column]!));
    return std < threshold ? 0 : similarity;
  });
}
