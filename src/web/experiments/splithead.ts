// The split-head experiment in the page.
import { Generator } from '../../random/index.js';
import { Stepper } from '../../tensor/index.js';
import {
  noiseOptions, planSplitHead, recordedSeeds, resolveSplitHeadConfig, runSplitHead, sampleNoise, seedFolder, splitHeadFields, splitHeadRunId,
  type SplitHeadConfig, type SplitHeadEvent, type SplitHeadResult,
} from '../../experiments/splithead/index.js';
import { RunWriter } from '../../outputs/index.js';
import { loadSplitHeadData } from '../../runs/splithead-data.js';
import { localTime, splitHeadRecord } from '../../runs/splithead-record.js';
import { readIfThere } from '../../runs/run-folder.js';
import { VERSION } from '../../version.js';
import { anyExperiment, point, type Figure, type LabExperiment, type RunEvent, type RunPlace } from '../experiment.js';
import type { DatasetPair } from '../../data/index.js';
import { DIGITS_PANEL, digitStrip, NOISE_PANEL, NOISE_SHOWN, noiseStrip, SHOWN } from './pictures.js';

const CHECKPOINT_EVERY = 100;

/** Some of the noise that the student's first batch begins with. */
async function firstNoise({ core }: RunPlace, config: SplitHeadConfig): Promise<RunEvent> {
  const generator = new Generator(core, (await recordedSeeds(config.seed)).student_training_seed);
  const stepper = new Stepper(core);
  try {
    return stepper.step((tape) => noiseStrip(sampleNoise(tape, generator, NOISE_SHOWN, noiseOptions(config)).pixels.data, config.noise_dist === 'normal' ? 3 : 1), { record: false });
  } finally {
    stepper.dispose();
    generator.dispose();
  }
}

/** Shows an event; keeps count of the steps between evaluations. */
class Watcher {
  readonly #data: DatasetPair;
  #done = 0;

  constructor(data: DatasetPair) {
    this.#data = data;
  }

