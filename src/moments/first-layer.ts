// The mean of a network whose first activation alone sees noise: what the noisy first layer does to its ReLU is exact, and
// the rest is taken at that mean.
import { add, scale, sum, type Tape, type Tensor } from '../tensor/index.js';
import { variancesOf, type Uncertainty } from './affine.js';
import type { Layer } from './layers.js';
import { requireShape } from './covariance-ops.js';
import type { MomentNetwork } from './network.js';

/** Place of the activation after the first layer. */
function firstActivation(network: MomentNetwork): number {
  const place = network.layers[1]?.kind === 'flatten' ? 2 : 1;
  const isFirstLayer = ({ kind }: Layer) => kind === 'linear' || kind === 'conv2d';
  if (!isFirstLayer(network.layers[0]!) || network.layers[place]?.kind !== 'activation') {
    const kinds = network.layers.slice(0, 3).map(({ kind }) => kind).join(', ');
    throw new RangeError(`firstLayerMean: expected a linear or conv2d layer and an activation, with or without flatten between, got ${kinds}`);
  }
  return place;
}

/** Variances [batch, n] from one for all, or from those of one sample [n]. */
function variancesFor(tape: Tape, variance: Uncertainty, batch: number, n: number): Tensor {
  if (typeof variance === 'number' && !(variance >= 0 && variance < Infinity)) {
    throw new RangeError(`firstLayerMean: expected a variance of at least 0, got ${variance}`);
  }
  if (typeof variance === 'number' || variance.shape.length !== 1) return variancesOf(tape, variance, batch, n);
  requireShape('firstLayerMean', 'the variances', variance, [n]);
  const values = variance.toArray();
  return tape.from(Float64Array.from({ length: batch * n }, (_, index) => values[index % n]!), [batch, n], 'float64', 'variances');
}

/**
 * Output mean for inputs N(mean, diag(variance)): exact through the first layer and its activation, then the network at
 * that mean; exact altogether where only affine layers follow. Recorded on the tape.
 * @param mean [batch, n]
 * @param variance [batch, n], [n] for every sample, or one for all
 * @returns [batch, m]
 * @throws RangeError for a network that does not begin with a linear or conv2d layer and an activation, or shapes that do not fit
 */
export function firstLayerMean(tape: Tape, network: MomentNetwork, mean: Tensor, variance: Uncertainty): Tensor {
  const place = firstActivation(network);
  network.requireInput('firstLayerMean', mean);
  const spread = variancesFor(tape, variance, mean.shape[0]!, network.inputs);
  requireShape('firstLayerMean', 'the variances', spread, mean.shape);
  let moments = { mean, variance: spread };
  for (let index = 0; index <= place; index++) moments = network.layers[index]!.marginals(tape, moments, network.shapes[index]!);
  return place + 1 === network.layers.length ? moments.mean : network.slice(place + 1).forward(tape, moments.mean);
}

/**
 * The loss of training under noise: the sum of the clean outputs and gamma times the sum of {@link firstLayerMean}. A scalar.
 * @param x [batch, n]
 * @throws RangeError as {@link firstLayerMean}
 */
export function firstLayerLoss(tape: Tape, network: MomentNetwork, x: Tensor, { variance = 0.3, gamma = 0.4 }: { variance?: Uncertainty; gamma?: number } = {}): Tensor {
  const noisy = sum(tape, firstLayerMean(tape, network, x, variance));
  return add(tape, sum(tape, network.forward(tape, x)), scale(tape, noisy, gamma));
}
