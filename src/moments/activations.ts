// What propagation needs of an activation: the function, its moments under a Gaussian input, and its mean slope.
import type { Tape, Tensor } from '../tensor/index.js';
import type { Joint, Marginals } from './distribution.js';

export interface ActivationMoments {
  /** The canonical specification. */
  readonly name: string;
  /** The function itself, any shape. */
  apply(tape: Tape, x: Tensor): Tensor;
  /** Means and variances after it, exact unless its documentation says otherwise. */
  marginals(tape: Tape, input: Marginals): Marginals;
  /** Means and covariances after it: positive semidefinite up to rounding, but for the variants that say otherwise. */
  joint(tape: Tape, input: Joint): Joint;
  /** E[g'(u)] [batch, n]: Cov(x, g(u)) = Cov(x, u) E[g'(u)] for a Gaussian pair (Stein 1981), as residual connections need. */
  slope(tape: Tape, input: Marginals): Tensor;
}
