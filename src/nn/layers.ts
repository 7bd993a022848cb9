import type { Core } from '../core/index.js';
import type { Generator } from '../random/index.js';
import { conv2d, linear, Tensor, type Activation, type ConvolutionOptions, type DType, type LinearOptions, type Pair, type Tape } from '../tensor/index.js';
import { initializeLayer } from './initialization.js';

/** What every layer with parameters offers. */
export interface Layer {
  readonly weight: Tensor;
  readonly bias: Tensor | null;
  /** Draws weight, then bias, as PyTorch's `reset_parameters` of a layer of dtype `drawn` (default: the layer's own). */
  initialize(generator: Generator, drawn?: DType): void;
  dispose(): void;
}

export interface LayerOptions {
  /** Default true. */
  bias?: boolean;
  dtype?: DType;
  /** Named in errors. */
  name?: string;
}

abstract class WeightedLayer implements Layer {
  readonly weight: Tensor;
  readonly bias: Tensor | null;
  readonly #fanIn: number;

  constructor(core: Core, weightShape: number[], options: LayerOptions) {
    const { bias = true, dtype = 'float32', name = 'layer' } = options;
    const [outputs, ...fan] = weightShape as [number, ...number[]];
    this.#fanIn = fan.reduce((product, extent) => product * extent, 1);
    this.weight = Tensor.zeros(core, weightShape, dtype, `${name}.weight`);
    this.bias = bias ? Tensor.zeros(core, [outputs], dtype, `${name}.bias`) : null;
    this.setTrainable(true);
  }

  initialize(generator: Generator, drawn: DType = this.weight.dtype): void {
    initializeLayer(generator, this.weight, this.bias, this.#fanIn, drawn);
  }

  setTrainable(trainable: boolean): void {
    this.weight.requiresGrad = trainable;
    if (this.bias !== null) this.bias.requiresGrad = trainable;
  }

  dispose(): void {
    this.weight.dispose();
    this.bias?.dispose();
  }
}

/** Fully connected layer: weight [out, in], bias [out]. Zero until {@link Layer.initialize}. */
export class Linear extends WeightedLayer {
  constructor(core: Core, inputs: number, outputs: number, options: LayerOptions = {}) {
    super(core, [outputs, inputs], options);
  }

  /** x [batch, in] -> [batch, out] */
  forward(tape: Tape, x: Tensor, options: LinearOptions = {}): Tensor {
    return linear(tape, x, this.weight, this.bias, options);
  }
}

/** Convolution layer: weight [out, in, kernelH, kernelW], bias [out]. Zero until {@link Layer.initialize}. */
export class Conv2d extends WeightedLayer {
  readonly options: Omit<ConvolutionOptions, 'activation'>;

  constructor(core: Core, inChannels: number, outChannels: number, kernel: Pair, options: LayerOptions & Omit<ConvolutionOptions, 'activation'> = {}) {
    super(core, [outChannels, inChannels, kernel[0], kernel[1]], options);
    this.options = options;
  }

  /** x [batch, in, height, width] -> [batch, out, outH, outW] */
  forward(tape: Tape, x: Tensor, options: { activation?: Activation } = {}): Tensor {
    return conv2d(tape, x, this.weight, this.bias, { ...this.options, ...options });
  }
}
