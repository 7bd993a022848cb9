// The data of one seed: the random split of MNIST's training images, the audit set, and the test set.
import type { Core } from '../../core/index.js';
import { UNIT_PIXELS, type DatasetPair } from '../../data/index.js';
import { Generator, randomSplit } from '../../random/index.js';
import type { Tape, Tensor } from '../../tensor/index.js';
import { ConfigurationError } from '../configuration.js';
import { ResidentImages } from '../images.js';
import type { AlignmentConfig } from './config.js';

/** A part of a dataset as a loader sees it: items 0 to count - 1. */
export class LabelledImages {
  readonly count: number;
  readonly #images: ResidentImages;
  readonly #chosen: Int32Array;

  constructor(images: ResidentImages, chosen: Int32Array) {
    this.#images = images;
    this.#chosen = chosen;
    this.count = chosen.length;
  }

  /** The items of these indices: pixels [indices, 784] from 0 to 1, and their labels. */
  batch(tape: Tape, indices: Int32Array): { pixels: Tensor; labels: Int32Array } {
    const { images, labels } = this.#images.batch(tape, indices.map((index) => this.#chosen[index]!), false);
    return { pixels: images.pixels, labels };
  }
}

/** @throws ConfigurationError when the audit set leaves nothing to train on */
export function requireAuditSize({ audit_size }: AlignmentConfig, trainingImages: number): void {
  if (audit_size < trainingImages) return;
  throw new ConfigurationError(`--audit-size: expected fewer than the ${trainingImages} training images, since the teacher trains on the others, got ${audit_size}`);
}

export class AlignmentData {
  /** What the teacher trains on. */
  readonly train: LabelledImages;
  readonly audit: LabelledImages;
  readonly test: LabelledImages;
  readonly #resident: ResidentImages[];

  /** Splits as random_split under a generator of `seed`. @throws ConfigurationError, or RangeError when memory is exhausted */
  constructor(core: Core, data: DatasetPair, config: AlignmentConfig, seed: number) {
    requireAuditSize(config, data.train.count);
    const generator = new Generator(core, seed);
    const [train, audit] = randomSplit(generator, data.train.count, [data.train.count - config.audit_size, config.audit_size]) as [Int32Array, Int32Array];
    generator.dispose();
    const [training, testing] = [data.train, data.test].map((part) => new ResidentImages(core, part, UNIT_PIXELS)) as [ResidentImages, ResidentImages];
    this.train = new LabelledImages(training, train);
    this.audit = new LabelledImages(training, audit);
    this.test = new LabelledImages(testing, Int32Array.from({ length: data.test.count }, (_, index) => index));
    this.#resident = [training, testing];
  }

  dispose(): void {
    for (const images of this.#resident) images.dispose();
  }
}
