// SAGA (Defazio, Bach and Lacoste-Julien 2014) whose table keeps every sample's gradient as factors: a delta and an input for each
// layer (the first layer's input is the sample itself), 110 numbers instead of 39,760 for the notebook's model.
import { gatherRows, rowRange, Tensor, type Stepper, type Tape } from '../../tensor/index.js';
import type { LayerFactors } from './linear-stack.js';
import { addScaled, FactoredMessages, WrittenMessages, type Messages } from './messages.js';
import { differenceOf, fullGradients, type Drawn, type Method, type MethodSettings } from './methods.js';

/** Samples whose factors are computed at once when the table is filled. */
const FILLED = 1000;

/**
 * m_h = (1/b) sum over the drawn samples i of (g_i(w) - table_i) + average_h; then average_h += (1/J) sum (g_i(w) - table_i), J the
 * worker's samples, and table_i = g_i(w). A sample drawn twice in one batch changes once. Weight decay is added outside the table,
 * where it has no variance.
 */
export class Saga implements Method {
  readonly #settings: MethodSettings;
  /** For each layer: deltas [samples, outputs], and from the second on inputs [samples, inputs]. */
  readonly #deltas: Tensor[];
  readonly #inputs: (Tensor | undefined)[];
  /** [workers, dimension] */
  readonly #averages: Tensor;
  #isFilled = false;

  constructor(settings: MethodSettings) {
    const { task, shards } = settings;
    const { flat, layers } = task.stack;
    const { core, dtype } = flat;
    const { count } = task.train;
    this.#settings = settings;
    this.#deltas = layers.map(({ outputs }) => Tensor.zeros(core, [count, outputs], dtype, 'SAGA deltas'));
    this.#inputs = layers.map(({ inputs }, index) => (index === 0 ? undefined : Tensor.zeros(core, [count, inputs], dtype, 'SAGA inputs')));
    this.#averages = Tensor.zeros(core, [shards.length, flat.size], dtype, 'SAGA averages');
  }

  /** Bytes of the table and the averages. */
  get bytes(): number {
    const size = this.#averages.dtype === 'float32' ? 4 : 8;
    return [...this.#deltas, ...this.#inputs, this.#averages].reduce((total, tensor) => total + size * (tensor?.size ?? 0), 0);
  }

  prepare(): { restarts: boolean } {
    if (!this.#isFilled && this.#settings.sagaInitial === 'gradient') this.#fill(this.#settings.stepper);
    this.#isFilled = true;
    return { restarts: false };
  }

  #fill(stepper: Stepper): void {
    const { task, shards } = this.#settings;
    for (const shard of shards) {
      for (let start = 0; start < shard.length; start += FILLED) {
        const indices = shard.subarray(start, start + FILLED);
        stepper.step((tape) => this.#store(indices, task.factors(tape, indices, 1)));
      }
    }
    fullGradients(this.#settings, task.stack, this.#averages);
  }

  #store(indices: Int32Array, factors: readonly LayerFactors[]): void {
    for (const [layer, { delta, input }] of factors.entries()) {
      scatterRows(this.#deltas[layer]!, indices, delta);
      if (layer > 0) scatterRows(this.#inputs[layer]!, indices, input);
    }
  }

  messages(tape: Tape, drawn: Drawn): Messages {
    const { task, shards, batch, decay } = this.#settings;
    const now = task.factors(tape, drawn, 1);
    const then = now.map(({ input, offset }, layer) => ({
      delta: gatherRows(tape, this.#deltas[layer]!, drawn), input: layer === 0 ? input : gatherRows(tape, this.#inputs[layer]!, drawn), offset,
    }));
    // `then` is a copy, and what follows blanks the deltas of a sample that was drawn before.
    this.#store(drawn, now);
    const isRepeated = drawn.map((sample, at) => Number(drawn.indexOf(sample, at - (at % batch)) !== at));
    const rows = new FactoredMessages(tape, task.stack, differenceOf(tape, withoutRows(now, isRepeated), withoutRows(then, isRepeated), batch), 2 * batch, 0).rows();
    const messages = tape.empty(rows.shape, rows.dtype, 'SAGA messages');
    messages.data.set(this.#averages.data);
    addScaled(messages, 1 / batch, rows);
    for (const [worker, shard] of shards.entries()) {
      const size = rows.shape[1]!;
      addScaled(rowRange(this.#averages, worker, worker + 1).view([size]), 1 / shard.length, rowRange(rows, worker, worker + 1).view([size]));
      if (decay !== 0) addScaled(rowRange(messages, worker, worker + 1).view([size]), decay, task.stack.flat);
    }
    return new WrittenMessages(messages);
  }

  state(): [string, Tensor][] {
    const named = (name: string, tensors: (Tensor | undefined)[]) => tensors.flatMap((tensor, layer) => (tensor === undefined ? [] : [[`${name} ${layer}`, tensor] as [string, Tensor]]));
    return [...named('deltas', this.#deltas), ...named('inputs', this.#inputs), ['averages', this.#averages]];
  }

  counters(): number[] {
    return [Number(this.#isFilled)];
  }

  restoreCounters([isFilled]: readonly number[]): void {
    this.#isFilled = isFilled === 1;
  }

  dispose(): void {
    for (const tensor of [...this.#deltas, ...this.#inputs, this.#averages]) tensor?.dispose();
  }
}

/** Row i of `rows` becomes row indices[i] of `matrix`, the later of two with one index. */
function scatterRows(matrix: Tensor, indices: Int32Array, rows: Tensor): void {
  const columns = matrix.shape[1]!;
  const [to, from] = [matrix.data, rows.data];
  indices.forEach((index, row) => to.set(from.subarray(row * columns, (row + 1) * columns), index * columns));
}

/** Sets the deltas of the marked samples to 0. */
function withoutRows<F extends Pick<LayerFactors, 'delta'>>(factors: readonly F[], marked: Int32Array): F[] {
  if (!marked.includes(1)) return [...factors];
  for (const { delta } of factors) {
    const columns = delta.shape[1]!;
    const values = delta.data;
    marked.forEach((mark, row) => {
      if (mark === 1) values.fill(0, row * columns, (row + 1) * columns);
    });
  }
  return [...factors];
}
