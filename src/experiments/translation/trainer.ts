// One model under training: a step, the held-out loss, and what a checkpoint must have of it.
import type { Core } from '../../core/index.js';
import { orderedPairBatches } from '../../data/texts.js';
import { Adam } from '../../nn/index.js';
import { clipGradientNorm } from '../../nn/sequences.js';
import type { Generator } from '../../random/index.js';
import { exp, softmaxCrossEntropy, Stepper, Tensor, type Tape } from '../../tensor/index.js';
import type { TranslationConfig } from './config.js';
import type { Corpus } from './corpus.js';
import { Seq2Seq } from './model.js';
import { packTokens } from './packing.js';

/** One batch: source tokens with eos; target tokens with bos and eos. */
export interface Batch {
  sources: readonly Int32Array[];
  targets: readonly Int32Array[];
}

export class Trainer {
  readonly model: Seq2Seq;
  readonly optimizer: Adam;
  readonly #stepper: Stepper;
  readonly #config: TranslationConfig;
  readonly #generator: Generator;
  /** The parameters of the best epoch, with early stopping. */
  readonly #best: Map<string, Tensor> | undefined;

  /** Draws the initial parameters. @param generator also draws the dropout masks */
  constructor(core: Core, vocabularies: { source: number; target: number }, config: TranslationConfig, generator: Generator) {
    this.#config = config;
    this.#stepper = new Stepper(core);
    this.model = new Seq2Seq(core, vocabularies, config);
    this.model.initialize(generator);
    this.optimizer = new Adam([...this.model.parameters()].map(([, tensor]) => tensor), { lr: config.lr });
    this.#generator = generator;
    if (config.early_stopping > 0) {
      this.#best = new Map([...this.model.parameters()].map(([name, { shape }]) => [name, Tensor.zeros(core, shape, 'float32', `best ${name}`)]));
    }
  }

  #loss(tape: Tape, { sources, targets }: Batch, generator: Generator | null, labelSmoothing: number): Tensor {
    const target = packTokens(targets.map((tokens) => tokens.subarray(0, -1)));
    const labels = packTokens(targets.map((tokens) => tokens.subarray(1))).ids;
    const logits = this.model.forward(tape, packTokens(sources), target, generator);
    return softmaxCrossEntropy(tape, logits, labels, { labelSmoothing });
  }

  /** One update. @returns the batch's mean loss over its tokens, padding apart */
  step(batch: Batch): number {
    const { clip_norm, label_smoothing } = this.#config;
    return this.#stepper.step((tape) => {
      const loss = this.#loss(tape, batch, this.#generator, label_smoothing);
      tape.backward(loss);
      if (clip_norm > 0) clipGradientNorm([...this.model.parameters()].map(([, tensor]) => tensor), clip_norm);
      this.optimizer.step();
      return loss.item();
    });
  }

  /** exp(loss), through the core. */
  perplexity(loss: number): number {
    return this.#stepper.step((tape) => exp(tape, tape.from([loss], [1], 'float64')).toArray()[0]!, { record: false });
  }

  /**
   * Perplexity over the batches of `indices` in their order, a last one that is not full left out.
   * @param generator the held-out loader draws its base seed from it, though it shuffles nothing
   */
  evaluate(corpus: Corpus, indices: Int32Array, generator: Generator): number {
    const batches = orderedPairBatches(generator, indices.length, this.#config.batch_size, { dropLast: true });
    let sum = 0;
    for (const batch of batches) {
      const pairs = batchOf(corpus, batch.map((place) => indices[place]!));
      sum += this.#stepper.step((tape) => this.#loss(tape, pairs, null, 0).item(), { record: false });
    }
    return this.perplexity(sum / batches.length);
  }

  keepBest(): void {
    for (const [name, tensor] of this.model.parameters()) this.#best!.get(name)!.data.set(tensor.data);
  }

  bestParameters(): Iterable<[string, Tensor]> {
    return this.#best!;
  }

  /** What a checkpoint holds, by name. */
  *tensors(): IterableIterator<readonly [string, Tensor]> {
    yield* this.model.parameters();
    for (const [index, tensor] of this.optimizer.state().tensors.entries()) yield [`adam ${index}`, tensor];
    for (const [name, tensor] of this.#best ?? []) yield [`best ${name}`, tensor];
  }

  dispose(): void {
    this.optimizer.dispose();
    this.model.dispose();
    for (const tensor of this.#best?.values() ?? []) tensor.dispose();
    this.#stepper.dispose();
  }
}

/** The pairs that `indices` name. */
export function batchOf({ sources, targets }: Corpus, indices: Int32Array): Batch {
  return { sources: Array.from(indices, (index) => sources[index]!), targets: Array.from(indices, (index) => targets[index]!) };
}
