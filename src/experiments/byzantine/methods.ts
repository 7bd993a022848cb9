// The stochastic gradient methods, each as the messages that the workers send at a step (Wu, Ling, Chen and Giannakis 2020).
// g_h(w) is worker h's mean gradient over the samples that it drew, weight decay included.
import { kernelOf, rowRange, Tensor, type Stepper, type Tape } from '../../tensor/index.js';
import { LinearStack, type LayerFactors } from './linear-stack.js';
import { addScaled, FactoredMessages, WrittenMessages, type Messages } from './messages.js';
import type { Sampling } from './sampling.js';
import type { StackTask } from './task.js';

export interface MethodSettings {
  task: StackTask;
  /** Sample indices of each worker. */
  shards: readonly Int32Array[];
  batch: number;
  decay: number;
  /** Steps between two snapshots (SVRG); restarts of SARAH lie 1 to one less than this apart. */
  snapshotInterval: number;
  /** SAGA's table at the start: each sample's gradient at the initial parameters, or zeros. */
  sagaInitial: 'gradient' | 'zero';
  /** Worker momentum: m = beta m + (1 - beta) g. */
  momentum: number;
  stepper: Stepper;
}

/** What each worker drew for a step: samples [workers * batch] in worker order. */
export type Drawn = Int32Array;

export interface Method {
  /** Whole passes over the data that must happen before step `step`, outside its tape; says whether the step makes an extra update. */
  prepare(step: number, sampling: Sampling): { restarts: boolean };
  messages(tape: Tape, drawn: Drawn): Messages;
  /** Tensors that a resumed run must have back, by name. */
  state(): [name: string, tensor: Tensor][];
  /** Whole numbers of the state. */
  counters(): number[];
  restoreCounters(counters: readonly number[]): void;
  dispose(): void;
}

/** Samples of a full pass that are computed at once. */
const PASS = 500;

/** Each worker's gradient over its whole shard at the parameters of `stack`, without weight decay: into [workers, dimension]. */
export function fullGradients({ task, shards, stepper }: MethodSettings, stack: LinearStack, into: Tensor): void {
  into.data.fill(0);
  for (const [worker, shard] of shards.entries()) {
    const row = rowRange(into, worker, worker + 1).view([stack.dimension]);
    for (let start = 0; start < shard.length; start += PASS) {
      stepper.step((tape) => {
        const factors = task.factors(tape, shard.subarray(start, start + PASS), 1 / shard.length, stack);
        const part = tape.empty([stack.dimension], row.dtype, 'part of a full gradient');
        stack.writeGradient(tape, factors, part);
        addScaled(row, 1, part);
      });
    }
  }
}

/** SGD and BatchSGD: m_h = g_h(w). */
class Sgd implements Method {
  readonly #settings: MethodSettings;

  constructor(settings: MethodSettings) {
    this.#settings = settings;
  }

  prepare(): { restarts: boolean } {
    return { restarts: false };
  }

  messages(tape: Tape, drawn: Drawn): Messages {
    const { task, batch, decay } = this.#settings;
    return new FactoredMessages(tape, task.stack, task.factors(tape, drawn, 1 / batch), batch, decay);
  }

  state(): [string, Tensor][] {
    return [];
  }

  counters(): number[] {
    return [];
  }

  restoreCounters(): void {}

  dispose(): void {}
}

/** Any method's messages through worker momentum. */
class WithMomentum implements Method {
  readonly #inner: Method;
  readonly #beta: number;
  readonly #momenta: Tensor;

  constructor(inner: Method, { task, shards, momentum }: MethodSettings) {
    this.#inner = inner;
    this.#beta = momentum;
    const { flat } = task.stack;
    this.#momenta = Tensor.zeros(flat.core, [shards.length, flat.size], flat.dtype, 'momenta');
  }

  prepare(step: number, sampling: Sampling): { restarts: boolean } {
    return this.#inner.prepare(step, sampling);
  }

