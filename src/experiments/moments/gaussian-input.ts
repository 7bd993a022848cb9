import { definite, diagonal, type Joint, type Marginals } from '../../moments/index.js';
import type { Generator } from '../../random/index.js';
import { scale, type Tape } from '../../tensor/index.js';

/** A Gaussian input: means [1, n], covariances [1, n, n] and their diagonals [1, n]. */
export type GaussianInput = Joint & Marginals;

/**
 * An input as the notebook's `get_gaussian` draws it: normal means times sigma (or zeros, which are drawn too), then a
 * `definite` covariance of Frobenius norm sigma^2.
 */
export function drawGaussianInput(tape: Tape, generator: Generator, n: number, sigma = 1, zeroMean = false): GaussianInput {
  const normals = generator.fillNormal(tape.empty([1, n], 'float64', 'means'), 0, 1);
  const mean = scale(tape, normals, zeroMean ? 0 : sigma);
  const covariance = definite(tape, generator, n, { batch: 1, norm: sigma * sigma });
  return { mean, covariance, variance: diagonal(tape, covariance) };
}
