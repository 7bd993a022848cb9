import type { Generator } from '../random/index.js';
import type { Tensor } from '../tensor/index.js';

/**
 * PyTorch's default initialisation of nn.Linear and nn.Conv2d (`reset_parameters`): weight by
 * kaiming_uniform_ with a = sqrt(5), then bias uniform within 1 / sqrt(fanIn). Draws from `generator`
 * in that order, bit for bit as PyTorch does.
 * @param fanIn inputs of one output value: `in` of a linear layer, channels x kernel height x kernel width
 */
export function initializeLayer(generator: Generator, weight: Tensor, bias: Tensor | null, fanIn: number): void {
  const slope = Math.sqrt(5);
  const gain = Math.sqrt(2 / (1 + slope * slope));
  const bound = Math.sqrt(3) * (gain / Math.sqrt(fanIn));
  generator.fillUniform(weight, -bound, bound);
  if (bias !== null) {
    const biasBound = 1 / Math.sqrt(fanIn);
    generator.fillUniform(bias, -biasBound, biasBound);
  }
}
