// What is known of a Gaussian input or an activation: means with variances, or means with the full covariance.
import { formatShape, type Tensor } from '../tensor/index.js';

/** Means [batch, n] and variances [batch, n], the features uncorrelated or their correlations unknown. float64. */
export interface Marginals {
  mean: Tensor;
  variance: Tensor;
}

/** Means [batch, n] and covariances [batch, n, n]. float64. */
export interface Joint {
  mean: Tensor;
  covariance: Tensor;
}

function requireFloat64(op: string, name: string, { dtype }: Tensor): void {
  if (dtype !== 'float64') throw new TypeError(`${op}: expected ${name} of float64, got ${dtype}`);
}

/**
 * The extents of marginals.
 * @throws TypeError unless both are float64; RangeError unless both are [batch, n]
 */
export function sizesOfMarginals(op: string, { mean, variance }: Marginals): { batch: number; features: number } {
  requireFloat64(op, 'means', mean);
  requireFloat64(op, 'variances', variance);
  const batch = mean.shape[0], features = mean.shape[1];
  if (mean.shape.length !== 2 || variance.shape.length !== 2 || variance.shape[0] !== batch || variance.shape[1] !== features) {
    throw new RangeError(`${op}: expected means and variances [batch, n], got ${formatShape(mean.shape)} and ${formatShape(variance.shape)}`);
  }
  return { batch: batch!, features: features! };
}

/**
 * The extents of a joint distribution.
 * @throws TypeError unless both are float64; RangeError unless they are [batch, n] and [batch, n, n]
 */
export function sizesOfJoint(op: string, { mean, covariance }: Joint): { batch: number; features: number } {
  requireFloat64(op, 'means', mean);
  requireFloat64(op, 'covariances', covariance);
  const [batch, features] = mean.shape;
  const [matrices, rows, columns] = covariance.shape;
  const fits = mean.shape.length === 2 && covariance.shape.length === 3 && matrices === batch && rows === features && columns === features;
  if (!fits) {
    throw new RangeError(`${op}: expected means [batch, n] and covariances [batch, n, n], got ${formatShape(mean.shape)} and ${formatShape(covariance.shape)}`);
  }
  return { batch: batch!, features: features! };
}
