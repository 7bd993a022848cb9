// The step function, the probit Phi(x) and GELU of Gaussian inputs. float64.
import type { Core, Pointer } from '../core/index.js';
import type { Tape, Tensor } from '../tensor/index.js';
import { diagonal } from './diagonal.js';
import { sizesOfJoint, sizesOfMarginals, type Joint, type Marginals } from './distribution.js';
import { giveBoth } from './gradients.js';

/**
 * Phi(mean / sqrt(variance + added)) [batch, n]: P(X + sqrt(added) Z > 0), which is the mean of the step (added 0), of Phi(X)
 * (added 1), and ReLU's mean slope. 1/2 where both are 0.
 */
export function probability(tape: Tape, { mean, variance }: Marginals, added: number): Tensor {
  const { kernels } = mean.core;
  const output = tape.empty(mean.shape, 'float64', 'probability');
  kernels.gaussian_probability_f64(mean.source, variance.source, mean.size, added, output.pointer);
  return tape.record([mean, variance], output, (gradient) => giveBoth(tape, mean, variance, (toMean, toVariance) =>
    kernels.gaussian_probability_gradient_f64(mean.source, variance.source, mean.size, added, gradient.source, toMean, toVariance),
  ));
}

/** A kernel of a mean: writes it for `gradient` 0, else what the gradient gives to mean and variance. */
type MeanKernel = (mean: Pointer, variance: Pointer, count: number, gradient: Pointer, out: Pointer, toMean: Pointer, toVariance: Pointer) => void;

function meanOp(tape: Tape, { mean, variance }: Marginals, kernel: MeanKernel): Tensor {
  const output = tape.empty(mean.shape, 'float64', 'mean');
  kernel(mean.source, variance.source, mean.size, 0, output.pointer, 0, 0);
  return tape.record([mean, variance], output, (gradient) => giveBoth(tape, mean, variance, (toMean, toVariance) =>
    kernel(mean.source, variance.source, mean.size, gradient.source, 0, toMean, toVariance),
  ));
}

/** phi(mean / s) / s, s^2 = variance + added [batch, n]: the mean slope of the step (added 0) or of Phi(x / sqrt(added)). */
export function probabilityDensity(tape: Tape, input: Marginals, added: number): Tensor {
  const { kernels } = input.mean.core;
  return meanOp(tape, input, (mean, variance, count, gradient, out, toMean, toVariance) =>
    kernels.gaussian_density_f64(mean, variance, count, added, gradient, out, toMean, toVariance),
  );
}

/** E[GELU(X)] = mu Phi(h) + v phi(h) / s, s^2 = 1 + v, h = mu / s, exact. [batch, n] */
export function geluMean(tape: Tape, input: Marginals): Tensor {
  return meanOp(tape, input, input.mean.core.kernels.gaussian_gelu_mean_f64);
}

/** E[GELU'(X)] [batch, n], exact. */
export function geluSlope(tape: Tape, input: Marginals): Tensor {
  return meanOp(tape, input, input.mean.core.kernels.gaussian_gelu_slope_f64);
}

/** Kernels of a second moment and its gradient, over covariances (`full`) or variances. */
interface SpreadKernels {
  write(mean: Pointer, spread: Pointer, n: number, full: boolean, out: Pointer, scratch: Pointer): void;
  gradient(mean: Pointer, spread: Pointer, n: number, full: boolean, gradient: Pointer, toMean: Pointer, toSpread: Pointer, scratch: Pointer): void;
}

function stepKernels({ kernels }: Core, added: number): SpreadKernels {
  return {
    write: (mean, spread, n, full, out, scratch) => kernels.gaussian_step_f64(mean, spread, n, full, added, out, scratch),
    gradient: (mean, spread, n, full, gradient, toMean, toSpread, scratch) =>
      kernels.gaussian_step_gradient_f64(mean, spread, n, full, added, gradient, toMean, toSpread, scratch),
  };
}

function geluKernels({ kernels }: Core): SpreadKernels {
  return { write: kernels.gaussian_gelu_f64, gradient: kernels.gaussian_gelu_gradient_f64 };
}

/** Runs the kernels over rows of `features` values, each with its covariance [features, features] or its variances. */
function spreadOp(tape: Tape, mean: Tensor, spread: Tensor, features: number, full: boolean, { write, gradient: back }: SpreadKernels): Tensor {
  const { core } = mean;
  const scratch = () => core.scratch(core.kernels.gaussian_joint_scratch_f64(features), 'covariance');
  const output = tape.empty(spread.shape, 'float64', full ? 'covariance' : 'variance');
  const eachRow = (run: (vector: number, matrix: number) => void) => {
    for (let row = 0; row < mean.size; row += features) run(8 * row, 8 * row * (full ? features : 1));
  };
  const room = scratch();
  eachRow((vector, matrix) => write(mean.source + vector, spread.source + matrix, features, full, output.pointer + matrix, room));
  return tape.record([mean, spread], output, (gradient) => giveBoth(tape, mean, spread, (toMean, toSpread) => {
    const again = scratch();
    eachRow((vector, matrix) => back(
      mean.source + vector, spread.source + matrix, features, full, gradient.source + matrix, toMean + vector, toSpread + matrix, again,
    ));
  }));
}

/**
 * Moments of the step function 1(x > 0) (added 0; at 0 it is 1/2) or of Phi(x / sqrt(added)) (added > 0), exact: the
 * bivariate normal distribution. At correlations of +-1 and equal standardised means the step's slope in the covariance is
 * infinite, and taken as 0.
 * @throws TypeError or RangeError for marginals that are not float64 [batch, n]
 */
export function stepMarginals(tape: Tape, input: Marginals, added: number): Marginals {
  const { features } = sizesOfMarginals('stepMarginals', input);
  return {
    mean: probability(tape, input, added),
    variance: spreadOp(tape, input.mean, input.variance, features, false, stepKernels(input.mean.core, added)),
  };
}

/** As {@link stepMarginals} with the full covariance, exact. */
export function stepJoint(tape: Tape, input: Joint, added: number): Joint {
  const { features } = sizesOfJoint('stepJoint', input);
  const marginals = { mean: input.mean, variance: diagonal(tape, input.covariance) };
  return {
    mean: probability(tape, marginals, added),
    covariance: spreadOp(tape, input.mean, input.covariance, features, true, stepKernels(input.mean.core, added)),
  };
}

/**
 * Moments of GELU, x Phi(x). Mean and variance are exact; the variance's gradient, by 128 terms of a series, is so to rounding
 * for variances up to 3.
 * @throws TypeError or RangeError for marginals that are not float64 [batch, n]
 */
export function geluMarginals(tape: Tape, input: Marginals): Marginals {
  const { features } = sizesOfMarginals('geluMarginals', input);
  return { mean: geluMean(tape, input), variance: spreadOp(tape, input.mean, input.variance, features, false, geluKernels(input.mean.core)) };
}

/**
 * As {@link geluMarginals} with the full covariance: off the diagonal 128 terms of Mehler's series in
 * r = c / sqrt((1 + v1)(1 + v2)), to rounding for |r| up to 0.75 and within 1e-9 sqrt((1 + v1)(1 + v2)) up to 0.95.
 */
export function geluJoint(tape: Tape, input: Joint): Joint {
  const { features } = sizesOfJoint('geluJoint', input);
  return {
    mean: geluMean(tape, { mean: input.mean, variance: diagonal(tape, input.covariance) }),
    covariance: spreadOp(tape, input.mean, input.covariance, features, true, geluKernels(input.mean.core)),
  };
}
