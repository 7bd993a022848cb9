// Gradient alignment in the page: one seed after the other.
import {
  alignmentRunId, alignmentFields, NoiseImages, requireAuditSize, resolveAlignmentConfig, runAlignment, sharedIdentity, type AlignmentConfig, type AlignmentEvent, type AlignmentResult,
} from '../../experiments/alignment/index.js';
import { loadMnist, type DatasetPair } from '../../data/index.js';
import { AlignmentFolder } from '../../runs/alignment-folder.js';
import { VERSION } from '../../version.js';
import { anyExperiment, point, type LabExperiment, type RunEvent, type RunPlace } from '../experiment.js';
import { DIGITS_PANEL, digitStrip, NOISE_PANEL, NOISE_SHOWN, noiseStrip, SHOWN } from './pictures.js';

const CHECKPOINT_EVERY = 50;

/** Passes through a network of a measured student step, in units of a training step, so that remaining time is told honestly. */
function stepWeight(config: AlignmentConfig): number {
  const { audit_size, batch_size, audit_batches_for_grad, metrics_every_n_steps, trait_acc_every_n_steps, trait_acc_max_batches } = config;
  const audited = audit_batches_for_grad ?? Math.ceil(audit_size / batch_size);
  const tested = trait_acc_max_batches ?? Math.ceil(10_000 / batch_size);
  return 1 + audited / metrics_every_n_steps + tested / 3 / Math.max(metrics_every_n_steps, trait_acc_every_n_steps);
}

/** One seed's events as the page shows them; work is counted in steps of the teacher. */
class SeedWatcher {
  readonly #data: DatasetPair;
  readonly #prefix: string;
  readonly #before: number;
  readonly #teacherSteps: number;
  readonly #weight: number;

  /** @param before work of the seeds before this one */
  constructor(config: AlignmentConfig, seed: number, data: DatasetPair, before: number) {
    this.#data = data;
    this.#prefix = config.seeds.length === 1 ? '' : `seed ${seed}, `;
    this.#before = before;
    this.#teacherSteps = teacherSteps(config, data);
    this.#weight = stepWeight(config);
  }

  work(done: number): number {
    return this.#before + Math.min(done, this.#teacherSteps) + Math.max(0, done - this.#teacherSteps) * this.#weight;
  }

