// ReLU and leaky ReLU, f(x) = max(x, 0) + slope min(x, 0), of Gaussian inputs. float64.
import type { Pointer } from '../core/index.js';
import type { Tape, Tensor } from '../tensor/index.js';
import { diagonal } from './diagonal.js';
import { sizesOfJoint, sizesOfMarginals, type Joint, type Marginals } from './distribution.js';
import { giveBoth } from './gradients.js';

/**
 * Mean and variance of max(X, 0) + slope min(X, 0), both [batch, n], exact (Frey & Hinton 1999 for ReLU). A variance of 0 or
 * less counts as 0. Gradients go to means and variances; at mean 0 and variance 0 the part without bound is left out.
 * @throws TypeError or RangeError for marginals that are not float64 [batch, n]
 */
export function reluMarginals(tape: Tape, input: Marginals, slope = 0): Marginals {
  sizesOfMarginals('reluMarginals', input);
  const { mean, variance } = input;
  const { kernels } = mean.core;
  const outMean = tape.empty(mean.shape, 'float64', 'mean'), outVariance = tape.empty(mean.shape, 'float64', 'variance');
  kernels.gaussian_relu_marginals_f64(mean.source, variance.source, mean.size, slope, outMean.pointer, outVariance.pointer);
  const output = { mean: outMean, variance: outVariance };
  if (tape.records([mean, variance])) recordReluMarginals(tape, input, slope, output);
  return output;
}

function recordReluMarginals(tape: Tape, { mean, variance }: Marginals, slope: number, output: Marginals): void {
  const back = (meanGradient: Pointer, varianceGradient: Pointer) => giveBoth(tape, mean, variance, (toMean, toVariance) =>
    mean.core.kernels.gaussian_relu_marginals_gradient_f64(
      mean.source, variance.source, mean.size, slope, meanGradient, varianceGradient, toMean, toVariance,
    ),
  );
  tape.record([mean, variance], output.mean, (gradient) => back(gradient.source, 0));
  tape.record([mean, variance], output.variance, (gradient) => back(0, gradient.source));
}

/**
 * Mean [batch, n] and covariance [batch, n, n] of max(X, 0) + slope min(X, 0), exact for any means and correlations, with
 * gradients to both. An entry of the covariance counts as the mean of itself and its mirror image, and its gradient is shared
 * alike. A variance of 0 or less counts as 0.
 * @param terms of the series in the correlation beyond the linear one, off the diagonal; undefined for all, which is exact
 * @throws TypeError or RangeError for a joint distribution that is not float64 [batch, n] and [batch, n, n]
 */
export function reluJoint(tape: Tape, input: Joint, slope = 0, terms?: 0 | 2): Joint {
  const { batch, features } = sizesOfJoint('reluJoint', input);
  const { mean, covariance } = input;
  const { core } = mean;
  const output = tape.empty(covariance.shape, 'float64', 'covariance');
  const scratch = core.scratch(core.kernels.gaussian_joint_scratch_f64(features), 'reluJoint');
  for (let b = 0; b < batch; b++) {
    const vector = 8 * features * b, matrix = vector * features;
    core.kernels.gaussian_relu_joint_f64(mean.source + vector, covariance.source + matrix, features, slope, terms ?? -1, output.pointer + matrix, scratch);
  }
  tape.record([mean, covariance], output, (gradient) => giveBoth(tape, mean, covariance, (toMean, toCovariance) => {
    const room = core.scratch(core.kernels.gaussian_relu_joint_gradient_scratch_f64(features), 'reluJoint gradient');
    for (let b = 0; b < batch; b++) {
      const vector = 8 * features * b, matrix = vector * features;
      core.kernels.gaussian_relu_joint_gradient_f64(
        mean.source + vector, covariance.source + matrix, features, slope, terms ?? -1, gradient.source + matrix, toMean + vector, toCovariance + matrix, room,
      );
    }
  }));
  return { mean: reluMarginals(tape, { mean, variance: diagonal(tape, covariance) }, slope).mean, covariance: output };
}

/**
 * Covariance [batch, n, n] of max(X, 0) for X of mean 0 and covariance [batch, n, n], diagonal included; entries with a variance
 * of 0 or less are 0. An entry counts as the mean of itself and its mirror image.
 * Cho & Saul 2009; network_moments' `zero_mean_covariance`.
 * @throws TypeError or RangeError unless it is float64 [batch, n, n]
 */
export function reluZeroMeanCovariance(tape: Tape, covariance: Tensor): Tensor {
  const [batch, features] = covariance.shape as [number, number, number];
  sizesOfJoint('reluZeroMeanCovariance', { mean: tape.empty([batch, features], 'float64', 'mean'), covariance });
  const { core } = covariance;
  const scratch = () => core.scratch(core.kernels.gaussian_joint_scratch_f64(features), 'reluZeroMeanCovariance');
  const output = tape.empty(covariance.shape, 'float64', 'covariance');
  const bytes = 8 * features * features, room = scratch();
  for (let b = 0; b < batch; b++) core.kernels.gaussian_relu_zero_mean_f64(covariance.source + b * bytes, features, output.pointer + b * bytes, room);
  return tape.record([covariance], output, (gradient) => tape.accumulate(covariance, (pointer) => {
    const again = scratch();
    for (let b = 0; b < batch; b++) {
      core.kernels.gaussian_relu_zero_mean_gradient_f64(covariance.source + b * bytes, features, gradient.source + b * bytes, pointer + b * bytes, again);
    }
  }));
}
