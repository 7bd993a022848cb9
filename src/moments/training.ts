// Losses of a network's output moments: recorded, so that training through them needs an optimiser only.
import { add, div, log, mean, mul, requireSameShape, scale, sub, type Tape, type Tensor } from '../tensor/index.js';
import type { Marginals } from './distribution.js';

/**
 * Mean over all outputs of E[(y - target)^2] = (mean - target)^2 + variance: the expected squared error under the noise that
 * the moments carry. A scalar.
 * @throws RangeError when the target's shape is not the outputs'
 */
export function expectedSquaredError(tape: Tape, output: Marginals, target: Tensor): Tensor {
  requireSameShape('expectedSquaredError', output.mean, target);
  const difference = sub(tape, output.mean, target);
  return mean(tape, add(tape, mul(tape, difference, difference), output.variance));
}

/**
 * Mean over all outputs of ((mean - target)^2 / variance + log variance) / 2: the Gaussian negative log-likelihood without
 * its constant. Needs variances above 0. A scalar.
 * @throws RangeError when the target's shape is not the outputs'
 */
export function gaussianNegativeLogLikelihood(tape: Tape, output: Marginals, target: Tensor): Tensor {
  requireSameShape('gaussianNegativeLogLikelihood', output.mean, target);
  const difference = sub(tape, output.mean, target);
  const squared = div(tape, mul(tape, difference, difference), output.variance);
  return scale(tape, mean(tape, add(tape, squared, log(tape, output.variance))), 0.5);
}
