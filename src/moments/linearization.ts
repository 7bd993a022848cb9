// Moments through a network that is linearised wholly (one stage), on either side of one activation (two stages), or
// between its activations.
import type { Tape, Tensor } from '../tensor/index.js';
import { requireJoint } from './adf.js';
import { affineCovariance, affineVariance } from './affine.js';
import type { Joint, Marginals } from './distribution.js';
import { directionalDerivatives, jacobian } from './jacobian.js';
import { columnSquares, diagonalMatrix, gram, requireShape } from './covariance-ops.js';
import type { Carried } from './layers.js';
import type { MomentNetwork } from './network.js';
import { sqrtm } from './square-root.js';

/**
 * How a part of the network is linearised at its mean: by its Jacobian, or by the finite differences of
 * `directionalDerivatives` along the rows of the covariance's square root.
 */
export type Derivative = 'jacobian' | 'trick';

export interface StageOptions {
  /** Default 'jacobian'. */
  derivative?: Derivative;
}

export interface TwoStageOptions extends StageOptions {
  /** Place of the activation that stays exact among the network's layers, from 0. */
  activation: number;
}

function requireDerivative(op: string, derivative: Derivative): void {
  if (derivative !== 'jacobian' && derivative !== 'trick') {
    throw new RangeError(`${op}: expected derivative 'jacobian' or 'trick', got ${JSON.stringify(derivative)}`);
  }
}

/** Moments through an affine part as its layers give them, where they are exact: undefined where they are not. */
function exactMoments<M extends Marginals | Joint>(tape: Tape, part: MomentNetwork, input: M): M | undefined {
  const placed = part.layers.map((layer, index) => ({ layer, shape: part.shapes[index]! })).filter(({ layer }) => layer.kind !== 'flatten');
  if (!part.isAffine) return undefined;
  if ('covariance' in input) {
    return placed.reduce((carried, { layer, shape }) => layer.joint(tape, carried, shape), { joint: input, crosses: [] } as Carried).joint as M;
  }
  // After one layer its features are correlated, and a second one would need to know how.
  const [first, ...others] = placed;
  if (others.length > 0) return undefined;
  return first === undefined ? input : (first.layer.marginals(tape, input, first.shape) as M);
}

function varianceThrough(tape: Tape, part: MomentNetwork, { mean, variance }: Marginals, derivative: Derivative): Tensor {
  if (derivative === 'jacobian') return affineVariance(tape, jacobian(tape, part, mean), variance);
  const deviations = tape.empty(variance.shape, 'float64', 'standard deviations');
  variance.core.kernels.elementwise_sqrt_f64(variance.source, deviations.pointer, variance.size);
  return columnSquares(tape, directionalDerivatives(tape, (own, rows) => part.forward(own, rows), mean, diagonalMatrix(tape, deviations)));
}

function covarianceThrough(tape: Tape, part: MomentNetwork, { mean, covariance }: Joint, derivative: Derivative): Tensor {
  if (derivative === 'jacobian') return affineCovariance(tape, jacobian(tape, part, mean), covariance);
  return gram(tape, directionalDerivatives(tape, (own, rows) => part.forward(own, rows), mean, sqrtm(tape, covariance)));
}

/** Moments through a part of a network that is linearised at the mean. */
function throughPart<M extends Marginals | Joint>(tape: Tape, part: MomentNetwork, input: M, derivative: Derivative): M {
  const exact = exactMoments(tape, part, input);
  if (exact !== undefined) return exact;
  const mean = part.forward(tape, input.mean);
  if ('covariance' in input) return { mean, covariance: covarianceThrough(tape, part, input, derivative) } as M;
  return { mean, variance: varianceThrough(tape, part, input, derivative) } as M;
}

/** One activation's moments. */
function throughActivation<M extends Marginals | Joint>(tape: Tape, network: MomentNetwork, input: M, index: number): M {
  const [layer, shape] = [network.layers[index]!, network.shapes[index]!];
  if ('covariance' in input) return layer.joint(tape, { joint: input, crosses: [] }, shape).joint as M;
  return layer.marginals(tape, input, shape) as M;
}

/** Moments of the `kept` layers as they are, and of what lies between them linearised at its mean. */
function throughStages<M extends Marginals | Joint>(tape: Tape, network: MomentNetwork, input: M, kept: readonly number[], derivative: Derivative): M {
  const between = (moments: M, start: number, end: number) => (start === end ? moments : throughPart(tape, network.slice(start, end), moments, derivative));
  return tape.withoutRecording(() => {
    let moments: M = input;
    let start = 0;
    for (const index of kept) {
      moments = throughActivation(tape, network, between(moments, start, index), index);
      start = index + 1;
    }
    return between(moments, start, network.layers.length);
  });
}

/** Places of the activations among a network's layers. */
function activationsOf(network: MomentNetwork): number[] {
  return network.layers.flatMap(({ kind }, index) => (kind === 'activation' ? [index] : []));
}

function requireMoments(op: string, network: MomentNetwork, input: Marginals | Joint): void {
  if ('covariance' in input) return requireJoint(op, network, input);
  network.requireInput(op, input.mean);
  requireShape(op, 'the variances', input.variance, input.mean.shape);
}

/**
 * Moments of a network linearised at the input's mean: network(mean), and J S J^T or (J o J) v.
 * Takes no part in gradients.
 * @param input means with covariances, or with variances of uncorrelated features; the result has the same kind
 * @throws RangeError for shapes that do not fit or an unknown derivative; TypeError for float32
 */
export function oneStage<M extends Marginals | Joint>(tape: Tape, network: MomentNetwork, input: M, { derivative = 'jacobian' }: StageOptions = {}): M {
  requireMoments('oneStage', network, input);
  requireDerivative('oneStage', derivative);
  return throughStages(tape, network, input, [], derivative);
}

/**
 * Two-stage linearisation (Bibi, Alfadly and Ghanem 2018): what comes before one activation is linearised at the input's
 * mean, the activation's moments are taken as its `marginals` or `joint` say, and what follows is linearised at their mean.
 * Takes no part in gradients.
 * @param input means with covariances, or with variances of uncorrelated features; the result has the same kind
 * @throws RangeError for shapes that do not fit, an unknown derivative or a layer that is no activation; TypeError for float32
 */
export function twoStage<M extends Marginals | Joint>(tape: Tape, network: MomentNetwork, input: M, options: TwoStageOptions): M {
  const { activation, derivative = 'jacobian' } = options;
  requireMoments('twoStage', network, input);
  requireDerivative('twoStage', derivative);
  if (network.layers[activation]?.kind !== 'activation') {
    const places = activationsOf(network).join(', ') || 'this network has none';
    throw new RangeError(`twoStage: expected the place of an activation (${places}), got ${activation}`);
  }
  return throughStages(tape, network, input, [activation], derivative);
}

/**
 * Assumed density filtering as network_moments has it: every activation's moments as they are, and the layers between two
 * activations as one affine map, linearised at its mean. Unlike `adf`, a run of affine layers then keeps its correlations,
 * and a maximum becomes the choice of its largest mean. Takes no part in gradients.
 * @param input means with covariances, or with variances of uncorrelated features; the result has the same kind
 * @throws RangeError for shapes that do not fit or an unknown derivative; TypeError for float32
 */
export function adfLinearized<M extends Marginals | Joint>(tape: Tape, network: MomentNetwork, input: M, { derivative = 'jacobian' }: StageOptions = {}): M {
  requireMoments('adfLinearized', network, input);
  requireDerivative('adfLinearized', derivative);
  return throughStages(tape, network, input, activationsOf(network), derivative);
}
