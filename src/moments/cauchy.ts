// Cauchy noise through a network. A Cauchy variable has no mean and no variance; its location and scale are carried instead.
// A sum of independent Cauchy variables is Cauchy with the scales added, so an affine layer is exact for independent
// inputs: location W x + b, scale |W| g. Anything else is linearised at the location, as in stable distribution propagation
// (Petersen et al. 2024), who prove that best in total variation for ReLU.
import type { Tape, Tensor } from '../tensor/index.js';
import { jacobian } from './jacobian.js';
import { requireShape } from './covariance-ops.js';
import type { MomentNetwork } from './network.js';

/** Locations [batch, n] and scales [batch, n] (half the interquartile range), float64. */
export interface CauchyMarginals {
  location: Tensor;
  scale: Tensor;
}

/** |J| g for Jacobians [batch, m, n] and scales [batch, n]: [batch, m]. */
function scaleThrough(tape: Tape, matrices: Tensor, scale: Tensor): Tensor {
  const [batch, m, n] = matrices.shape as [number, number, number];
  const magnitudes = tape.from(matrices.toArray().map(Math.abs), matrices.shape, 'float64', 'magnitudes');
  const output = tape.empty([batch, m], 'float64', 'Cauchy scale');
  for (let b = 0; b < batch; b++) {
    scale.core.kernels.affine_forward_f64(magnitudes.source + 8 * b * m * n, 0, m, n, scale.source + 8 * b * n, 1, output.pointer + 8 * b * m);
  }
  return output;
}

function requireCauchy(op: string, network: MomentNetwork, { location, scale }: CauchyMarginals): void {
  network.requireInput(op, location);
  requireShape(op, 'the scales', scale, location.shape);
  if (scale.toArray().some((value) => !(value >= 0))) throw new RangeError(`${op}: expected scales of at least 0, got a negative one or NaN`);
}

/**
 * Locations and scales of a network's outputs for independent Cauchy inputs, the network linearised as a whole at the
 * location: exact for an affine network. Takes no part in gradients.
 * @throws RangeError for shapes that do not fit or a negative scale; TypeError for float32
 */
export function cauchy(tape: Tape, network: MomentNetwork, input: CauchyMarginals): CauchyMarginals {
  requireCauchy('cauchy', network, input);
  return tape.withoutRecording(() => ({
    location: network.forward(tape, input.location),
    scale: scaleThrough(tape, jacobian(tape, network, input.location), input.scale),
  }));
}
