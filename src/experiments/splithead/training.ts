// The two training loops, step by step, so that a run can stop after any step and go on from there.
import { Adam } from '../../nn/index.js';
import type { Generator} from '../../random/index.js';
import { shuffledOrder } from '../../random/index.js';
import type { Stepper} from '../../tensor/index.js';
import { mse, softmaxCrossEntropy, type Tensor } from '../../tensor/index.js';
import type { SplitHeadConfig } from './config.js';
import type { Phase } from './events.js';
import type { ResidentImages } from '../images.js';
import type { SplitHeadModel } from './model.js';
import { sampleNoise, type NoiseOptions } from './noise.js';

/** Where a phase stands between two steps. */
export interface PhasePosition {
  epoch: number;
  step: number;
  /** Sum of the losses of this epoch's steps so far. */
  running: number;
  /** Mean loss of the last whole epoch; NaN before the first. */
  lastEpochLoss: number;
}

export function freshPosition(): PhasePosition {
  return { epoch: 0, step: 0, running: 0, lastEpochLoss: NaN };
}

export type TrainingEvent = { kind: 'step'; loss: number } | { kind: 'epoch'; loss: number };

/** One phase under way: what its checkpoint must hold, and the steps still to do. */
export interface TrainingPhase {
  readonly phase: Phase;
  readonly epochs: number;
  readonly stepsPerEpoch: number;
  readonly position: PhasePosition;
  readonly optimizer: Adam;
  /** The random state that a resumed phase starts from. */
  generatorState(): Uint8Array;
  steps(): AsyncIterableIterator<TrainingEvent>;
  dispose(): void;
}

/** Runs epochs of steps from `position`, keeping it up to date before every event. */
async function* runEpochs(
  position: PhasePosition, epochs: number, stepsPerEpoch: number, beginEpoch: () => void, step: (index: number) => Promise<number>,
): AsyncIterableIterator<TrainingEvent> {
  while (position.epoch < epochs) {
    beginEpoch();
    while (position.step < stepsPerEpoch) {
      const loss = await step(position.step);
      position.running += loss;
      position.step++;
      yield { kind: 'step', loss } as const;
    }
    position.lastEpochLoss = position.running / Math.max(1, stepsPerEpoch);
    position.running = 0;
    position.step = 0;
    position.epoch++;
    yield { kind: 'epoch', loss: position.lastEpochLoss } as const;
  }
}

function trainableParameters(model: SplitHeadModel): Tensor[] {
  return [...model.parameters()].map(([, parameter]) => parameter).filter(({ requiresGrad }) => requiresGrad);
}

/** Supervised training: cross-entropy of the class head on shuffled batches of `train`. */
export function teacherPhase(
  stepper: Stepper, model: SplitHeadModel, train: ResidentImages, config: SplitHeadConfig, generator: Generator, position: PhasePosition,
): TrainingPhase {
  const optimizer = new Adam(trainableParameters(model), { lr: config.teacher_lr });
  const stepsPerEpoch = Math.ceil(train.count / config.data_bsize);
  let epochStart = generator.state();
  let order = new Int32Array(0);
  const beginEpoch = () => {
    epochStart = generator.state();
    order = shuffledOrder(generator, train.count) as Int32Array<ArrayBuffer>;
  };
  const step = (index: number) =>
    stepper.step(async (tape) => {
      const { images, labels } = train.batch(tape, order.subarray(index * config.data_bsize, (index + 1) * config.data_bsize), model.takesOffset);
      const loss = softmaxCrossEntropy(tape, model.classLogits(tape, images), labels);
      tape.backward(loss);
      optimizer.step();
      return (await loss.fetch()).item();
    });
  return {
    phase: 'teacher', epochs: config.teacher_epochs, stepsPerEpoch, position, optimizer,
    generatorState: () => epochStart,
    steps: () => runEpochs(position, config.teacher_epochs, stepsPerEpoch, beginEpoch, step),
    dispose: () => optimizer.dispose(),
  };
}

/** Distillation: mean squared error between both auxiliary heads on fresh noise. */
export function studentPhase(
  stepper: Stepper, student: SplitHeadModel, teacher: SplitHeadModel, config: SplitHeadConfig, generator: Generator, position: PhasePosition,
): TrainingPhase {
  const optimizer = new Adam(trainableParameters(student), { lr: config.student_lr });
  const noise = noiseOptions(config);
  const step = () =>
    stepper.step(async (tape) => {
      const images = sampleNoise(tape, generator, config.noise_bsize, noise);
      const target = tape.withoutRecording(() => teacher.auxiliaryLogits(tape, images));
      const loss = mse(tape, student.auxiliaryLogits(tape, images), target);
      tape.backward(loss);
      optimizer.step();
      return (await loss.fetch()).item();
    });
  return {
    phase: 'student', epochs: config.student_epochs, stepsPerEpoch: config.noise_steps, position, optimizer,
    generatorState: () => generator.state(),
    steps: () => runEpochs(position, config.student_epochs, config.noise_steps, () => {}, step),
    dispose: () => optimizer.dispose(),
  };
}

export function noiseOptions(config: SplitHeadConfig): NoiseOptions {
  return { distribution: config.noise_dist, resolution: config.perlin_res, normalize: config.normalize_noise };
}

/** Makes the given layers trainable and the others not. */
export function setTrainable(model: SplitHeadModel, trainable: Record<string, boolean>): void {
  for (const [name, layer] of model.layers) layer.setTrainable(trainable[name]!);
}

