// Gradient alignment in auxiliary-logit distillation: one seed, from the random split to the student's last step.
import { Digest, type Core } from '../../core/index.js';
import { datasetTitle, type DatasetPair } from '../../data/index.js';
import { Adam } from '../../nn/index.js';
import { Generator, shuffledOrder } from '../../random/index.js';
import { softmaxCrossEntropy, Stepper, type Tensor } from '../../tensor/index.js';
import { copyOf, restoreTensors } from '../checkpoint-file.js';
import { decodeCheckpoint, encodeCheckpoint, type Checkpoint, type Progress } from './checkpoint.js';
import { studentSeedOf, type AlignmentConfig } from './config.js';
import { AlignmentData, requireAuditSize } from './data.js';
import { Distillation } from './distillation.js';
import type { AlignmentEvent, AlignmentResult, Phase } from './events.js';
import { answerImages, measureAccuracy } from './measurement.js';
import { AlignmentModel } from './model.js';
import { NoiseImages } from './noise-images.js';

/** Noise images drawn, and targets computed, between two progress events. */
const PREPARED_AT_ONCE = 4000;

export interface AlignmentRunOptions {
  /** Names the seed's run inside its checkpoints; see `alignmentRunId`. Default `run`. */
  runId?: string;
  /** Emit a checkpoint after every so many steps; 0 (default) for none. */
  checkpointEvery?: number;
  /** Bytes of a checkpoint event of the same run: go on from there. */
  resume?: Uint8Array;
  /** Names those bytes in errors, as their file's path; default `checkpoint`. */
  resumeName?: string;
  /** Emit the student's answers to that many test images, the first ones, before its training and after each epoch; they change no bit. */
  answers?: number;
}

/** Models, data and what has been gathered. */
class AlignmentRun {
  readonly #core: Core;
  readonly #config: AlignmentConfig;
  readonly #seed: number;
  readonly #options: AlignmentRunOptions;
  readonly #checkpoint: Checkpoint | undefined;
  readonly #stepper: Stepper;
  readonly #data: AlignmentData;
  readonly #teacher: AlignmentModel;
  /** The teacher as it is distilled from. */
  readonly #distilled: AlignmentModel;
  readonly #student: AlignmentModel;
  readonly #progress: Progress;
  #done = 0;