  *show(event: SplitHeadEvent): Iterable<RunEvent> {
    if (event.type === 'started') {
      this.#done = event.resumedAt;
      yield { type: 'started', title: `${event.trainSize} training and ${event.testSize} test images, ${event.classes} classes, ${event.totalSteps} steps`, total: event.totalSteps, done: event.resumedAt };
    } else if (event.type === 'progress') {
      this.#done = event.done;
      yield { type: 'progress', done: event.done, note: `${event.phase}, epoch ${event.epoch} of ${event.epochs}` };
      yield point('loss', event.phase === 'teacher' ? 'teacher: cross-entropy' : 'student: squared error on noise', event.done, event.loss);
    } else if (event.type === 'answers') yield digitStrip(this.#data.test, event.answers, event.labels);
    else if (event.type === 'row') yield* this.#showRow(event);
  }

  *#showRow(event: Extract<SplitHeadEvent, { type: 'row' }>): Iterable<RunEvent> {
    if (event.table === 'evaluations') {
      const { model, accuracy, state } = event.row;
      yield point('accuracy', model, this.#done, accuracy);
      yield { type: 'line', text: `${model}, ${state}: accuracy ${accuracy.toFixed(4)} on the test images` };
    } else if (event.table === 'layer_metrics' && event.row.tensor_kind === 'weight' && event.row.comparison.startsWith('teacher_student')) {
      const { comparison, cosine, layer_name } = event.row;
      yield point('cosine', comparison === 'teacher_student_init' ? 'at the start' : 'at the end', this.#layerOf(layer_name), cosine);
    }
  }

  readonly #layers: string[] = [];

  #layerOf(name: string): number {
    if (!this.#layers.includes(name)) this.#layers.push(name);
    return this.#layers.indexOf(name) + 1;
  }
}

function figuresOf({ metrics }: SplitHeadResult): Figure[] {
  const move = (from: number, to: number) => `${from.toFixed(4)} → ${to.toFixed(4)}`;
  return [
    { name: 'Teacher accuracy', value: move(metrics.teacher_init_acc, metrics.teacher_final_acc) },
    { name: 'Student accuracy', value: move(metrics.student_init_acc, metrics.student_final_acc) },
    { name: 'Auxiliary squared error', value: `${metrics.student_init_aux_loss.toPrecision(4)} → ${metrics.student_final_aux_loss.toPrecision(4)}` },
  ];
}

async function* run(place: RunPlace, config: SplitHeadConfig): AsyncGenerator<RunEvent> {
  const { core, files } = place;
  planSplitHead(config);
  const data = place.images!;
  const { profile, wasmHash } = core;
  const runId = await splitHeadRunId(config, { profile, wasmHash, dataHash: data.sha256 });
  const writer = new RunWriter(files, config.outdir, seedFolder(config.seed), config.append_global);
  await writer.open();
  const checkpoint = `${writer.folder}/checkpoint_${runId}.safetensors`;
  const resume = await readIfThere(files, checkpoint);
  const watcher = new Watcher(data);
  const began = place.now();
  const options = { runId, checkpointEvery: place.checkpointEvery ?? CHECKPOINT_EVERY, answers: SHOWN, ...(resume === undefined ? {} : { resume, resumeName: checkpoint }) };
  for await (const event of runSplitHead(core, config, data, options)) {
    yield* watcher.show(event);
    if (event.type === 'started' && resume === undefined && config.student_epochs > 0) yield await firstNoise(place, config);
    if (event.type === 'checkpoint') {
      await files.writeWhole(checkpoint, event.bytes);
      yield { type: 'checkpoint' };
    }
    if (event.type !== 'finished') continue;
    const context = {
      runId, timestamp: localTime(new Date()), runtimeSeconds: (place.now() - began) / 1000, program: `isolab ${VERSION}`, engine: place.engine, threads: core.threads,
      backend: 'core', bitsPromised: true, profile, wasmHash, dataHash: data.sha256,
    };
    await writer.write(splitHeadRecord(config, event.result, context), true);
    await writer.discard(`checkpoint_${runId}`);
    yield { type: 'finished', digest: event.result.digest, dataHash: data.sha256, figures: figuresOf(event.result) };
  }
}

const experiment: LabExperiment<SplitHeadConfig> = {
  name: 'splithead',
  title: 'Split head',
  sentence: 'A teacher learns digits; a student learns only the teacher’s auxiliary outputs on noise, and ends up knowing digits.',
  fields: splitHeadFields,
  resolve(values, source) {
    const config = resolveSplitHeadConfig(values, source);
    planSplitHead(config);
    return config;
  },
  presets: [
    { name: 'The paper’s default', sentence: 'Five epochs each, uniform noise, the same initial weights.', values: {} },
    { name: 'One minute', sentence: 'One epoch of the teacher, two of the student.', values: { teacher_epochs: 1, student_epochs: 2 } },
    { name: 'Random student features', sentence: 'The student’s features start elsewhere: it learns little.', values: { teacher_init: 'A,A,A,A', student_init: 'random,random,A,A' } },
    { name: 'Frozen heads', sentence: 'Only the student’s features may move.', values: { student_trainable: 'class_head:false,aux_head:false' } },
    { name: 'Perlin noise', sentence: 'Smooth noise instead of uniform.', values: { noise_dist: 'perlin' } },
    { name: 'Convolutions', sentence: 'Both networks are CNNs; slower.', values: { teacher_type: 'cnn', student_type: 'cnn', teacher_epochs: 1, student_epochs: 1 } },
  ],
  panels: () => [
    { id: 'loss', kind: 'curves', title: 'Losses', description: 'Loss of the teacher on digits, then of the student on noise, at every step.', x: 'step', whole: true, y: 'loss', logarithmic: true },
    { id: 'accuracy', kind: 'curves', title: 'Accuracy on the test digits', description: 'Accuracy of both networks before and after their training.', x: 'step', whole: true, y: 'accuracy', marked: true },
    NOISE_PANEL,
    DIGITS_PANEL,
    { id: 'cosine', kind: 'curves', title: 'Cosine of teacher and student, layer by layer', description: 'Cosine between the weights of teacher and student in each layer, at the start and at the end.', x: 'layer', whole: true, y: 'cosine', marked: true },
  ],
  images: loadSplitHeadData,
  run,
};

export const splitHead = anyExperiment(experiment);
