// The split-head experiment (Learning Through Noise: teacher on labels, student on noise through an auxiliary head).
import { Digest, type Core } from '../../core/index.js';
import { datasetTitle, type DatasetPair } from '../../data/index.js';
import { Generator } from '../../random/index.js';
import { Stepper, type Placement } from '../../tensor/index.js';
import { decodeCheckpoint, encodeCheckpoint, restorePhase, type Checkpoint, type Progress } from './checkpoint.js';
import type { SplitHeadConfig } from './config.js';
import { answerImages, evaluateAuxiliary, evaluateClasses } from './evaluation.js';
import type { ModelDescription, Phase, SplitHeadEvent, SplitHeadMetrics, SplitHeadResult } from './events.js';
import { ResidentImages } from '../images.js';
import { compareSnapshots, snapshotModel, type Snapshot } from './layer-metrics.js';
import { initializeModel, SplitHeadModel } from './model.js';
import { applyPerturbations, type Timing } from './perturbation.js';
import { baseClassCount, planSplitHead, type ModelPlan, type SplitHeadPlan } from './plan.js';
import { derivedSeed, recordedSeeds, type RecordedSeeds, type Seed } from './seeds.js';
import { freshPosition, setTrainable, studentPhase, teacherPhase, type TrainingPhase } from './training.js';

export interface SplitHeadRunOptions {
  /** Names the run inside its checkpoints; see `splitHeadRunId`. Default `run`. */
  runId?: string;
  /** Emit a checkpoint after every so many steps; 0 (default) for none. */
  checkpointEvery?: number;
  /** Bytes of a checkpoint event of the same run: go on from there. */
  resume?: Uint8Array;
  /** Names those bytes in errors, as their file's path; default `checkpoint`. */
  resumeName?: string;
  /** Emit the student's answers to that many test images, the first ones, before its training and after each epoch; they change no bit. */
  answers?: number;
  /** A device beside the core and who decides between them; the result is then not promised to the bit. Default: the core alone. */
  placement?: Placement;
}

const METRIC_ORDER: (keyof SplitHeadMetrics)[] = [
  'teacher_init_acc', 'teacher_final_acc', 'student_init_acc', 'student_final_acc',
  'teacher_init_class_loss', 'teacher_final_class_loss', 'student_init_class_loss', 'student_final_class_loss',
  'student_init_aux_loss', 'student_final_aux_loss', 'teacher_train_loss_last', 'student_train_aux_loss_last',
];

/** One run's models, data and what it has gathered so far. */
class SplitHeadRun {
  readonly #core: Core;
  readonly #config: SplitHeadConfig;
  readonly #data: DatasetPair;
  readonly #plan: SplitHeadPlan;
  readonly #seeds: RecordedSeeds;
  readonly #options: SplitHeadRunOptions;
  readonly #checkpoint: Checkpoint | undefined;
  readonly #stepper: Stepper;
  readonly #models: { teacher: SplitHeadModel; student: SplitHeadModel };
  readonly #train: ResidentImages;
  readonly #test: ResidentImages;
  #progress: Progress = { metrics: {}, perturbations: [], snapshots: {} };
  #done = 0;

  constructor(core: Core, config: SplitHeadConfig, data: DatasetPair, seeds: RecordedSeeds, options: SplitHeadRunOptions, checkpoint: Checkpoint | undefined) {
    this.#core = core;
    this.#config = config;
    this.#data = data;
    this.#seeds = seeds;
    this.#options = options;
    this.#plan = planSplitHead(config);
    this.#checkpoint = checkpoint;
    this.#stepper = new Stepper(core, options.placement);
    this.#models = { teacher: this.#makeModel('teacher', this.#plan.teacher), student: this.#makeModel('student', this.#plan.student) };
    this.#train = new ResidentImages(core, data.train);
    this.#test = new ResidentImages(core, data.test);
  }

  #makeModel(name: Phase, { features, width }: ModelPlan): SplitHeadModel {
    return new SplitHeadModel(this.#core, name, features, width, this.#data.classes, this.#config.m);
  }

