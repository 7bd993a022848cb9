// The normal distribution's functions for plain numbers: float64, the same bits everywhere.
import type { Core } from '../core/index.js';

/** exp(-x^2 / 2) / sqrt(2 pi); relative error of a few roundings down to |x| = 37, where it leaves the normal range. */
export function normalDensity(core: Core, x: number): number {
  return core.kernels.gaussian_density_of_f64(x);
}

/** P(U <= x) of a standard normal U; relative error of a few roundings in both tails, 0 and 1 at the infinities. */
export function normalDistribution(core: Core, x: number): number {
  return core.kernels.gaussian_distribution_of_f64(x);
}

/**
 * P(U <= h, V <= k) of standard normals of a correlation: absolute error below 1e-15 for any h, k and |correlation| <= 1, the
 * ends being P(U <= min(h, k)) and max(0, P(U <= h) + P(U <= k) - 1). Infinite h or k leave the other's distribution, or 0.
 * Below |r| = 3/4 the tetrachoric series (Pearson 1900), above it an integral over the correlation from there to +-1.
 * @throws RangeError unless -1 <= correlation <= 1
 */
export function bivariateNormal(core: Core, h: number, k: number, correlation: number): number {
  if (!(Math.abs(correlation) <= 1)) throw new RangeError(`bivariateNormal: expected a correlation in [-1, 1], got ${correlation}`);
  const scratch = core.scratch(core.kernels.gaussian_joint_scratch_f64(2) + 32, 'bivariateNormal');
  return core.kernels.gaussian_bivariate_f64(h, k, correlation, scratch);
}
