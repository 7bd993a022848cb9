// The notebook's classifier: feature layers and one head whose first 10 logits are the digits' and whose last m are auxiliary.
import type { Core } from '../../core/index.js';
import { Generator } from '../../random/index.js';
import { sliceColumns, type DType, type Tape, type Tensor } from '../../tensor/index.js';
import { mlpLayers, Network, type NetworkInput } from '../network.js';
import { defaultCnnSpecification, readSpecification } from '../specification.js';
import type { AlignmentConfig } from './config.js';

/** Digits, and so regular logits. */
export const CLASSES = 10;

export class AlignmentModel extends Network {
  readonly #head: string;

  /** @throws ConfigurationError for a --arch-spec that describes no network */
  constructor(core: Core, name: string, config: AlignmentConfig, dtype: DType) {
    const { model, hidden_dim, hidden_layers, arch_spec, aux_m } = config;
    const isMlp = model === 'mlp';
    const { layers, features } = isMlp
      ? mlpLayers(Array.from({ length: hidden_layers }, () => hidden_dim))
      : readSpecification('--arch-spec', arch_spec ?? defaultCnnSpecification(hidden_dim));
    const head = isMlp ? `fc${hidden_layers + 1}` : 'head';
    super(core, name, layers, features, { [head]: CLASSES + aux_m }, dtype);
    this.#head = head;
  }

  /** Draws every layer in order from PyTorch's stream of `seed`, as building a float32 model after torch.manual_seed(seed) does. */
  initialize(core: Core, seed: number): void {
    const generator = new Generator(core, seed);
    for (const layer of this.layers.values()) layer.initialize(generator, 'float32');
    generator.dispose();
  }

  /** images [batch, 784] -> all logits [batch, 10 + m] */
  allLogits(tape: Tape, input: NetworkInput): Tensor {
    return this.logits(tape, this.#head, input);
  }

  /** images [batch, 784] -> the digits' logits [batch, 10] */
  regularLogits(tape: Tape, input: NetworkInput): Tensor {
    return sliceColumns(tape, this.allLogits(tape, input), 0, CLASSES);
  }

  /** The same parameters as `other`, which has the same shapes; of another dtype, to nearest. */
  copyFrom(other: AlignmentModel): void {
    const from = new Map(other.parameters());
    for (const [name, parameter] of this.parameters()) parameter.data.set(from.get(name)!.toArray());
  }

  parameterList(): Tensor[] {
    return [...this.parameters()].map(([, parameter]) => parameter);
  }
}