  constructor(core: Core, config: AlignmentConfig, seed: number, data: DatasetPair, options: AlignmentRunOptions, checkpoint: Checkpoint | undefined) {
    this.#core = core;
    this.#config = config;
    this.#seed = seed;
    this.#options = options;
    this.#checkpoint = checkpoint;
    this.#stepper = new Stepper(core);
    this.#teacher = new AlignmentModel(core, 'teacher', config, config.training_dtype);
    this.#distilled = new AlignmentModel(core, 'distilled teacher', config, config.training_dtype);
    this.#student = new AlignmentModel(core, 'student', config, config.training_dtype);
    this.#data = new AlignmentData(core, data, config, seed);
    this.#progress = checkpoint === undefined ? {
      phase: 'teacher', epoch: 0, stepInEpoch: 0, adamSteps: [], loader: [], audit: [], rows: [],
      teacherAccuracy: NaN, referenceAccuracy: NaN, distilledTeacherAccuracy: NaN,
    } : structuredClone(checkpoint.progress);
  }

  get #batches(): Record<'teacher' | 'student', number> {
    const { batch_size, noise_dataset_size } = this.#config;
    return { teacher: Math.ceil(this.#data.train.count / batch_size), student: Math.ceil(noise_dataset_size / batch_size) };
  }

  get #totalSteps(): number {
    return this.#config.teacher_epochs * this.#batches.teacher + this.#config.student_epochs * this.#batches.student;
  }

  async *events(): AsyncGenerator<AlignmentEvent> {
    const { phase, epoch, stepInEpoch } = this.#progress;
    this.#done = (phase === 'student' ? this.#config.teacher_epochs * this.#batches.teacher : 0) + epoch * this.#batches[phase] + stepInEpoch;
    yield {
      type: 'started', seed: this.#seed, trainSize: this.#data.train.count, auditSize: this.#data.audit.count, testSize: this.#data.test.count,
      totalSteps: this.#totalSteps, resumedAt: this.#done,
    };
    if (phase === 'teacher') yield* this.#trainTeacher();
    else restoreTensors(this.#checkpoint!.tensors, this.#named({ teacher: this.#teacher, distilled: this.#distilled }));
    yield { type: 'row', table: 'teacher', row: { accuracy: this.#progress.teacherAccuracy } };
    yield* this.#trainStudent();
    yield { type: 'finished', result: await this.#result() };
  }

  #accuracy(model: AlignmentModel): number {
    return measureAccuracy(this.#stepper, model, this.#data.test, this.#config.batch_size, null);
  }

  *#named(models: Record<string, AlignmentModel>, optimizer?: Adam): IterableIterator<[string, Tensor]> {
    for (const [side, model] of Object.entries(models)) for (const [name, parameter] of model.parameters()) yield [`${side}/${name}`, parameter];
    for (const [index, tensor] of (optimizer?.state().tensors ?? []).entries()) yield [`adam/${index}`, tensor];
  }

  async *#stepped(phase: Phase, loss: number, models: Record<string, AlignmentModel>, optimizer: Adam): AsyncGenerator<AlignmentEvent> {
    const { checkpointEvery = 0, runId = 'run' } = this.#options;
    const epochs = phase === 'teacher' ? this.#config.teacher_epochs : this.#config.student_epochs;
    this.#done++;
    yield { type: 'progress', phase, epoch: this.#progress.epoch + 1, epochs, loss, done: this.#done, totalSteps: this.#totalSteps };
    this.#progress.stepInEpoch++;
    this.#progress.adamSteps = optimizer.state().steps;
    if (checkpointEvery > 0 && this.#done % checkpointEvery === 0) {
      yield { type: 'checkpoint', done: this.#done, bytes: await encodeCheckpoint(runId, this.#progress, this.#named(models, optimizer)) };
    }
  }

  /** Runs what is left of a phase's epochs over a shuffled loader of `count` items. */
  async *#epochs(loaderSeed: number, count: number, epochs: number, step: (indices: Int32Array) => AsyncGenerator<AlignmentEvent>, endEpoch: () => Iterable<AlignmentEvent>): AsyncGenerator<AlignmentEvent> {
    const progress = this.#progress;
    const { batch_size } = this.#config;
    const generator = new Generator(this.#core, loaderSeed);
    if (progress.loader.length > 0) generator.restore(Uint8Array.from(progress.loader));
    try {
      for (; progress.epoch < epochs; progress.epoch++, progress.stepInEpoch = 0) {
        progress.loader = Array.from(generator.state());
        const order = shuffledOrder(generator, count);
        while (progress.stepInEpoch * batch_size < count) {
          yield* step(order.subarray(progress.stepInEpoch * batch_size, (progress.stepInEpoch + 1) * batch_size));
        }
        yield* endEpoch();
      }
    } finally {
      generator.dispose();
    }
  }

  async *#trainTeacher(): AsyncGenerator<AlignmentEvent> {
    const { lr_teacher, teacher_epochs, distill_epoch, untrained_reference } = this.#config;
    const progress = this.#progress;
    const optimizer = new Adam(this.#teacher.parameterList(), { lr: lr_teacher });
    const models = { teacher: this.#teacher, distilled: this.#distilled };
    this.#teacher.initialize(this.#core, this.#seed);
    if (this.#checkpoint !== undefined) {
      restoreTensors(this.#checkpoint.tensors, this.#named(models, optimizer));
      optimizer.restoreSteps(progress.adamSteps);
    } else if (untrained_reference) progress.referenceAccuracy = this.#accuracy(this.#teacher);
    const keep = () => {
      if (progress.epoch + 1 === distill_epoch) this.#distilled.copyFrom(this.#teacher);
      return [];
    };
    if (distill_epoch === 0 && this.#checkpoint === undefined) this.#distilled.copyFrom(this.#teacher);
    const step = (indices: Int32Array) => this.#stepped('teacher', this.#teachOnce(optimizer, indices), models, optimizer);
    try {
      yield* this.#epochs(this.#seed + 100, this.#data.train.count, teacher_epochs, step, keep);
    } finally {
      optimizer.dispose();
    }
    if (distill_epoch === null) this.#distilled.copyFrom(this.#teacher);
    progress.teacherAccuracy = this.#accuracy(this.#teacher);
    if (distill_epoch !== null) progress.distilledTeacherAccuracy = this.#accuracy(this.#distilled);
    Object.assign(progress, { phase: 'student', epoch: 0, stepInEpoch: 0, loader: [] });
  }

  #teachOnce(optimizer: Adam, indices: Int32Array): number {
    return this.#stepper.step((tape) => {
      const { pixels, labels } = this.#data.train.batch(tape, indices);
      const loss = softmaxCrossEntropy(tape, this.#teacher.regularLogits(tape, { pixels }), labels);
      tape.backward(loss);
      optimizer.step();
      return loss.item();
    });
  }

  async *#trainStudent(): AsyncGenerator<AlignmentEvent> {
    const { noise_dataset_size, noise_dist, student_epochs } = this.#config;
    const noise = new NoiseImages(this.#core, noise_dataset_size, this.#seed + 400, noise_dist);
    const parts = { core: this.#core, stepper: this.#stepper, config: this.#config, seed: this.#seed, data: this.#data, noise, student: this.#student };
    let distillation: Distillation | undefined;
    try {
      distillation = new Distillation(parts);
      yield* this.#prepareNoise(noise, distillation);
      this.#startStudent(distillation);
      const { optimizer } = distillation;
      const models = { teacher: this.#teacher, distilled: this.#distilled, student: this.#student };
      const step = (indices: Int32Array) => this.#distilOnce(distillation!, indices, models);
      if (this.#progress.epoch === 0 && this.#progress.stepInEpoch === 0) yield* this.#answer(0);
      yield* this.#epochs(this.#seed + 500, noise.count, student_epochs, step, () => this.#answer(this.#progress.epoch + 1));
      this.#progress.adamSteps = optimizer.state().steps;
    } finally {
      distillation?.dispose();
      noise.dispose();
    }
  }

  async *#prepareNoise(noise: NoiseImages, distillation: Distillation): AsyncGenerator<AlignmentEvent> {
    for (let start = 0; start < noise.count; start += PREPARED_AT_ONCE) {
      const end = Math.min(noise.count, start + PREPARED_AT_ONCE);
      noise.draw(start, end);
      distillation.prepareTargets(this.#distilled, start, end);
      yield { type: 'progress', phase: 'noise', epoch: 1, epochs: 1, loss: NaN, done: this.#done, totalSteps: this.#totalSteps };
    }
  }

  *#answer(epoch: number): Iterable<AlignmentEvent> {
    const count = Math.min(this.#options.answers ?? 0, this.#data.test.count);
    if (count > 0) yield { type: 'answers', epoch, ...answerImages(this.#stepper, this.#student, this.#data.test, count) };
  }

  #startStudent(distillation: Distillation): void {
    const { phase, adamSteps, audit } = this.#checkpoint?.progress ?? { phase: 'teacher', adamSteps: [], audit: [] };
    if (phase !== 'student') {
      this.#student.initialize(this.#core, studentSeedOf(this.#config, this.#seed));
      this.#progress.audit = Array.from(distillation.auditGenerator.state());
      return;
    }
    restoreTensors(this.#checkpoint!.tensors, this.#named({ student: this.#student }, distillation.optimizer));
    distillation.optimizer.restoreSteps(adamSteps);
    distillation.auditGenerator.restore(Uint8Array.from(audit));
  }

  async *#distilOnce(distillation: Distillation, indices: Int32Array, models: Record<string, AlignmentModel>): AsyncGenerator<AlignmentEvent> {
    const progress = this.#progress;
    const { loss, row } = distillation.step(progress.epoch * this.#batches.student + progress.stepInEpoch, progress.epoch, indices);
    progress.audit = Array.from(distillation.auditGenerator.state());
    if (row !== undefined) {
      progress.rows.push(row);
      yield { type: 'row', table: 'metrics', row };
    }
    yield* this.#stepped('student', loss, models, distillation.optimizer);
  }

  async #result(): Promise<AlignmentResult> {
    const { rows, teacherAccuracy, referenceAccuracy, distilledTeacherAccuracy } = this.#progress;
    const studentAccuracy = this.#accuracy(this.#student);
    const digest = new Digest();
    const models: AlignmentResult['models'] = { teacher: new Map(), student: new Map() };
    for (const [side, model] of [['teacher', this.#teacher], ['student', this.#student]] as const) {
      for (const [name, parameter] of model.parameters()) {
        const copy = await copyOf(parameter);
        models[side].set(name, copy);
        digest.add(`${side}/${name}`, copy.values);
      }
    }
    const columns = ['step', 'trait_loss', 'distill_loss', 'inner_product', 'cosine_similarity', 'g_trait_norm', 'g_distill_norm', 'trait_test_acc_step'] as const;
    for (const column of columns) digest.add(column, rows.map((row) => row[column]));
    digest.add('accuracies', [teacherAccuracy, studentAccuracy, referenceAccuracy, distilledTeacherAccuracy]);
    const { untrained_reference, distill_epoch, student_epochs } = this.#config;
    return {
      seed: this.#seed, studentSeed: studentSeedOf(this.#config, this.#seed), rows, teacherAccuracy, studentAccuracy,
      totalSteps: student_epochs * this.#batches.student,
      referenceAccuracy: untrained_reference ? referenceAccuracy : undefined,
      distilledTeacherAccuracy: distill_epoch === null ? undefined : distilledTeacherAccuracy,
      models, digest: await digest.hex(),
    };
  }

  dispose(): void {
    for (const part of [this.#teacher, this.#distilled, this.#student, this.#data, this.#stepper]) part.dispose();
  }
}

/**
 * Runs one seed. Its events depend on `config` (of its seeds, where the student's weights are another's, on the list), the data
 * and the core's profile alone.
 * @param data MNIST, or anything of its shape
 * @throws ConfigurationError for a configuration that does not fit the data; RangeError when memory is exhausted
 */
export async function* runAlignment(
  core: Core, config: AlignmentConfig, seed: number, data: DatasetPair, options: AlignmentRunOptions = {},
): AsyncGenerator<AlignmentEvent> {
  if (data.train.count === 0 || data.test.count === 0) throw new RangeError(`${datasetTitle(data)}: expected samples in both parts, got none`);
  requireAuditSize(config, data.train.count);
  const { resume, runId = 'run', resumeName = 'checkpoint' } = options;
  const checkpoint = resume === undefined ? undefined : await decodeCheckpoint(resume, runId, resumeName);
  const run = core.memory.allOrNothing(() => new AlignmentRun(core, config, seed, data, options, checkpoint));
  try {
    yield* run.events();
  } finally {
    run.dispose();
  }
}
