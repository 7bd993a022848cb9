// What is learnt from what: a dataset in memory, a model, and their messages and evaluations.
import type { Core, Pointer } from '../../core/index.js';
import type { Tensor} from '../../tensor/index.js';
import { argmax, log, exp, sigmoid, softmax, softmaxCrossEntropy, type Stepper, type Tape } from '../../tensor/index.js';
import { LinearStack, type LayerFactors, type LayerShape } from './linear-stack.js';

/** A batch as a stack sees it: x [samples, features] less `offset`. */
export interface SampleBatch {
  x: Tensor;
  offset: number;
  labels: Int32Array;
}

/** One part of a dataset, resident. */
export interface Samples {
  readonly count: number;
  readonly labels: ArrayLike<number>;
  batch(tape: Tape, indices: Int32Array): SampleBatch;
}

/** How outputs become a loss; each is summed over the samples. */
export type LossKind = 'softmax-then-cross-entropy' | 'cross-entropy' | 'binary';

/** -log of the probability that sigmoid(z) gives the label, summed: z [samples, 1] float64, labels 0 or 1. */
function binaryCrossEntropy(tape: Tape, z: Tensor, labels: Int32Array): Tensor {
  const magnitudes = tape.from(z.toArray().map((value) => -Math.abs(value)), z.shape, z.dtype);
  const tails = tape.withoutRecording(() => log(tape, tape.from(exp(tape, magnitudes).toArray().map((value) => 1 + value), z.shape, z.dtype))).toArray();
  const values = z.toArray();
  let total = 0;
  for (let i = 0; i < labels.length; i++) total += Math.max(values[i]!, 0) - values[i]! * labels[i]! + tails[i]!;
  return tape.record([z], tape.from([total], [], z.dtype), (gradient) => {
    const slope = gradient.item();
    const probabilities = tape.withoutRecording(() => sigmoid(tape, z)).toArray();
    tape.give(z, tape.from(probabilities.map((value, i) => slope * (value - labels[i]!)), z.shape, z.dtype));
  });
}

export function sumOfLosses(tape: Tape, kind: LossKind, output: Tensor, labels: Int32Array): Tensor {
  if (kind === 'binary') return binaryCrossEntropy(tape, output, labels);
  return softmaxCrossEntropy(tape, kind === 'cross-entropy' ? output : softmax(tape, output), labels, { reduction: 'sum' });
}

function predictions(kind: LossKind, output: Tensor): Int32Array {
  if (kind !== 'binary') return argmax(output);
  return Int32Array.from(output.toArray(), (value) => (value > 0 ? 1 : 0));
}

/** Samples evaluated at once. */
const EVALUATED = 2000;

export interface Evaluation {
  loss: number;
  accuracy: number;
}

/** A model that is a stack of linear layers, on a dataset. */
export class StackTask {
  readonly core: Core;
  readonly stack: LinearStack;
  readonly train: Samples;
  readonly validation: Samples;
  readonly #loss: LossKind;
  /** (lambda / 2) ||theta||^2 is part of the reported loss. */
  readonly #penalty: number;
  #flipped: Set<number> | undefined;
  #classes = 0;

  constructor(core: Core, layers: readonly LayerShape[], data: { train: Samples; validation: Samples }, loss: LossKind, penalty: number) {
    this.core = core;
    this.stack = new LinearStack(core, layers, loss === 'binary' ? 'float64' : 'float32', 'parameters');
    this.train = data.train;
    this.validation = data.validation;
    this.#loss = loss;
    this.#penalty = penalty;
  }

  /** Spoils samples for label-flip: label y becomes C - 1 - y where these are drawn. */
  flipLabels(shards: readonly Int32Array[]): void {
    const classes = this.stack.layers.at(-1)!.outputs;
    this.#flipped = new Set(shards.flatMap((shard) => Array.from(shard)));
    this.#classes = this.#loss === 'binary' ? 2 : classes;
  }

  #labelsOf(indices: Int32Array, labels: Int32Array): Int32Array {
    if (this.#flipped === undefined) return labels;
    return labels.map((label, at) => (this.#flipped!.has(indices[at]!) ? this.#classes - 1 - label : label));
  }

  /** Factors of the gradients of `scale` times each sample's loss, by `stack` (default: the model's own). */
  factors(tape: Tape, indices: Int32Array, scale: number, stack: LinearStack = this.stack): LayerFactors[] {
    const { x, offset, labels } = this.train.batch(tape, indices);
    const taught = this.#labelsOf(indices, labels);
    return stack.factors(tape, x, offset, (onTape, output) => sumOfLosses(onTape, this.#loss, output, taught), scale);
  }

  /** Mean loss and accuracy over a part. */
  evaluate(stepper: Stepper, part: Samples): Evaluation {
    let loss = 0;
    let correct = 0;
    for (let start = 0; start < part.count; start += EVALUATED) {
      const indices = Int32Array.from({ length: Math.min(EVALUATED, part.count - start) }, (_, i) => start + i);
      stepper.step((tape) => {
        const { x, offset, labels } = part.batch(tape, indices);
        const output = this.stack.forward(tape, x, offset);
        loss += sumOfLosses(tape, this.#loss, output, labels).item();
        const predicted = predictions(this.#loss, output);
        for (let i = 0; i < labels.length; i++) if (predicted[i] === labels[i]) correct++;
      }, { record: false });
    }
    return { loss: loss / part.count + this.#penaltyNow(), accuracy: correct / part.count };
  }

  #penaltyNow(): number {
    if (this.#penalty === 0) return 0;
    let square = 0;
    for (const value of this.stack.flat.data) square += value * value;
    return (this.#penalty / 2) * square;
  }

  dispose(): void {
    this.stack.dispose();
  }
}

/** Rows of float64 features in the core's memory. */
export class DenseSamples implements Samples {
  readonly count: number;
  readonly labels: Int32Array;
  readonly #core: Core;
  readonly #rows: Pointer;
  readonly #features: number;

  /** @param rows [count, features], copied. @throws RangeError when memory is exhausted */
  constructor(core: Core, rows: Float64Array, features: number, labels: Int32Array) {
    this.#core = core;
    this.count = labels.length;
    this.labels = labels;
    this.#features = features;
    this.#rows = core.memory.allocate(rows.byteLength, 'features');
    core.memory.f64(this.#rows, rows.length).set(rows);
  }

  batch(tape: Tape, indices: Int32Array): SampleBatch {
    const x = tape.empty([indices.length, this.#features], 'float64', 'feature batch');
    const all = this.#core.memory.f64(this.#rows, this.count * this.#features);
    const to = x.data;
    indices.forEach((index, row) => to.set(all.subarray(index * this.#features, (index + 1) * this.#features), row * this.#features));
    return { x, offset: 0, labels: indices.map((index) => this.labels[index]!) };
  }

  dispose(): void {
    this.#core.memory.free(this.#rows);
  }
}
