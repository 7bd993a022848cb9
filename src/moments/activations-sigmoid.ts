// The logistic function and tanh of Gaussian inputs, approximated by Phi(sqrt(pi / 8) x), which has the logistic function's
// slope at 0 and is within 0.018 of it. float64.
import { add, div, scale, sigmoid, sqrt, tanh, type Tape, type Tensor } from '../tensor/index.js';
import { probabilityDensity, stepJoint, stepMarginals } from './activations-step.js';
import type { Joint, Marginals } from './distribution.js';
import { diagonal } from './diagonal.js';

const PI = 3.141592653589793;

/** Phi(sqrt(pi / 8) x) = P(x > sqrt(8 / pi) Z); for tanh(x) = 2 sigmoid(2 x) - 1 the input counts twice. */
const ADDED = { sigmoid: 8 / PI, tanh: 2 / PI };
const CURVE = { sigmoid, tanh };
/** tanh is twice as high as the logistic function. */
const HEIGHT = { sigmoid: 1, tanh: 2 };

export type Curve = keyof typeof ADDED;

/** f(mu / sqrt(1 + v / added)): MacKay 1992; the logistic function's mean within 0.02, tanh's within 0.04. */
function curveMean(tape: Tape, curve: Curve, { mean, variance }: Marginals): Tensor {
  const ones = tape.from(new Float64Array(variance.size).fill(1), variance.shape, 'float64', 'ones');
  const spread = sqrt(tape, add(tape, scale(tape, variance, 1 / ADDED[curve]), ones));
  return CURVE[curve](tape, div(tape, mean, spread));
}

/** Means f(mu / sqrt(1 + v / added)) and the probit's variances, [batch, n] both. */
export function curveMarginals(tape: Tape, curve: Curve, input: Marginals): Marginals {
  const { variance } = stepMarginals(tape, input, ADDED[curve]);
  return { mean: curveMean(tape, curve, input), variance: scale(tape, variance, HEIGHT[curve] ** 2) };
}

/** As {@link curveMarginals} with the probit's covariances, which are those of a function: positive semidefinite. */
export function curveJoint(tape: Tape, curve: Curve, input: Joint): Joint {
  const { covariance } = stepJoint(tape, input, ADDED[curve]);
  const marginals = { mean: input.mean, variance: diagonal(tape, input.covariance) };
  return { mean: curveMean(tape, curve, marginals), covariance: scale(tape, covariance, HEIGHT[curve] ** 2) };
}

/** The probit's mean slope [batch, n], which goes with its covariances. */
export function curveSlope(tape: Tape, curve: Curve, input: Marginals): Tensor {
  return scale(tape, probabilityDensity(tape, input, ADDED[curve]), HEIGHT[curve]);
}
