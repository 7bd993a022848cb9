import type { Generator } from '../random/index.js';
import { Tensor, type DType } from '../tensor/index.js';

/** Draws a tensor's values; one of another dtype than is drawn gets the drawn values, widened or rounded. */
function drawAs(target: Tensor, drawn: DType, fill: (tensor: Tensor) => void): void {
  if (drawn === target.dtype) return fill(target);
  const values = Tensor.zeros(target.core, target.shape, drawn, 'initial parameters');
  fill(values);
  target.data.set(values.data);
  values.dispose();
}

/** Uniform within +-bound, as {@link initializeLayer} and recurrent layers draw. */
export function drawUniform(generator: Generator, target: Tensor, bound: number, drawn: DType): void {
  drawAs(target, drawn, (tensor) => generator.fillUniform(tensor, -bound, bound));
}

/** Standard normal, as embeddings draw. */
export function drawNormal(generator: Generator, target: Tensor, drawn: DType): void {
  drawAs(target, drawn, (tensor) => generator.fillNormal(tensor, 0, 1));
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
  drawUniform(generator, weight, bound, drawn);
  if (bias !== null) {
    drawUniform(generator, bias, 1 / Math.sqrt(fanIn), drawn);
  }
}
