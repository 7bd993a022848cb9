// A stack of linear maps (fully connected layers and convolutions) whose gradients are kept as factors: a sample's gradient of a
// layer is the outer product of its delta (the gradient of the layer's preactivation) and the layer's input, for a convolution the
// sum of one at each place; so a batch of them is two matrices a layer.
import type { Core } from '../../core/index.js';
import { initializeLayer } from '../../nn/index.js';
import { Generator } from '../../random/index.js';
import {
  conv2d, convolutionParameterGradients, flatten, linear, linearParameterGradients, maxPool2d, relu, reshape, tanh, Tensor, type DType, type Pair, type Tape,
} from '../../tensor/index.js';

export type StackActivation = 'relu' | 'tanh' | 'none';

/** A convolution of images [channels, height, width], stride 1, and the max-pooling after its activation. */
export interface ConvolutionShape {
  channels: number;
  height: number;
  width: number;
  outChannels: number;
  kernel: Pair;
  padding: Pair;
  pool: Pair;
}

export interface LayerShape {
  /** Values of a sample's input. */
  inputs: number;
  /** Values of a sample's preactivation. */
  outputs: number;
  activation: StackActivation;
  /** Absent for a fully connected layer. */
  convolution?: ConvolutionShape;
}

/** A layer's parameters: views of one flat vector. */
interface LayerViews {
  weight: Tensor;
  bias: Tensor;
}

/** One layer's part of a batch's gradients. */
export interface LayerFactors {
  /** Gradient of each sample's preactivations [samples, outputs]. */
  delta: Tensor;
  /** The layer's inputs [samples, inputs], each less `offset`. */
  input: Tensor;
  offset: number;
  /** Preactivations [samples, outputs]. */
  preactivation: Tensor;
}

const ACTIVATE = { relu, tanh, none: (_: Tape, x: Tensor) => x };

/** Shape of a layer's weight, PyTorch's; its bias has one value for each of the first extent. */
function weightShape({ inputs, outputs, convolution }: LayerShape): [number, ...number[]] {
  if (convolution === undefined) return [outputs, inputs];
  return [convolution.outChannels, convolution.channels, ...convolution.kernel];
}

/** Inputs of one output value. */
function fanIn(layer: LayerShape): number {
  const [, ...fan] = weightShape(layer);
  return fan.reduce((product, extent) => product * extent, 1);
}

/** Values of a stack's parameters: each layer's weight, row after row, then its bias; PyTorch's order. */
export function parameterCount(layers: readonly LayerShape[]): number {
  return layers.reduce((total, layer) => total + (fanIn(layer) + 1) * weightShape(layer)[0], 0);
}

/** [samples, values] as images. */
function imageShape(x: Tensor, { channels, height, width }: ConvolutionShape): [number, number, number, number] {
  return [x.shape[0]!, channels, height, width];
}

export class LinearStack {
  readonly layers: readonly LayerShape[];
  /** All parameters [dimension], in PyTorch's order. */
  readonly flat: Tensor;
  readonly #views: LayerViews[];

  constructor(core: Core, layers: readonly LayerShape[], dtype: DType, name: string) {
    this.layers = layers;
    this.flat = Tensor.zeros(core, [parameterCount(layers)], dtype, name);
    this.#views = this.viewsOf(this.flat);
  }

  get hasConvolutions(): boolean {
    return this.layers.some(({ convolution }) => convolution !== undefined);
  }

  get dimension(): number {
    return this.flat.size;
  }

  /** A flat vector [dimension] as the layers' weights and biases, where they lie. */
  viewsOf(flat: Tensor): LayerViews[] {
    const { core, dtype } = flat;
    const size = dtype === 'float32' ? 4 : 8;
    let pointer = flat.pointer;
    const take = (shape: number[]) => {
      const view = Tensor.at(core, dtype, shape, pointer);
      pointer += view.size * size;
      return view;
    };
    return this.layers.map((layer) => ({ weight: take(weightShape(layer)), bias: take([weightShape(layer)[0]]) }));
  }

  /** PyTorch's default initialisation after torch.manual_seed(seed), layer by layer: drawn in float32, for float64 then widened. */
  initialize(seed: number): void {
    const generator = new Generator(this.flat.core, seed);
    for (const [index, { weight, bias }] of this.#views.entries()) initializeLayer(generator, weight, bias, fanIn(this.layers[index]!), 'float32');
    generator.dispose();
  }

  /** x [batch, inputs] less `offset` -> outputs [batch, outputs]. */
  forward(tape: Tape, x: Tensor, offset: number): Tensor {
    return this.#run(tape, x, offset).output;
  }

  #run(tape: Tape, x: Tensor, offset: number): { output: Tensor; parts: Omit<LayerFactors, 'delta'>[] } {
    const parts: Omit<LayerFactors, 'delta'>[] = [];
    let input = x;
    for (const [index, { weight, bias }] of this.#views.entries()) {
      const inputOffset = index === 0 ? offset : 0;
      const { convolution, activation } = this.layers[index]!;
      const preactivation = convolution === undefined
        ? linear(tape, input, weight, bias, { inputOffset })
        : conv2d(tape, reshape(tape, input, imageShape(input, convolution)), weight, bias, { padding: convolution.padding });
      preactivation.requiresGrad = true;
      parts.push({ input, offset: inputOffset, preactivation });
      const activated = ACTIVATE[activation](tape, preactivation);
      input = convolution === undefined ? activated : flatten(tape, maxPool2d(tape, activated, { kernel: convolution.pool }));
    }
    return { output: input, parts };
  }

  /**
   * The factors of each sample's gradient of `loss`, a function of the outputs that records on the tape.
   * @param upstream the objective's slope with respect to what `loss` returns
   */
  factors(tape: Tape, x: Tensor, offset: number, loss: (tape: Tape, output: Tensor) => Tensor, upstream: number): LayerFactors[] {
    const { output, parts } = this.#run(tape, x, offset);
    const value = loss(tape, output);
    tape.backward(value, tape.from([upstream], [], value.dtype));
    return parts.map((part) => {
      const rows: [number, number] = [part.input.shape[0]!, part.preactivation.size / part.input.shape[0]!];
      return { ...part, preactivation: part.preactivation.view(rows), delta: part.preactivation.grad!.view(rows) };
    });
  }

  /** Writes the gradient that factors stand for, the sum over their samples, to a flat vector [dimension]. */
  writeGradient(tape: Tape, factors: readonly Pick<LayerFactors, 'delta' | 'input' | 'offset'>[], into: Tensor): void {
    for (const [index, views] of this.viewsOf(into).entries()) {
      const { delta, input, offset } = factors[index]!;
      const { convolution } = this.layers[index]!;
      if (convolution === undefined) linearParameterGradients(tape, delta, input, offset, views);
      else convolutionParameterGradients(delta, input.view(imageShape(input, convolution)), { padding: convolution.padding }, views);
    }
  }

  dispose(): void {
    this.flat.dispose();
  }
}
