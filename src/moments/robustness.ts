import { Generator as NormalGenerator } from '../random/index.js';
import { add, argmax, rowRange, sizeOf, Stepper, type Tape, type Tensor } from '../tensor/index.js';
import { ring } from './random-matrices.js';

export interface RobustnessOptions {
  /** Evenly spaced noise levels, both ends among them; default from 0 to 0.5, 30 of them. */
  levels?: { from: number; to: number; count: number };
  /** What every level is multiplied by; default 1. See {@link inputRange}. */
  inputRange?: number;
  /** Images at a time; noise is drawn batch after batch, so another size draws other noise. Default 100. */
  batch?: number;
  /** Default 0. */
  seed?: number | bigint;
}

/** A noise level, and the part of the images whose prediction is that of the clean image. */
export interface RobustnessLevel {
  readonly sigma: number;
  readonly agreement: number;
}

export interface Robustness {
  /** Area under the agreement over the levels, divided by their range: 1 where no noise changes a prediction. */
  robustness: number;
  sigmas: number[];
  /** For each level the part of the images whose prediction is that of the clean image. */
  agreement: number[];
}

/** Width of the inputs after normalisation with standard deviations per channel: the mean of 1 / deviation. */
export function inputRange(deviations: readonly number[]): number {
  if (deviations.length === 0 || deviations.some((deviation) => !(deviation > 0 && deviation < Infinity))) {
    throw new RangeError(`inputRange: expected a standard deviation above 0 for each channel, got [${deviations.join(', ')}]`);
  }
  return deviations.reduce((total, deviation) => total + 1 / deviation, 0) / deviations.length;
}

/** torch.linspace: from either end towards the middle. */
function linspace({ from, to, count }: { from: number; to: number; count: number }): number[] {
  const step = (to - from) / (count - 1);
  return Array.from({ length: count }, (_, index) => (index < count / 2 ? from + step * index : to - step * (count - 1 - index)));
}

function trapezoids(values: readonly number[], places: readonly number[]): number {
  let total = 0;
  for (let index = 1; index < values.length; index++) total += ((places[index]! - places[index - 1]!) * (values[index]! + values[index - 1]!)) / 2;
  return total;
}

type Classifier = (tape: Tape, images: Tensor) => Tensor;

/** Walks over a set of images a batch at a time, over one step's memory. */
class Batches {
  readonly #images: Tensor;
  readonly #size: number;
  readonly #stepper: Stepper;

  constructor(images: Tensor, size: number) {
    this.#images = images;
    this.#size = size;
    this.#stepper = new Stepper(images.core);
  }

  /** Predictions of every image after `change`. */
  predict(classifier: Classifier, change: Classifier): Int32Array {
    const [count, ...shape] = this.#images.shape as [number, ...number[]];
    const rows = this.#images.view([count, sizeOf(shape)]);
    const labels = new Int32Array(count);
    for (let start = 0; start < count; start += this.#size) {
      const end = Math.min(start + this.#size, count);
      const batch = rowRange(rows, start, end).view([end - start, ...shape]);
      labels.set(this.#stepper.step((tape) => argmax(classifier(tape, change(tape, batch))), { record: false }), start);
    }
    return labels;
  }

  dispose(): void {
    this.#stepper.dispose();
  }
}

function requireOptions(images: Tensor, { levels, batch, inputRange: range }: Required<Pick<RobustnessOptions, 'levels' | 'batch' | 'inputRange'>>): void {
  const { from, to, count } = levels;
  if (images.shape.length < 2 || images.size === 0) throw new RangeError(`gaussianRobustness: expected images [count, ...shape], got shape [${images.shape.join(', ')}]`);
  if (!(from >= 0 && to > from && to < Infinity && Number.isInteger(count) && count >= 2)) {
    throw new RangeError(`gaussianRobustness: expected at least two levels from 0 <= from < to, got ${JSON.stringify(levels)}`);
  }
  if (!(Number.isInteger(batch) && batch >= 1)) throw new RangeError(`gaussianRobustness: expected a batch of at least 1, got ${batch}`);
  if (!(range > 0 && range < Infinity)) throw new RangeError(`gaussianRobustness: expected an input range above 0, got ${range}`);
}

/**
 * How much of a classifier's predictions survive Gaussian noise on a ring (`gaussian_robustness` of
 * ModarTensai/network_moments), level by level: the clean predictions are the labels; at each level the noise is `ring` with the
 * level times the input range as its sigma and half a step of the levels as its tolerance.
 * @param classifier images [batch, ...shape] -> scores [batch, classes]
 * @param images [count, ...shape], of the classifier's dtype
 * @throws RangeError for images or options out of range
 */
export function* robustnessLevels(classifier: Classifier, images: Tensor, options: RobustnessOptions = {}): Generator<RobustnessLevel, Robustness> {
  const { levels = { from: 0, to: 0.5, count: 30 }, inputRange: range = 1, batch = 100, seed = 0 } = options;
  requireOptions(images, { levels, batch, inputRange: range });
  const batches = new Batches(images, batch);
  const generator = new NormalGenerator(images.core, seed);
  try {
    const sigmas = linspace(levels);
    const tolerance = (sigmas[1]! - sigmas[0]!) / 2;
    const clean = batches.predict(classifier, (_tape, x) => x);
    const agreement: number[] = [];
    for (const sigma of sigmas) {
      const noisy = batches.predict(classifier, (tape, x) =>
        add(tape, ring(tape, generator, x.shape.slice(1), { sigma: sigma * range, tolerance, batch: x.shape[0]!, dtype: x.dtype }), x));
      const equal = noisy.reduce((total, label, index) => total + Number(label === clean[index]), 0) / clean.length;
      agreement.push(equal);
      yield { sigma, agreement: equal };
    }
    return { robustness: trapezoids(agreement, sigmas) / (sigmas.at(-1)! - sigmas[0]!), sigmas, agreement };
  } finally {
    generator.dispose();
    batches.dispose();
  }
}

/** {@link robustnessLevels} to the end. @throws RangeError for images or options out of range */
export function gaussianRobustness(classifier: Classifier, images: Tensor, options: RobustnessOptions = {}): Robustness {
  const levels = robustnessLevels(classifier, images, options);
  for (;;) {
    const next = levels.next();
    if (next.done === true) return next.value;
  }
}
