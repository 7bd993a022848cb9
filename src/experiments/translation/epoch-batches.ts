// Which pairs a training epoch's batches are made of.
import { bucketedBatches, shuffledPairBatches } from '../../data/texts.js';
import type { Generator } from '../../random/index.js';
import type { Corpus } from './corpus.js';
import { batchOf, type Batch } from './trainer.js';

export class EpochBatches {
  readonly #corpus: Corpus;
  readonly #batches: Int32Array[];

  /**
   * Draws an epoch's order as DataLoader(shuffle=True, drop_last=True) does, or by length.
   * @param train indices into the corpus
   * @param bucketing batches whose pairs are sorted by length together before they are cut; 0 for none
   */
  constructor(generator: Generator, corpus: Corpus, train: Int32Array, { batchSize, bucketing }: { batchSize: number; bucketing: number }) {
    this.#corpus = corpus;
    // What a pair costs: its tokens on both sides.
    const lengths = () => train.map((index) => corpus.sources[index]!.length + corpus.targets[index]!.length);
    const batches = bucketing === 0
      ? shuffledPairBatches(generator, train.length, batchSize, { dropLast: true })
      : bucketedBatches(lengths(), batchSize, generator, { pool: bucketing, dropLast: true });
    this.#batches = batches.map((batch) => batch.map((place) => train[place]!));
  }

  at(index: number): Batch {
    return batchOf(this.#corpus, this.#batches[index]!);
  }
}
