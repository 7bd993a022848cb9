// LeNet in the page: the classifier that Gaussianity and robustness look into.
import { loadMnist } from '../../data/index.js';
import { lenetFields, resolveLenetConfig, trainLenet, type LenetConfig, type LenetEvent } from '../../experiments/moments/index.js';
import { LENET_FILE, LENET_WEIGHTS, LenetFolder, lenetRunId } from '../../runs/lenet-folder.js';
import { anyExperiment, point, type LabExperiment, type RunEvent, type RunPlace } from '../experiment.js';

const CHECKPOINT_EVERY = 200;
/** Time of a test image in training images: it goes forward alone. */
const EVALUATION = 1 / 3;

/** Shows a training's events, and times its epochs. Work is counted in training steps. */
class TrainingWatcher {
  readonly #config: LenetConfig;
  readonly #now: () => number;
  /** Of each epoch that began and ended here, by its number. */
  readonly seconds = new Map<number, number>();
  /** Work of an epoch's evaluation. */
  #evaluation = 0;
  #began = 0;
  #isWhole = true;

  constructor(config: LenetConfig, now: () => number) {
    this.#config = config;
    this.#now = now;
  }

  #work(steps: number, totalSteps: number): number {
    return steps + Math.floor((steps - 1) / (totalSteps / this.#config.epochs)) * this.#evaluation;
  }

  *show(event: LenetEvent): Iterable<RunEvent> {
    if (event.type === 'started') {
      const { trainSize, testSize, totalSteps, resumedAt } = event;
      this.#evaluation = (testSize / this.#config.batch_size) * EVALUATION;
      this.#isWhole = resumedAt === 0;
      this.#began = this.#now();
      yield { type: 'started', title: `${trainSize} training and ${testSize} test images, ${totalSteps} steps`, total: totalSteps + this.#config.epochs * this.#evaluation, done: resumedAt };
    } else if (event.type === 'progress') {
      yield { type: 'progress', done: this.#work(event.done, event.totalSteps), note: `step ${event.done} of ${event.totalSteps}` };
      yield point('loss', 'a batch before its step', event.done, event.loss);
    } else if (event.type === 'row') {
      const { epoch, steps, train_loss, test_loss, test_accuracy } = event.row;
      if (this.#isWhole) this.seconds.set(epoch, (this.#now() - this.#began) / 1000);
      [this.#began, this.#isWhole] = [this.#now(), true];
      yield point('loss', 'test images', steps, test_loss);
      yield point('accuracy', 'test images', epoch, test_accuracy);
      yield { type: 'line', text: `epoch ${epoch}: training loss ${train_loss.toFixed(4)}, test loss ${test_loss.toFixed(4)}, test accuracy ${test_accuracy.toFixed(4)}` };
    }
  }
}

async function* run(place: RunPlace, config: LenetConfig): AsyncGenerator<RunEvent> {
  const { core, files } = place;
  const data = place.images!;
  const setting = { profile: core.profile, wasmHash: core.wasmHash, dataHash: data.sha256 };
  const runId = await lenetRunId(config, setting);
  const folder = new LenetFolder(files, config.out_dir, runId);
  const watcher = new TrainingWatcher(config, place.now);
  const options = { runId, checkpointEvery: place.checkpointEvery ?? CHECKPOINT_EVERY, ...(await folder.resumption()) };
  for await (const event of trainLenet(core, config, data, options)) {
    if (event.type === 'started') await folder.open();
    yield* watcher.show(event);
    if (event.type === 'checkpoint') {
      await folder.writeCheckpoint(event.bytes);
      yield { type: 'checkpoint' };
    } else if (event.type === 'finished') {
      const { rows, digest } = event.result;
      await folder.record(config, event.result, watcher.seconds, setting);
      const { train_loss, test_loss, test_accuracy } = rows.at(-1)!;
      const figures = Object.entries({ 'Test accuracy': test_accuracy, 'Test loss': test_loss, 'Training loss': train_loss }).map(([name, value]) => ({ name, value: value.toPrecision(4) }));
      yield { type: 'finished', digest, dataHash: data.sha256, figures };
    }
  }
}

const experiment: LabExperiment<LenetConfig> = {
  name: 'moments lenet',
  title: 'Moments: LeNet',
  sentence: 'Trains the classifier whose units Gaussianity measures and whose answers robustness disturbs.',
  fields: lenetFields,
  resolve: resolveLenetConfig,
  presets: [
    { name: 'The library’s default', sentence: 'Two epochs of MNIST; a quarter of an hour.', values: {} },
    { name: 'One minute', sentence: '4000 images, once.', values: { train_size: 4000, test_size: 1000, epochs: 1 } },
  ],
  panels: () => [
    { id: 'loss', kind: 'curves', title: 'Loss', description: 'Cross-entropy of every tenth batch before its step, and of the test images after each epoch.', x: 'step', whole: true, y: 'cross-entropy', logarithmic: true },
    { id: 'accuracy', kind: 'curves', title: 'Accuracy on the test images', description: 'Part of the test images that are told right, after each epoch.', x: 'epoch', whole: true, y: 'accuracy', marked: true },
  ],
  images: ({ files, mnistFolders }, { data_dir }) => loadMnist(files, mnistFolders(data_dir, lenetFields.data_dir.parse(undefined))),
  readable: [LENET_FILE, LENET_WEIGHTS],
  run,
};

export const lenet = anyExperiment(experiment);