  messages(tape: Tape, drawn: Drawn): Messages {
    const fresh = this.#inner.messages(tape, drawn).rows();
    const momenta = this.#momenta;
    kernelOf(momenta, 'arithmetic_scale')(momenta.pointer, this.#beta, momenta.pointer, momenta.size);
    addScaled(momenta, 1 - this.#beta, fresh);
    return new WrittenMessages(momenta);
  }

  state(): [string, Tensor][] {
    return [...this.#inner.state(), ['momenta', this.#momenta]];
  }

  counters(): number[] {
    return this.#inner.counters();
  }

  restoreCounters(counters: readonly number[]): void {
    this.#inner.restoreCounters(counters);
  }

  dispose(): void {
    this.#inner.dispose();
    this.#momenta.dispose();
  }
}

/** The factors of a difference: those of `plus`, and those of `minus` with their deltas negated, sample after sample of a worker. */
export function differenceOf(tape: Tape, plus: readonly LayerFactors[], minus: readonly Pick<LayerFactors, 'delta' | 'input' | 'offset'>[], batch: number): LayerFactors[] {
  return plus.map((layer, index) => {
    const other = minus[index]!;
    return {
      ...layer,
      delta: interleaved(tape, layer.delta, other.delta, batch, -1),
      input: interleaved(tape, layer.input, other.input, batch, 1),
      preactivation: interleaved(tape, layer.preactivation, layer.preactivation, batch, 1),
    };
  });
}

/** [2 rows, columns]: `batch` rows of a, then as many of b times `sign`, and so on. */
function interleaved(tape: Tape, a: Tensor, b: Tensor, batch: number, sign: 1 | -1): Tensor {
  const [rows, columns] = a.shape as [number, number];
  const output = tape.empty([2 * rows, columns], a.dtype, 'difference factors');
  const [to, left, right] = [output.data, a.data, b.data];
  const block = batch * columns;
  for (let start = 0; start < rows * columns; start += block) {
    to.set(left.subarray(start, start + block), 2 * start);
    for (let i = 0; i < block; i++) to[2 * start + block + i] = sign * right[start + i]!;
  }
  return output;
}

/** The decay's term, the same for every message. */
function addDecay(rows: Tensor, decay: number, parameters: Tensor): void {
  if (decay === 0) return;
  for (let row = 0; row < rows.shape[0]!; row++) addScaled(rowRange(rows, row, row + 1).view([parameters.size]), decay, parameters);
}

/** SVRG (Johnson and Zhang 2013): m_h = g_h(w) - g_h(snapshot) + the full gradient at the snapshot. */
class Svrg implements Method {
  readonly #settings: MethodSettings;
  readonly #snapshot: LinearStack;
  readonly #full: Tensor;

  constructor(settings: MethodSettings) {
    const { task, shards } = settings;
    const { flat, layers } = task.stack;
    this.#settings = settings;
    this.#snapshot = new LinearStack(flat.core, layers, flat.dtype, 'snapshot');
    this.#full = Tensor.zeros(flat.core, [shards.length, flat.size], flat.dtype, 'full gradients');
  }

  prepare(step: number): { restarts: boolean } {
    if (step % this.#settings.snapshotInterval === 0) {
      this.#snapshot.flat.data.set(this.#settings.task.stack.flat.data);
      fullGradients(this.#settings, this.#snapshot, this.#full);
    }
    return { restarts: false };
  }

  messages(tape: Tape, drawn: Drawn): Messages {
    const { task, batch, decay } = this.#settings;
    const [now, then] = [task.factors(tape, drawn, 1 / batch), task.factors(tape, drawn, 1 / batch, this.#snapshot)];
    const rows = new FactoredMessages(tape, task.stack, differenceOf(tape, now, then, batch), 2 * batch, 0).rows();
    addScaled(rows, 1, this.#full);
    addDecay(rows, decay, task.stack.flat);
    return new WrittenMessages(rows);
  }

  state(): [string, Tensor][] {
    return [['snapshot', this.#snapshot.flat], ['full gradients', this.#full]];
  }

  counters(): number[] {
    return [];
  }

  restoreCounters(): void {}

  dispose(): void {
    this.#snapshot.dispose();
    this.#full.dispose();
  }
}

/**
 * SARAH (Nguyen, Liu, Scheinberg and Takac 2017): v_h = v_h + g_h(w) - g_h(previous w). At a restart v_h is the full gradient and
 * an update is made with it before the step; the next restart is R steps later, R uniform on 1 to snapshotInterval - 1.
 */
class Sarah implements Method {
  readonly #settings: MethodSettings;
  readonly #previous: LinearStack;
  readonly #estimate: Tensor;
  /** Steps until the next restart. */
  #left = 0;

  constructor(settings: MethodSettings) {
    const { task, shards } = settings;
    const { flat, layers } = task.stack;
    this.#settings = settings;
    this.#previous = new LinearStack(flat.core, layers, flat.dtype, 'previous parameters');
    this.#estimate = Tensor.zeros(flat.core, [shards.length, flat.size], flat.dtype, 'gradient estimates');
  }

  prepare(_step: number, sampling: Sampling): { restarts: boolean } {
    if (this.#left-- > 0) return { restarts: false };
    const { task, decay, snapshotInterval } = this.#settings;
    fullGradients(this.#settings, task.stack, this.#estimate);
    addDecay(this.#estimate, decay, task.stack.flat);
    this.#left = sampling.gap(snapshotInterval) - 1;
    return { restarts: true };
  }

  /** The estimates of a restart, before the step's own. */
  restartMessages(): Messages {
    this.#remember();
    return new WrittenMessages(this.#estimate);
  }

  #remember(): void {
    this.#previous.flat.data.set(this.#settings.task.stack.flat.data);
  }

  messages(tape: Tape, drawn: Drawn): Messages {
    const { task, batch, decay } = this.#settings;
    const [now, then] = [task.factors(tape, drawn, 1 / batch), task.factors(tape, drawn, 1 / batch, this.#previous)];
    addScaled(this.#estimate, 1, new FactoredMessages(tape, task.stack, differenceOf(tape, now, then, batch), 2 * batch, 0).rows());
    addDecay(this.#estimate, decay, task.stack.flat);
    addDecay(this.#estimate, -decay, this.#previous.flat);
    this.#remember();
    return new WrittenMessages(this.#estimate);
  }

  state(): [string, Tensor][] {
    return [['previous parameters', this.#previous.flat], ['gradient estimates', this.#estimate]];
  }

  counters(): number[] {
    return [this.#left];
  }

  restoreCounters([left]: readonly number[]): void {
    this.#left = left!;
  }

  dispose(): void {
    this.#previous.dispose();
    this.#estimate.dispose();
  }
}

export { Sarah, Sgd, Svrg, WithMomentum };
