// LeNet on MNIST: Adam on the cross-entropy of shuffled batches, from PyTorch's seed.
import { Digest, type Core } from '../../core/index.js';
import type { DatasetPair, ImageDataset } from '../../data/index.js';
import { Adam, type NamedArray } from '../../nn/index.js';
import { Generator, shuffledOrderFromGlobal } from '../../random/index.js';
import { argmax, softmaxCrossEntropy, Stepper, type Tensor } from '../../tensor/index.js';
import { copyOf, decodeCheckpointFile, encodeCheckpointFile, restoreTensors, type CheckpointState } from '../checkpoint-file.js';
import { ResidentImages } from '../images.js';
import type { Float32Network } from './float32-network.js';
import type { LenetConfig } from './lenet-config.js';
import { LENET_PIXELS, makeLenet, TRAINING_SCALE } from './lenet-model.js';
import { requireImages } from './loaded-network.js';

/** What is measured after an epoch. */
export interface LenetRow {
  epoch: number;
  steps: number;
  /** Mean over the epoch's images of the loss before their step. */
  train_loss: number;
  test_loss: number;
  test_accuracy: number;
}

export interface LenetResult {
  rows: LenetRow[];
  /** float32, by the names of `LENET`; for pixels as `LENET_PIXELS` has them. */
  parameters: Map<string, NamedArray>;
  /** SHA-256 over parameters and rows. */
  digest: string;
}

export type LenetEvent =
  | { type: 'started'; trainSize: number; testSize: number; totalSteps: number; resumedAt: number }
  | { type: 'progress'; done: number; totalSteps: number; loss: number }
  | { type: 'row'; table: 'epochs'; row: LenetRow }
  | { type: 'checkpoint'; done: number; bytes: Uint8Array }
  | { type: 'finished'; result: LenetResult };

export interface LenetRunOptions {
  /** Names the run inside its checkpoints. Default `run`. */
  runId?: string;
  /** Emit a checkpoint after every so many steps; 0 (default) for none. */
  checkpointEvery?: number;
  /** Bytes of a checkpoint event of the same run: go on from there. */
  resume?: Uint8Array;
  /** Names those bytes in errors; default `checkpoint`. */
  resumeName?: string;
}

const VERSION = 1;
const REPORTED = 10;
const TEST_BATCH = 200;

interface State extends CheckpointState {
  epoch: number;
  step: number;
  lossSum: number;
  adamSteps: number[];
  /** The generator before it drew this epoch's order. */
  generator: number[];
  rows: LenetRow[];
}

/** The first `size` samples of a dataset. @throws ConfigurationError naming the flag when there are fewer */
function firstImages(flag: string, dataset: ImageDataset, size: number | null): ImageDataset {
  if (size === null) return dataset;
  requireImages(flag, dataset, size, dataset.count);
  const pixels = dataset.images.length / dataset.count;
  return { ...dataset, count: size, images: dataset.images.subarray(0, size * pixels), labels: dataset.labels.subarray(0, size) };
}

class LenetRun {
  readonly #config: LenetConfig;
  readonly #options: LenetRunOptions;
  readonly #stepper: Stepper;
  readonly #train: ResidentImages;
  readonly #test: ResidentImages;
  readonly #network: Float32Network;
  readonly #generator: Generator;
  readonly #optimizer: Adam;
  readonly #stepsPerEpoch: number;
  readonly #rows: LenetRow[] = [];
  #epochStart: Uint8Array;
  #epoch = 0;
  #step = 0;
  #lossSum = 0;

  constructor(core: Core, config: LenetConfig, data: DatasetPair, options: LenetRunOptions) {
    this.#config = config;
    this.#options = options;
    const [train, test] = [firstImages('--train-size', data.train, config.train_size), firstImages('--test-size', data.test, config.test_size)];
    this.#stepper = new Stepper(core);
    const pixels = LENET_PIXELS.map((pixel) => pixel / TRAINING_SCALE);
    this.#train = new ResidentImages(core, train, pixels);
    this.#test = new ResidentImages(core, test, pixels);
    this.#network = makeLenet(core);
    this.#generator = new Generator(core, config.seed);
    this.#network.initialize(this.#generator);
    this.#epochStart = this.#generator.state();
    this.#optimizer = new Adam([...this.#network.parameters()].map(([, parameter]) => parameter), { lr: config.lr });
    this.#stepsPerEpoch = Math.ceil(train.count / config.batch_size);
  }