  get totalSteps(): number {
    const { teacher_epochs, student_epochs, noise_steps, data_bsize } = this.#config;
    return teacher_epochs * Math.ceil(this.#train.count / data_bsize) + student_epochs * noise_steps;
  }

  async *events(): AsyncGenerator<SplitHeadEvent> {
    yield {
      type: 'started', seeds: this.#seeds, trainSize: this.#train.count, testSize: this.#test.count,
      classes: this.#data.classes, totalSteps: this.totalSteps, resumedAt: this.#checkpoint?.done ?? 0,
    };
    for (const side of ['teacher', 'student'] as const) {
      const plan = this.#plan[side];
      await initializeModel(this.#core, this.#models[side], this.#seeds[`${side}_model_seed`], plan.init, this.#config.seed);
      setTrainable(this.#models[side], plan.trainable);
    }
    if (this.#checkpoint?.phase === 'student') this.#progress = this.#checkpoint.progress;
    else {
      yield* this.#beforeTeacher();
      yield* this.#trainTeacher();
      yield* this.#betweenPhases();
    }
    yield* this.#trainStudent();
    yield* this.#afterStudent();
  }

  async *#beforeTeacher(): AsyncGenerator<SplitHeadEvent> {
    yield* this.#perturb('before_teacher_training');
    this.#progress.snapshots.teacherInitial = await snapshotModel(this.#models.teacher);
    yield await this.#evaluate('teacher', 'initial');
  }

  async *#trainTeacher(): AsyncGenerator<SplitHeadEvent> {
    const resumed = this.#checkpoint?.phase === 'teacher' ? this.#checkpoint : undefined;
    const generator = new Generator(this.#core, this.#seeds.dataloader_seed);
    const position = resumed?.position ?? freshPosition();
    if (resumed !== undefined) generator.restore(resumed.generator);
    try {
      yield* this.#runPhase(teacherPhase(this.#stepper, this.#models.teacher, this.#train, this.#config, generator, position), resumed);
    } finally {
      generator.dispose();
    }
    this.#progress.metrics.teacher_train_loss_last = position.lastEpochLoss;
  }

  async *#betweenPhases(): AsyncGenerator<SplitHeadEvent> {
    yield* this.#perturb('after_teacher_training');
    this.#progress.snapshots.teacherFinal = await snapshotModel(this.#models.teacher);
    yield await this.#evaluate('teacher', 'final');
    yield* this.#perturb('before_student_training');
    this.#progress.snapshots.studentInitial = await snapshotModel(this.#models.student);
    yield await this.#evaluate('student', 'initial', await derivedSeed(this.#config.seed, 'eval_noise', 'student_initial'));
    yield* this.#answer(0);
  }

  async *#trainStudent(): AsyncGenerator<SplitHeadEvent> {
    const resumed = this.#checkpoint?.phase === 'student' ? this.#checkpoint : undefined;
    const generator = new Generator(this.#core, this.#seeds.student_training_seed);
    const position = resumed?.position ?? freshPosition();
    if (resumed !== undefined) generator.restore(resumed.generator);
    try {
      yield* this.#runPhase(studentPhase(this.#stepper, this.#models.student, this.#models.teacher, this.#config, generator, position), resumed);
    } finally {
      generator.dispose();
    }
    this.#progress.metrics.student_train_aux_loss_last = position.lastEpochLoss;
  }

  async *#afterStudent(): AsyncGenerator<SplitHeadEvent> {
    yield* this.#perturb('after_student_training');
    const studentFinal = await snapshotModel(this.#models.student);
    yield await this.#evaluate('student', 'final', await derivedSeed(this.#config.seed, 'eval_noise', 'student_final'));
    const result = await this.#result(studentFinal);
    for (const row of result.layerMetrics) yield { type: 'row', table: 'layer_metrics', row };
    yield { type: 'finished', result };
  }

  async *#runPhase(phase: TrainingPhase, resumed: Checkpoint | undefined): AsyncGenerator<SplitHeadEvent> {
    try {
      yield* this.#phaseEvents(phase, resumed);
    } finally {
      phase.dispose();
    }
  }

  async *#phaseEvents(phase: TrainingPhase, resumed: Checkpoint | undefined): AsyncGenerator<SplitHeadEvent> {
    if (resumed !== undefined) {
      restorePhase(resumed, this.#models, phase);
      this.#done = resumed.done;
    }
    const { checkpointEvery = 0, runId = 'run' } = this.#options;
    const { position, epochs, stepsPerEpoch } = phase;
    for await (const event of phase.steps()) {
      if (event.kind === 'epoch') {
        yield { type: 'row', table: 'epochs', row: { phase: phase.phase, epoch: position.epoch, epochs, loss: event.loss } };
        if (phase.phase === 'student') yield* this.#answer(position.epoch);
        continue;
      }
      this.#done++;
      yield {
        type: 'progress', phase: phase.phase, epoch: position.epoch + 1, epochs, step: position.step, steps: stepsPerEpoch,
        loss: event.loss, done: this.#done, totalSteps: this.totalSteps,
      };
      if (checkpointEvery > 0 && this.#done % checkpointEvery === 0) {
        yield { type: 'checkpoint', done: this.#done, bytes: await encodeCheckpoint(runId, this.#done, this.#models, phase, this.#progress) };
      }
    }
  }

  async *#perturb(timing: Timing): AsyncGenerator<SplitHeadEvent> {
    const rows = await applyPerturbations(this.#core, timing, this.#plan.perturbations, this.#models, this.#config.seed);
    this.#progress.perturbations.push(...rows);
    for (const row of rows) yield { type: 'row', table: 'perturbations', row };
  }

  /** Measures a model on the test set and, given a seed for its noise, the student's auxiliary loss. */
  async #evaluate(model: Phase, state: 'initial' | 'final', noiseSeed?: Seed): Promise<SplitHeadEvent> {
    const { metrics } = this.#progress;
    const moment = state === 'initial' ? 'init' : 'final';
    const { accuracy, classLoss } = await evaluateClasses(this.#stepper, this.#models[model], this.#test, this.#config.data_bsize);
    metrics[`${model}_${moment}_acc`] = accuracy;
    metrics[`${model}_${moment}_class_loss`] = classLoss;
    let auxLoss: number | undefined;
    if (noiseSeed !== undefined) {
      auxLoss = await evaluateAuxiliary(this.#core, this.#stepper, this.#models.student, this.#models.teacher, this.#config, noiseSeed);
      metrics[`student_${moment}_aux_loss`] = auxLoss;
    }
    return { type: 'row', table: 'evaluations', row: { model, state, accuracy, classLoss, auxLoss } };
  }

  async *#answer(epoch: number): AsyncGenerator<SplitHeadEvent> {
    const count = Math.min(this.#options.answers ?? 0, this.#test.count);
    if (count > 0) yield { type: 'answers', epoch, ...(await answerImages(this.#stepper, this.#models.student, this.#test, count)) };
  }

  #describe(side: Phase): ModelDescription {
    const { architecture, layerNames, init, trainable } = this.#plan[side];
    const sizes = [...this.#models[side].parameters()].map(([name, { size }]) => ({ size, trains: trainable[name.slice(0, name.lastIndexOf('.'))]! }));
    const total = (chosen: typeof sizes) => chosen.reduce((sum, { size }) => sum + size, 0);
    return { architecture, layerNames, init, trainable, totalParameters: total(sizes), trainableParameters: total(sizes.filter(({ trains }) => trains)) };
  }

  async #result(studentFinal: Snapshot): Promise<SplitHeadResult> {
    const { perturbations, snapshots } = this.#progress;
    const metrics = this.#progress.metrics as SplitHeadMetrics;
    const models = { teacher: await snapshotModel(this.#models.teacher), student: studentFinal };
    const digest = new Digest();
    for (const side of ['teacher', 'student'] as const) {
      for (const [name, { values }] of models[side]) digest.add(`${side}/${name}`, values);
    }
    digest.add('metrics', METRIC_ORDER.map((name) => metrics[name]));
    const layerMetrics = compareSnapshots({
      teacher: { layers: this.#plan.teacher.layerNames, initial: snapshots.teacherInitial!, final: snapshots.teacherFinal! },
      student: { layers: this.#plan.student.layerNames, initial: snapshots.studentInitial!, final: studentFinal },
    });
    return {
      metrics, layerMetrics, perturbations, models,
      resolvedPerturbations: this.#plan.perturbations as unknown as Record<string, unknown>[],
      seeds: this.#seeds, teacher: this.#describe('teacher'), student: this.#describe('student'),
      trainSize: this.#train.count, testSize: this.#test.count, classes: this.#data.classes,
      baseClasses: baseClassCount(this.#config), digest: await digest.hex(),
    };
  }

  dispose(): void {
    this.#models.teacher.dispose();
    this.#models.student.dispose();
    this.#train.dispose();
    this.#test.dispose();
    this.#stepper.dispose();
  }
}

/**
 * Runs one split-head experiment. Its events depend on `config`, the data and the core's profile alone.
 * @param data the dataset that `config` names, already truncated to `config.class_count` classes
 * @throws ConfigurationError for a configuration that cannot run; RangeError when memory is exhausted
 */
export async function* runSplitHead(
  core: Core, config: SplitHeadConfig, data: DatasetPair, options: SplitHeadRunOptions = {},
): AsyncGenerator<SplitHeadEvent> {
  if (data.train.count === 0 || data.test.count === 0) throw new RangeError(`${datasetTitle(data)}: expected samples in both parts, got none`);
  const { resume, runId = 'run', resumeName = 'checkpoint' } = options;
  const checkpoint = resume === undefined ? undefined : await decodeCheckpoint(resume, runId, resumeName);
  const seeds = await recordedSeeds(config.seed);
  const run = core.memory.allOrNothing(() => new SplitHeadRun(core, config, data, seeds, options, checkpoint));
  try {
    yield* run.events();
  } finally {
    run.dispose();
  }
}
