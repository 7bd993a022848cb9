import { Stepper, type Tape, type Tensor } from '../tensor/index.js';
import type { ActivationMoments } from './activations.js';
import { diagonal } from './diagonal.js';
import type { Layer } from './layers.js';
import { scaleColumns } from './covariance-ops.js';

/** The activation's derivative at every value of x: differentiated by a tape of its own, so exactly, whatever the activation. */
function derivativeAt(tape: Tape, activation: ActivationMoments, x: Tensor): Tensor {
  const stepper = new Stepper(x.core);
  try {
    const values = stepper.step((own) => {
      const argument = own.from(x.toArray(), x.shape, 'float64', 'argument');
      argument.requiresGrad = true;
      own.backward(activation.apply(own, argument));
      return argument.grad!.toArray();
    });
    return tape.from(values, x.shape, 'float64', 'derivative');
  } finally {
    stepper.dispose();
  }
}

/**
 * A function of each feature by itself. Covariances with variables before it follow from Stein's lemma:
 * Cov(z, g(x)) = Cov(z, x) E[g'(x)] for jointly Gaussian z and x.
 */
export function activationLayer(activation: ActivationMoments): Layer & { readonly activation: ActivationMoments } {
  return {
    kind: 'activation', parameters: [], isAffine: false, activation,
    outputShape: (input) => input,
    forward: (tape, x) => activation.apply(tape, x),
    marginals: (tape, moments) => activation.marginals(tape, moments),
    joint(tape, { joint, crosses }) {
      if (crosses.length === 0) return { joint: activation.joint(tape, joint), crosses };
      const slope = activation.slope(tape, { mean: joint.mean, variance: diagonal(tape, joint.covariance) });
      return { joint: activation.joint(tape, joint), crosses: crosses.map((cross) => scaleColumns(tape, cross, slope)) };
    },
    differential: (tape, rows, at) => tape.withoutRecording(() => scaleColumns(tape, rows, derivativeAt(tape, activation, at))),
  };
}