  get #done(): number {
    return this.#epoch * this.#stepsPerEpoch + this.#step;
  }

  get #totalSteps(): number {
    return this.#config.epochs * this.#stepsPerEpoch;
  }

  async *events(): AsyncGenerator<LenetEvent> {
    await this.#restore();
    yield { type: 'started', trainSize: this.#train.count, testSize: this.#test.count, totalSteps: this.#totalSteps, resumedAt: this.#done };
    while (this.#epoch < this.#config.epochs) {
      yield* this.#runEpoch();
      yield { type: 'row', table: 'epochs', row: this.#rows.at(-1)! };
    }
    yield { type: 'finished', result: await this.#result() };
  }

  async *#runEpoch(): AsyncGenerator<LenetEvent> {
    const { checkpointEvery = 0 } = this.#options;
    const order = shuffledOrderFromGlobal(this.#generator, this.#train.count);
    while (this.#step < this.#stepsPerEpoch) {
      const { batch_size } = this.#config;
      const loss = this.#trainOn(order.slice(this.#step * batch_size, (this.#step + 1) * batch_size));
      this.#step++;
      const done = this.#done;
      if (done % REPORTED === 0) yield { type: 'progress', done, totalSteps: this.#totalSteps, loss };
      if (checkpointEvery > 0 && done % checkpointEvery === 0 && this.#step < this.#stepsPerEpoch) yield { type: 'checkpoint', done, bytes: await this.#encode() };
    }
    const { loss, accuracy } = this.#evaluate();
    this.#rows.push({ epoch: this.#epoch + 1, steps: this.#done, train_loss: this.#lossSum / this.#train.count, test_loss: loss, test_accuracy: accuracy });
    this.#epochStart = this.#generator.state();
    this.#epoch++;
    this.#step = 0;
    this.#lossSum = 0;
  }

  /** One step; the batch's mean loss before it. */
  #trainOn(indices: Int32Array): number {
    const { lr, decay } = this.#config;
    this.#optimizer.options.lr = decay === 'linear' ? lr * (1 - this.#done / this.#totalSteps) : lr;
    const loss = this.#stepper.step((tape) => {
      const { images, labels } = this.#train.batch(tape, indices, false);
      const mean = softmaxCrossEntropy(tape, this.#network.forward(tape, images.pixels), labels);
      tape.backward(mean);
      this.#optimizer.step();
      return mean.item();
    });
    this.#lossSum += loss * indices.length;
    return loss;
  }

  #evaluate(): { loss: number; accuracy: number } {
    let loss = 0, correct = 0;
    for (let start = 0; start < this.#test.count; start += TEST_BATCH) {
      const indices = Int32Array.from({ length: Math.min(TEST_BATCH, this.#test.count - start) }, (_, i) => start + i);
      this.#stepper.step((tape) => {
        const { images, labels } = this.#test.batch(tape, indices, false);
        const logits = this.#network.forward(tape, images.pixels);
        loss += softmaxCrossEntropy(tape, logits, labels, { reduction: 'sum' }).item();
        argmax(logits).forEach((label, i) => (correct += Number(label === labels[i])));
      }, { record: false });
    }
    return { loss: loss / this.#test.count, accuracy: correct / this.#test.count };
  }

  *#tensors(): IterableIterator<readonly [string, Tensor]> {
    yield* this.#network.parameters();
    for (const [index, tensor] of this.#optimizer.state().tensors.entries()) yield [`adam/${index}`, tensor];
  }

  async #encode(): Promise<Uint8Array> {
    const tensors = new Map<string, NamedArray>();
    for (const [name, tensor] of this.#tensors()) tensors.set(name, await copyOf(tensor));
    const state: State = {
      version: VERSION, runId: this.#options.runId ?? 'run', epoch: this.#epoch, step: this.#step, lossSum: this.#lossSum,
      adamSteps: this.#optimizer.state().steps, generator: Array.from(this.#epochStart), rows: this.#rows,
    };
    return encodeCheckpointFile(tensors, state);
  }

  async #restore(): Promise<void> {
    const { resume, runId = 'run', resumeName = 'checkpoint' } = this.#options;
    if (resume === undefined) return;
    const { tensors, state } = await decodeCheckpointFile<State>(resume, { version: VERSION, runId }, resumeName);
    restoreTensors(tensors, this.#tensors());
    this.#optimizer.restoreSteps(state.adamSteps);
    this.#epochStart = Uint8Array.from(state.generator);
    this.#generator.restore(this.#epochStart);
    this.#rows.push(...state.rows);
    [this.#epoch, this.#step, this.#lossSum] = [state.epoch, state.step, state.lossSum];
  }

  async #result(): Promise<LenetResult> {
    const digest = new Digest();
    const parameters = new Map<string, NamedArray>();
    for (const [name, tensor] of this.#network.parameters()) {
      const array = await copyOf(tensor);
      const values = name === '0.weight' ? array.values.map((weight) => weight / TRAINING_SCALE) : array.values;
      parameters.set(name, { ...array, values });
      digest.add(name, values);
    }
    for (const column of ['train_loss', 'test_loss', 'test_accuracy'] as const) digest.add(column, this.#rows.map((row) => row[column]));
    return { rows: this.#rows, parameters, digest: await digest.hex() };
  }

  dispose(): void {
    this.#optimizer.dispose();
    this.#generator.dispose();
    this.#network.dispose();
    this.#test.dispose();
    this.#train.dispose();
    this.#stepper.dispose();
  }
}

/**
 * Trains LeNet. Its events depend on `config`, the data and the core's profile alone.
 * @param data MNIST, or images of that size
 * @throws ConfigurationError for a configuration that does not fit the data; RangeError when memory is exhausted
 */
export async function* trainLenet(core: Core, config: LenetConfig, data: DatasetPair, options: LenetRunOptions = {}): AsyncGenerator<LenetEvent> {
  const run = core.memory.allOrNothing(() => new LenetRun(core, config, data, options));
  try {
    yield* run.events();
  } finally {
    run.dispose();
  }
}
