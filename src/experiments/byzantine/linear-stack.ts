// A stack of linear layers whose gradients are kept as factors: a sample's gradient of a layer is the outer product of its delta
// (the gradient of the layer's preactivation) and the layer's input, so a batch of them is two matrices a layer.
import type { Core } from '../../core/index.js';
import { initializeLayer } from '../../nn/index.js';
import { Generator } from '../../random/index.js';
import { linear, linearParameterGradients, Tensor, relu, tanh, type DType, type Tape } from '../../tensor/index.js';

export type StackActivation = 'relu' | 'tanh' | 'none';

export interface LayerShape {
  inputs: number;
  outputs: number;
  activation: StackActivation;
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

/** Values of a stack's parameters: each layer's weight [outputs, inputs], row after row, then its bias; PyTorch's order. */
export function parameterCount(layers: readonly LayerShape[]): number {
  return layers.reduce((total, { inputs, outputs }) => total + (inputs + 1) * outputs, 0);
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
    return this.layers.map(({ inputs, outputs }) => ({ weight: take([outputs, inputs]), bias: take([outputs]) }));
  }

  /** PyTorch's default initialisation after torch.manual_seed(seed), layer by layer: drawn in float32, for float64 then widened. */
  initialize(seed: number): void {
    const generator = new Generator(this.flat.core, seed);
    for (const [index, { weight, bias }] of this.#views.entries()) initializeLayer(generator, weight, bias, this.layers[index]!.inputs, 'float32');
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
      const preactivation = linear(tape, input, weight, bias, { inputOffset });
      preactivation.requiresGrad = true;
      parts.push({ input, offset: inputOffset, preactivation });
      input = ACTIVATE[this.layers[index]!.activation](tape, preactivation);
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
    return parts.map((part) => ({ ...part, delta: part.preactivation.grad! }));
  }

  /** Writes the gradient that factors stand for, the sum over their samples, to a flat vector [dimension]. */
  writeGradient(tape: Tape, factors: readonly Pick<LayerFactors, 'delta' | 'input' | 'offset'>[], into: Tensor): void {
    for (const [index, views] of this.viewsOf(into).entries()) {
      const { delta, input, offset } = factors[index]!;
      linearParameterGradients(tape, delta, input, offset, views);
    }
  }

  dispose(): void {
    this.flat.dispose();
  }
}
