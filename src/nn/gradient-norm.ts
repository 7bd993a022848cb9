import { kernelOf, sumOfSquares, type Tensor } from '../tensor/index.js';

/**
 * Scales all gradients together so that their norm is at most `maxNorm` (Pascanu et al. 2013), as
 * `torch.nn.utils.clip_grad_norm_`: by maxNorm / (norm + 1e-6) where that is below 1. Parameters without a gradient are passed over.
 * @returns the norm before, summed in float64 in the parameters' order (PyTorch's is float32 for float32 parameters)
 * @throws RangeError unless maxNorm is at least 0
 */
export function clipGradientNorm(parameters: readonly Tensor[], maxNorm: number): number {
  if (!(maxNorm >= 0)) throw new RangeError(`clipGradientNorm: expected maxNorm of at least 0, got ${maxNorm}`);
  const gradients = parameters.map(({ grad }) => grad).filter((grad) => grad !== undefined);
  const norm = Math.sqrt(gradients.reduce((total, gradient) => total + sumOfSquares(gradient), 0));
  const factor = maxNorm / (norm + 1e-6);
  // An infinite norm scales by 0, a NaN one by NaN, as PyTorch does.
  if (factor >= 1) return norm;
  for (const gradient of gradients) kernelOf(gradient, 'arithmetic_scale')(gradient.source, factor, gradient.pointer, gradient.size);
  return norm;
}
