// The activations whose moments under a Gaussian input are known, by their specifications.
import { formatSpecification, parseSpecification, type Described, type OptionValues } from '../core/index.js';
import { add, gelu, relu, scale, sigmoid, tanh, type Tape, type Tensor } from '../tensor/index.js';
import { reluJoint, reluMarginals, reluZeroMeanCovariance } from './activations-relu.js';
import { curveJoint, curveMarginals, curveSlope, type Curve } from './activations-sigmoid.js';
import { geluJoint, geluMarginals, geluSlope, probability, probabilityDensity, stepJoint, stepMarginals } from './activations-step.js';
import { diagonal, withDiagonal } from './diagonal.js';
import type { Joint, Marginals } from './distribution.js';

export interface ActivationMoments {
  /** The canonical specification. */
  readonly name: string;
  /** The function itself, any shape. */
  apply(tape: Tape, x: Tensor): Tensor;
  /** Means and variances after it, exact unless its documentation says otherwise. */
  marginals(tape: Tape, input: Marginals): Marginals;
  /** Means and covariances after it: positive semidefinite up to rounding, but for ReLU's `pasted`. */
  joint(tape: Tape, input: Joint): Joint;
  /** E[g'(u)] [batch, n]: Cov(x, g(u)) = Cov(x, u) E[g'(u)] for a Gaussian pair (Stein 1981), as residual connections need. */
  slope(tape: Tape, input: Marginals): Tensor;
}

type Moments = Omit<ActivationMoments, 'name'>;

interface Definition extends Described {
  readonly bound: (options: OptionValues) => Moments;
}

const identity: Moments = {
  apply: (_tape, x) => x,
  marginals: (_tape, input) => input,
  joint: (_tape, input) => input,
  slope: (tape, { mean }) => tape.from(new Float64Array(mean.size).fill(1), mean.shape, 'float64', 'slope'),
};

/** max(x, 0) + slope min(x, 0): the mean slope is slope + (1 - slope) P(u > 0). */
function leaky(slope: number, joint: Moments['joint']): Moments {
  return {
    apply: (tape, x) => (slope === 0 ? relu(tape, x) : add(tape, scale(tape, x, slope), scale(tape, relu(tape, x), 1 - slope))),
    marginals: (tape, input) => reluMarginals(tape, input, slope),
    joint,
    slope: (tape, input) => {
      const positive = probability(tape, input, 0);
      return slope === 0 ? positive : add(tape, scale(tape, identity.slope(tape, input), slope), scale(tape, positive, 1 - slope));
    },
  };
}

/** Mean and variance of ReLU, exact, with the covariance that `covariance` makes. */
function reluWith(tape: Tape, { mean, covariance }: Joint, pasted: boolean): Joint {
  const marginals = reluMarginals(tape, { mean, variance: diagonal(tape, covariance) });
  const zeroMean = reluZeroMeanCovariance(tape, covariance);
  return { mean: marginals.mean, covariance: pasted ? withDiagonal(tape, zeroMean, marginals.variance) : zeroMean };
}

const RELU_JOINTS: Record<string, Moments['joint']> = {
  exact: (tape, input) => reluJoint(tape, input),
  'zero-mean': (tape, input) => reluWith(tape, input, false),
  pasted: (tape, input) => reluWith(tape, input, true),
  linear: (tape, input) => reluJoint(tape, input, 0, 0),
  series3: (tape, input) => reluJoint(tape, input, 0, 2),
};

function step(added: number): Moments {
  return {
    // A variance of 0: Phi(x / sqrt(added)), and 1/2 for the step at 0.
    apply: (tape, x) => probability(tape, { mean: x, variance: tape.from(new Float64Array(x.size), x.shape, 'float64', 'variance') }, added),
    marginals: (tape, input) => stepMarginals(tape, input, added),
    joint: (tape, input) => stepJoint(tape, input, added),
    slope: (tape, input) => probabilityDensity(tape, input, added),
  };
}

function curve(name: Curve): Moments {
  return {
    apply: name === 'sigmoid' ? sigmoid : tanh,
    marginals: (tape, input) => curveMarginals(tape, name, input),
    joint: (tape, input) => curveJoint(tape, name, input),
    slope: (tape, input) => curveSlope(tape, name, input),
  };
}

const DEFINITIONS: readonly Definition[] = [
  {
    name: 'relu', help: 'max(x, 0)', source: 'Frey & Hinton 1999; covariance Price 1958', usual: 'covariance',
    options: {
      covariance: {
        default: 'exact', choices: Object.keys(RELU_JOINTS),
        help: "exact; zero-mean: the formula for means of 0; pasted: that with exact variances, network_moments' batch_moments, which need not be semidefinite; linear, series3: one or three terms of the series in the correlation",
      },
    },
    bound: ({ covariance }) => leaky(0, RELU_JOINTS[covariance as string]!),
  },
  {
    name: 'leaky-relu', help: 'max(x, 0) + slope min(x, 0)', source: 'Maas et al. 2013; covariance Price 1958', usual: 'slope',
    options: { slope: { default: 0.01, number: {}, help: 'the slope below 0' } },
    bound: ({ slope }) => leaky(slope as number, (tape, input) => reluJoint(tape, input, slope as number)),
  },
  { name: 'heaviside', help: '1 above 0, 1/2 at 0, 0 below', source: 'the bivariate normal distribution', options: {}, bound: () => step(0) },
  {
    name: 'gelu', help: 'x Phi(x)', source: 'Hendrycks & Gimpel 2016', options: {},
    bound: () => ({ apply: gelu, marginals: geluMarginals, joint: geluJoint, slope: geluSlope }),
  },
  { name: 'probit', help: 'Phi(x)', source: 'the bivariate normal distribution', options: {}, bound: () => step(1) },
  { name: 'sigmoid', help: 'logistic function, approximated by a probit', source: 'MacKay 1992', options: {}, bound: () => curve('sigmoid') },
  { name: 'tanh', help: 'hyperbolic tangent, approximated by a probit', source: 'MacKay 1992', options: {}, bound: () => curve('tanh') },
  { name: 'identity', help: 'x', source: '', options: {}, bound: () => identity },
];

/**
 * The moments of an activation: `relu`, `relu:covariance=exact|zero-mean|pasted|linear|series3`, `leaky-relu:slope=0.01`,
 * `heaviside`, `gelu`, `probit`, `sigmoid`, `tanh`, `identity`. float64.
 * @param where begins an error: a flag, or what is being read
 * @throws RangeError for an unknown name or option (naming the nearest), or a value out of bounds
 */
export function activationMoments(specification: string, where = 'activation'): ActivationMoments {
  const { definition, options } = parseSpecification(where, specification, DEFINITIONS);
  return { name: formatSpecification({ name: definition.name, options }), ...definition.bound(options) };
}
