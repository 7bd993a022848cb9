import type { Generator } from '../random/index.js';
import { Tensor, type DType } from '../tensor/index.js';

/** Fills a tensor uniformly; one of another dtype than is drawn gets the drawn values, widened or rounded. */
function fillUniformAs(generator: Generator, target: Tensor, bound: number, drawn: DType): void {
  if (drawn === target.dtype) {
    generator.fillUniform(target, -bound, bound);
    return;
  }
  const values = Tensor.zeros(target.core, target.shape, drawn, 'initial parameters');
  generator.fillUniform(values, -bound, bound);
  target.data.set(values.data);
  values.dispose();
}

/**
 * PyTorch's default initialisation of nn.Linear and nn.Conv2d (`reset_parameters`): weight by
 * kaiming_uniform_ with a = sqrt(5), then bias uniform within 1 / sqrt(fanIn). Draws from `generator`
 * in that order, bit for bit as PyTorch does.
 * @param fanIn inputs of one output value: `in` of a linear layer, channels x kernel height x kernel width
 * @param drawn the dtype whose stream is drawn; float32 for a float64 layer gives it the float32 layer's weights
 */
export function initializeLayer(generator: Generator, weight: Tensor, bias: Tensor | null, fanIn: number, drawn: DType = weight.dtype): void {
  const slope = Math.sqrt(5);
  const gain = Math.sqrt(2 / (1 + slope * slope));
  const bound = Math.sqrt(3) * (gain / Math.sqrt(fanIn));
  fillUniformAs(generator, weight, bound, drawn);
  if (bias !== null) {
    fillUniformAs(generator, bias, 1 / Math.sqrt(fanIn), drawn);
  }
}