  *show(event: AlignmentEvent): Iterable<RunEvent> {
    if (event.type === 'progress') {
      yield { type: 'progress', done: this.work(event.done), note: `${this.#prefix}${event.phase}, epoch ${event.epoch} of ${event.epochs}` };
      if (event.phase === 'teacher') yield point('loss', `${this.#prefix}teacher: cross-entropy`, event.done, event.loss);
    } else if (event.type === 'answers') yield digitStrip(this.#data.test, event.answers, event.labels);
    else if (event.type === 'row' && event.table === 'metrics') {
      const { step, trait_loss, distill_loss, cosine_similarity, trait_test_acc_step } = event.row;
      yield point('loss', `${this.#prefix}student: digits`, this.#teacherSteps + step, trait_loss);
      yield point('loss', `${this.#prefix}student: distillation`, this.#teacherSteps + step, distill_loss);
      yield point('cosine', `${this.#prefix}cosine`, step, cosine_similarity);
      if (!Number.isNaN(trait_test_acc_step)) yield point('accuracy', `${this.#prefix}student`, step, trait_test_acc_step);
    }
  }
}

function teacherSteps({ teacher_epochs, batch_size, audit_size }: AlignmentConfig, data: DatasetPair): number {
  return teacher_epochs * Math.ceil((data.train.count - audit_size) / batch_size);
}

function studentSteps({ student_epochs, noise_dataset_size, batch_size }: AlignmentConfig): number {
  return student_epochs * Math.ceil(noise_dataset_size / batch_size);
}

function firstNoise({ core }: RunPlace, { noise_dist, noise_dataset_size }: AlignmentConfig, seed: number): RunEvent {
  const noise = new NoiseImages(core, Math.min(NOISE_SHOWN, noise_dataset_size), seed + 400, noise_dist);
  noise.draw(0, noise.count);
  const strip = noiseStrip(noise.range(0, noise.count).data, noise_dist === 'normal' ? 3 : 1);
  noise.dispose();
  return strip;
}

/** Computes one seed and writes its files. */
async function* runSeed(place: RunPlace, config: AlignmentConfig, seed: number, data: DatasetPair, folder: AlignmentFolder, before: number): AsyncGenerator<RunEvent, AlignmentResult> {
  const { core } = place;
  const { profile, wasmHash } = core;
  const runId = await alignmentRunId(config, seed, { profile, wasmHash, dataHash: data.sha256 });
  const own = folder.seed(seed);
  const options = { runId, checkpointEvery: place.checkpointEvery ?? CHECKPOINT_EVERY, answers: SHOWN, ...(await own.resumption()) };
  const watcher = new SeedWatcher(config, seed, data, before);
  const began = place.now();
  for await (const event of runAlignment(core, config, seed, data, options)) {
    if (event.type === 'started') yield { type: 'progress', done: watcher.work(event.resumedAt), note: `seed ${seed}` };
    if (event.type === 'started') await own.open();
    if (event.type === 'started' && event.resumedAt === 0) yield firstNoise(place, config, seed);
    yield* watcher.show(event);
    if (event.type === 'checkpoint') {
      await own.writeCheckpoint(event.bytes);
      yield { type: 'checkpoint' };
    }
    if (event.type !== 'finished') continue;
    const context = {
      program: `isolab ${VERSION}`, engine: place.engine, profile, threads: core.threads, bits_promised: true,
      wasm_sha256: wasmHash, data_sha256: data.sha256, run_id: runId, runtime_seconds: (place.now() - began) / 1000,
    };
    await folder.record(config, event.result, context, new Date().toISOString().replace(/\.\d+/, ''));
    yield { type: 'line', text: `seed ${seed}: teacher ${event.result.teacherAccuracy.toFixed(4)}, student ${event.result.studentAccuracy.toFixed(4)} on the test images; digest ${event.result.digest}` };
    yield { type: 'checkpoint' };
    return event.result;
  }
  throw new Error(`seed ${seed}: expected its result, got none`);
}

async function* run(place: RunPlace, config: AlignmentConfig): AsyncGenerator<RunEvent> {
  const { profile, wasmHash } = place.core;
  const data = place.images!;
  requireAuditSize(config, data.train.count);
  const folder = new AlignmentFolder(place.files, config.out_dir);
  await folder.claim({ experiment: 'alignment', profile, wasm_sha256: wasmHash, data_sha256: data.sha256, ...sharedIdentity(config) });
  const each = teacherSteps(config, data) + studentSteps(config) * stepWeight(config);
  yield { type: 'started', title: `${config.seeds.length} ${config.seeds.length === 1 ? 'seed' : 'seeds'}, ${studentSteps(config)} steps of the student each`, total: each * config.seeds.length, done: 0 };
  const digests: string[] = [];
  for (const [index, seed] of config.seeds.entries()) {
    const recorded = await folder.recorded(seed);
    digests.push(recorded?.isolab.result_digest ?? (yield* runSeed(place, config, seed, data, folder, index * each)).digest);
  }
  const { overall } = await folder.summarize();
  const shown = (name: string, digits: number) => Number(overall[name]).toPrecision(digits);
  yield {
    type: 'finished', digest: digests.join(' '), dataHash: data.sha256,
    figures: [
      { name: 'Teacher accuracy', value: shown('teacher_test_acc', 4) }, { name: 'Student accuracy', value: shown('student_test_acc', 4) },
      { name: 'Steps with cosine above 0', value: shown('frac_positive_alignment', 4) }, { name: 'Mean cosine', value: shown('mean_cosine_similarity', 4) },
    ],
  };
}

const experiment: LabExperiment<AlignmentConfig> = {
  name: 'alignment',
  title: 'Gradient alignment',
  sentence: 'How the gradient that a student follows on noise lies to the gradient that digits would give it, at every step.',
  fields: alignmentFields,
  resolve: resolveAlignmentConfig,
  presets: [
    { name: 'The notebook’s seed 1', sentence: 'One of the ten seeds of the published table; several minutes.', values: { seeds: [1] } },
    { name: 'One minute', sentence: 'One epoch each, fewer noise images, measured at every third step.', values: { seeds: [1], teacher_epochs: 1, student_epochs: 1, noise_dataset_size: 20_000, metrics_every_n_steps: 3, trait_acc_every_n_steps: 3, audit_batches_for_grad: 3 } },
    { name: 'The ten seeds', sentence: 'The published table; half an hour or more.', values: {} },
    { name: 'Control: other initial weights', sentence: 'Each student starts from another seed’s weights.', values: { seeds: [1, 2], student_init: 'other' } },
    { name: 'Control: trait projected out', sentence: 'The digits’ gradient is taken out of every update.', values: { seeds: [1], project_trait: 'always' } },
  ],
  panels: () => [
    { id: 'cosine', kind: 'curves', title: 'Cosine of both gradients', description: 'Cosine between the distillation gradient and the trait gradient at every measured step.', x: 'step of the student', whole: true, y: 'cosine' },
    { id: 'accuracy', kind: 'curves', title: 'Accuracy on the test digits', description: 'Accuracy of the student on digits while it learns from noise.', x: 'step of the student', whole: true, y: 'accuracy' },
    { id: 'loss', kind: 'curves', title: 'Losses', description: 'Loss of the teacher, then of the student on digits and on noise.', x: 'step', whole: true, y: 'loss', logarithmic: true },
    NOISE_PANEL,
    DIGITS_PANEL,
  ],
  images: ({ files, mnistFolders }, { data_dir }) => loadMnist(files, mnistFolders(data_dir, alignmentFields.data_dir.parse(undefined))),
  run,
};

export const alignment = anyExperiment(experiment);
