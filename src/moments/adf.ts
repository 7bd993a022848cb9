// Assumed density filtering (Maybeck 1982; for networks Gast and Roth 2018): layer after layer, each result taken as
// Gaussian with the moments it has.
import type { Tape } from '../tensor/index.js';
import type { Joint, Marginals } from './distribution.js';
import type { Carried } from './layers.js';
import { requireShape } from './covariance-ops.js';
import type { MomentNetwork } from './network.js';

/**
 * Means and variances of a network's outputs, every layer's features taken as uncorrelated. Recorded on the tape.
 * @param input means and variances [batch, n], float64
 * @throws RangeError for shapes that do not fit; TypeError for float32
 */
export function adf(tape: Tape, network: MomentNetwork, input: Marginals): Marginals {
  network.requireInput('adf', input.mean);
  requireShape('adf', 'the variances', input.variance, input.mean.shape);
  return network.layers.reduce((moments, layer, index) => layer.marginals(tape, moments, network.shapes[index]!), input);
}

/**
 * Means and covariances of a network's outputs. Recorded on the tape.
 * @param input means [batch, n] and symmetric covariances [batch, n, n], float64
 * @throws RangeError for shapes that do not fit; TypeError for float32
 */
export function adfJoint(tape: Tape, network: MomentNetwork, input: Joint): Joint {
  requireJoint('adfJoint', network, input);
  const carried: Carried = { joint: input, crosses: [] };
  return network.layers.reduce((moments, layer, index) => layer.joint(tape, moments, network.shapes[index]!), carried).joint;
}

/** @throws RangeError unless means and covariances fit the network; TypeError unless they are float64 */
export function requireJoint(op: string, network: MomentNetwork, { mean, covariance }: Joint): void {
  network.requireInput(op, mean);
  requireShape(op, 'the covariances', covariance, [mean.shape[0]!, network.inputs, network.inputs]);
}
