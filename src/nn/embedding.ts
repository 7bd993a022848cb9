import type { Core } from '../core/index.js';
import type { Generator } from '../random/index.js';
import { Tensor, type DType, type Tape } from '../tensor/index.js';
import { embedding } from '../tensor/sequences.js';
import { drawNormal } from './initialization.js';
import type { LayerOptions } from './layers.js';

/** A table of vectors, one a token: weight [tokens, features]. PyTorch's nn.Embedding. Zero until {@link Embedding.initialize}. */
export class Embedding {
  readonly weight: Tensor;

  constructor(core: Core, tokens: number, features: number, options: Omit<LayerOptions, 'bias'> = {}) {
    const { dtype = 'float32', name = 'embedding' } = options;
    this.weight = Tensor.zeros(core, [tokens, features], dtype, `${name}.weight`);
    this.weight.requiresGrad = true;
  }

  /** Standard normal, as PyTorch's `reset_parameters` of an embedding of dtype `drawn` (default: its own). */
  initialize(generator: Generator, drawn: DType = this.weight.dtype): void {
    drawNormal(generator, this.weight, drawn);
  }

  /** tokens [rows] -> [rows, features] @throws RangeError for a token that is not in the table */
  forward(tape: Tape, tokens: Int32Array): Tensor {
    return embedding(tape, this.weight, tokens);
  }

  dispose(): void {
    this.weight.dispose();
  }
}
