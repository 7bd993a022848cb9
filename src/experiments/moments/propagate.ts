// The moments of one network's outputs for one Gaussian input, by the method that is asked for.
import {
  adf, adfJoint, NormalSampler, oneStage, RunningMoments, twoStage, withDiagonal, type Derivative, type Joint, type Marginals, type MomentNetwork,
} from '../../moments/index.js';
import { Generator } from '../../random/index.js';
import type { Stepper, Tape, Tensor } from '../../tensor/index.js';
import { examine } from './referee.js';

export const PROPAGATION_METHODS = ['exact', 'adf', 'two-stage', 'one-stage', 'monte-carlo'] as const;
export type PropagationMethod = (typeof PROPAGATION_METHODS)[number];

/** A Gaussian input: n means, and covariances [n, n], or n variances of uncorrelated features. */
export interface PropagationInput {
  mean: Float64Array;
  covariance: { kind: 'full' | 'diagonal'; values: Float64Array };
}

export interface PropagationOptions {
  method: PropagationMethod;
  /** Of the two-stage method: place of the activation that stays exact. */
  activation?: number;
  /** Of the linearising methods; default 'jacobian'. */
  derivative?: Derivative;
  /** Of Monte Carlo: samples and their seed. */
  count: number;
  seed: number;
}

/** m means with m variances or covariances [m, m]; Monte Carlo's with standard errors. Lists of plain numbers, ready for JSON. */
export interface Propagated {
  method: PropagationMethod;
  mean: number[];
  mean_error?: number[];
  variance?: number[];
  covariance?: number[][];
  covariance_error?: number[][];
}

const rowsOf = (values: Float64Array, n: number) => Array.from({ length: n }, (_, row) => Array.from(values.subarray(row * n, (row + 1) * n)));

function tensorsOf(tape: Tape, { mean, covariance }: PropagationInput): { mean: Tensor; spread: Tensor } {
  const n = mean.length;
  const shape = covariance.kind === 'full' ? [1, n, n] : [1, n];
  return { mean: tape.from(mean, [1, n], 'float64', 'mean'), spread: tape.from(covariance.values, shape, 'float64', 'covariance') };
}

/** With the full covariance, made of the variances where those were given. */
function jointOf(tape: Tape, input: PropagationInput): Joint {
  const { mean, spread } = tensorsOf(tape, input);
  if (input.covariance.kind === 'full') return { mean, covariance: spread };
  const n = input.mean.length;
  return { mean, covariance: withDiagonal(tape, tape.from(new Float64Array(n * n), [1, n, n], 'float64', 'covariance'), spread) };
}

function marginalsOf(tape: Tape, input: PropagationInput): Marginals {
  const n = input.mean.length;
  const { mean, spread } = tensorsOf(tape, input);
  if (input.covariance.kind === 'diagonal') return { mean, variance: spread };
  return { mean, variance: tape.from(Float64Array.from({ length: n }, (_, i) => input.covariance.values[i * n + i]!), [1, n], 'float64', 'variances') };
}

function byFormula(tape: Tape, network: MomentNetwork, input: PropagationInput, { method, activation, derivative = 'jacobian' }: PropagationOptions): Joint | Marginals {
  if (method === 'adf') return adf(tape, network, marginalsOf(tape, input));
  const joint = jointOf(tape, input);
  if (method === 'exact') return adfJoint(tape, network, joint);
  if (method === 'one-stage') return oneStage(tape, network, joint, { derivative });
  return twoStage(tape, network, joint, { activation: activation ?? network.layers.findLastIndex(({ kind }) => kind === 'activation'), derivative });
}

function byMonteCarlo(network: MomentNetwork, input: PropagationInput, stepper: Stepper, { count, seed }: PropagationOptions): Omit<Propagated, 'method'> {
  const { core } = stepper;
  const n = network.inputs;
  const sampler = stepper.step((tape) => new NormalSampler(input.mean, jointOf(tape, input).covariance.view([n, n])), { record: false });
  const generator = new Generator(core, seed);
  const moments = new RunningMoments(core, network.outputs, { covariance: true });
  try {
    const widest = network.sizes.reduce((total, size) => total + size, 0);
    const batches = examine(core, sampler, generator, count, widest, [{ moments, transform: (tape, samples) => network.forward(tape, samples) }]);
    for (const _ of batches) void _;
    const { mean, meanError, covariance, covarianceError } = moments.estimate();
    const m = network.outputs;
    return { mean: [...mean], mean_error: [...meanError], covariance: rowsOf(covariance!, m), covariance_error: rowsOf(covarianceError!, m) };
  } finally {
    moments.dispose();
    generator.dispose();
    sampler.dispose();
  }
}

/**
 * Mean and covariance of a network's outputs (`adf`: variances, every layer's features taken as uncorrelated).
 * @param input fits the network, its covariance symmetric and positive semidefinite
 * @throws RangeError for an activation that is none, a count below 2, or exhausted memory
 */
export function propagate(network: MomentNetwork, input: PropagationInput, stepper: Stepper, options: PropagationOptions): Propagated {
  const { method } = options;
  if (method === 'monte-carlo') return { method, ...byMonteCarlo(network, input, stepper, options) };
  return stepper.step((tape) => {
    const moments = byFormula(tape, network, input, options);
    const mean = [...moments.mean.toArray()];
    if ('variance' in moments) return { method, mean, variance: [...moments.variance.toArray()] };
    return { method, mean, covariance: rowsOf(moments.covariance.toArray() as Float64Array, network.outputs) };
  }, { record: false });
}
