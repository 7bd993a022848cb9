import type { Core } from '../core/index.js';
import type { Generator } from '../random/index.js';
import { Tensor, type DType, type Tape } from '../tensor/index.js';
import { lstm, type LstmSequence, type LstmState, type LstmWeights } from '../tensor/sequences.js';
import { drawUniform } from './initialization.js';
import type { LayerOptions } from './layers.js';

/** A recurrent layer of one direction, gates in PyTorch's order. Zero until {@link Lstm.initialize}. */
export class Lstm implements LstmWeights {
  readonly weightIh: Tensor;
  readonly weightHh: Tensor;
  readonly biasIh: Tensor;
  readonly biasHh: Tensor;

  constructor(core: Core, inputs: number, hidden: number, options: Omit<LayerOptions, 'bias'> = {}) {
    const { dtype = 'float32', name = 'lstm' } = options;
    const make = (shape: number[], which: string) => {
      const tensor = Tensor.zeros(core, shape, dtype, `${name}.${which}`);
      tensor.requiresGrad = true;
      return tensor;
    };
    this.weightIh = make([4 * hidden, inputs], 'weight_ih_l0');
    this.weightHh = make([4 * hidden, hidden], 'weight_hh_l0');
    this.biasIh = make([4 * hidden], 'bias_ih_l0');
    this.biasHh = make([4 * hidden], 'bias_hh_l0');
  }

  /** The parameters by the names of PyTorch's state_dict, in the order in which it draws them. */
  parameters(): [name: string, parameter: Tensor][] {
    return [['weight_ih_l0', this.weightIh], ['weight_hh_l0', this.weightHh], ['bias_ih_l0', this.biasIh], ['bias_hh_l0', this.biasHh]];
  }

  /** Uniform within 1 / sqrt(hidden), as PyTorch's `reset_parameters` of an LSTM of dtype `drawn` (default: its own). */
  initialize(generator: Generator, drawn: DType = this.weightIh.dtype): void {
    const bound = 1 / Math.sqrt(this.weightHh.shape[1]!);
    for (const [, parameter] of this.parameters()) drawUniform(generator, parameter, bound, drawn);
  }

  /** input [rows, in], step after step -> output [rows, hidden], and the state after the last step; see {@link lstm}. */
  forward(tape: Tape, input: Tensor, sequence: LstmSequence): { output: Tensor } & LstmState {
    return lstm(tape, input, this, sequence);
  }

  dispose(): void {
    for (const [, parameter] of this.parameters()) parameter.dispose();
  }
}
