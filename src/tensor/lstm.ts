import type { Pointer } from '../core/index.js';
import { packFactor, product, operand } from './product.js';
import type { Tape } from './tape.js';
import { bytesOf, formatShape, kernelOf, requireSameDType, type Shape, type Tensor } from './tensor.js';

/** As torch.nn.LSTM's, gates in the order input, forget, cell, output. */
export interface LstmWeights {
  /** [4 hidden, inputs] */
  weightIh: Tensor;
  /** [4 hidden, hidden] */
  weightHh: Tensor;
  /** [4 hidden] */
  biasIh: Tensor;
  /** [4 hidden] */
  biasHh: Tensor;
}

/** A layer's state between steps, [batch, hidden] each. */
export interface LstmState {
  h: Tensor;
  c: Tensor;
}

/** What the rows of an input are, and where its sequences begin. */
export type LstmSequence = { /** Default zeros. */ initial?: LstmState } & (
  | { /** Of every sequence: row t * batch + b is step t of sequence b. */ steps: number; batch: number; batchSizes?: undefined }
  | {
    /**
     * Sequences of several lengths, the longest first: how many reach each step, never more than the step before, as `batch_sizes`
     * of PyTorch's PackedSequence. Step t's rows follow step t - 1's.
     */
    batchSizes: Int32Array;
  }
);

/** Where the rows of each step lie. */
interface Steps {
  /** Rows at a step. */
  counts: readonly number[];
  /** First row of a step; one more at the end, the number of all rows. */
  starts: readonly number[];
  hidden: number;
}

/** What the backward pass needs of the forward one. */
interface Trace {
  /** [rows, 4 hidden]: activated gates, and after the backward pass their gradients. */
  gates: Tensor;
  /** [rows, hidden] */
  cells: Tensor;
  /** [rows, hidden] */
  output: Tensor;
}

const OP = 'lstm';

function requireShape(what: string, tensor: Tensor, shape: Shape): void {
  if (tensor.shape.length !== shape.length || shape.some((extent, axis) => extent !== tensor.shape[axis])) {
    throw new RangeError(`${OP}: expected ${what} ${formatShape(shape)}, got ${formatShape(tensor.shape)}`);
  }
}

function requireCounts(sequence: LstmSequence): readonly number[] {
  if (sequence.batchSizes === undefined) {
    const { steps, batch } = sequence;
    if (!(Number.isSafeInteger(steps) && Number.isSafeInteger(batch) && steps >= 1 && batch >= 1)) {
      throw new RangeError(`${OP}: expected at least one step and one sequence, got ${steps} and ${batch}`);
    }
    return new Array<number>(steps).fill(batch);
  }
  const counts = Array.from(sequence.batchSizes);
  if (counts.length === 0 || counts.some((count, t) => count < 1 || count > (counts[t - 1] ?? count))) {
    throw new RangeError(`${OP}: expected batchSizes of at least 1 that never grow, got ${counts.length === 0 ? 'none' : counts.join(', ')}`);
  }
  return counts;
}

function requireSteps(input: Tensor, { weightIh, weightHh, biasIh, biasHh }: LstmWeights, sequence: LstmSequence): Steps {
  requireSameDType(OP, input, weightIh, weightHh, biasIh, biasHh, sequence.initial?.h, sequence.initial?.c);
  const counts = requireCounts(sequence);
  const starts = [0];
  for (const count of counts) starts.push(starts.at(-1)! + count);
  const hidden = weightHh.shape[1] ?? 0;
  if (input.shape.length !== 2 || hidden === 0) {
    throw new RangeError(`${OP}: expected input [rows, in] and weightHh [4 hidden, hidden], got ${formatShape(input.shape)} and ${formatShape(weightHh.shape)}`);
  }
  requireShape('weightHh', weightHh, [4 * hidden, hidden]);
  requireShape('weightIh', weightIh, [4 * hidden, input.shape[1]!]);
  requireShape('biasIh', biasIh, [4 * hidden]);
  requireShape('biasHh', biasHh, [4 * hidden]);
  requireShape('input', input, [starts.at(-1)!, input.shape[1]!]);
  if (sequence.initial !== undefined) {
    requireShape('initial h', sequence.initial.h, [counts[0]!, hidden]);
    requireShape('initial c', sequence.initial.c, [counts[0]!, hidden]);
  }
  return { counts, starts, hidden };
}

/** Address of a row of a matrix [rows, columns]. */
function rowAt(matrix: Tensor, row: number): Pointer {
  return matrix.source + bytesOf([row, matrix.shape[1]!], matrix.dtype);
}

function copyRows(from: Tensor, start: number, count: number, to: Pointer): void {
  const bytes = bytesOf([count, from.shape[1]!], from.dtype);
  const { memory } = from.core;
  memory.u8(to, bytes).set(memory.u8(rowAt(from, start), bytes));
}

/** The products of the input, of all steps at once; then step by step those of the state before it, and the cells. */
function forward(tape: Tape, input: Tensor, { weightIh, weightHh, biasIh, biasHh }: LstmWeights, { counts, starts, hidden }: Steps, initial?: LstmState): Trace {
  const rows = starts.at(-1)!;
  const gates = tape.empty([rows, 4 * hidden], input.dtype, `${OP} gates`);
  const cells = tape.empty([rows, hidden], input.dtype, `${OP} cells`);
  const output = tape.empty([rows, hidden], input.dtype, OP);
  const bias = tape.empty([4 * hidden], input.dtype, `${OP} bias`);
  product(input, rows, 4 * hidden, input.shape[1]!, operand(input, false), operand(weightIh, true), gates.pointer);
  kernelOf(bias, 'arithmetic_add')(biasIh.source, biasHh.source, bias.pointer, 4 * hidden);
  const multiply = packFactor(tape, weightHh, 4 * hidden, hidden, operand(weightHh, true));
  const cell = kernelOf(input, 'recurrent_lstm_cell');
  counts.forEach((count, t) => {
    const at = rowAt(gates, starts[t]!);
    const h = t > 0 ? rowAt(output, starts[t - 1]!) : initial?.h.source;
    const c = t > 0 ? rowAt(cells, starts[t - 1]!) : initial?.c.source;
    if (h !== undefined) multiply(count, h, at, true);
    cell(at, bias.source, c ?? 0, count, hidden, rowAt(cells, starts[t]!), rowAt(output, starts[t]!));
  });
  return { gates, cells, output };
}

/** Rows of each sequence's last step, [batch, hidden]. */
function lastRows(tape: Tape, all: Tensor, { counts, starts, hidden }: Steps, what: string): Tensor {
  const last = tape.empty([counts[0]!, hidden], all.dtype, what);
  counts.forEach((count, t) => {
    const going = counts[t + 1] ?? 0;
    if (count > going) copyRows(all, starts[t]! + going, count - going, rowAt(last, going));
  });
  return last;
}

/** A tensor that the backward pass may overwrite: a copy of the gradient, or zeros. */
function carried(tape: Tape, gradient: Tensor | undefined, shape: Shape, like: Tensor): Tensor {
  const copy = tape.empty(shape, like.dtype, `${OP} gradient`);
  if (gradient === undefined) kernelOf(like, 'arithmetic_fill')(copy.pointer, 0, copy.size);
  else copyRows(gradient, 0, shape[0]!, copy.pointer);
  return copy;
}

/** Each step's h before it, [rows, hidden]: the right factor of weightHh's gradient. */
function statesBefore(tape: Tape, { output }: Trace, { counts, starts, hidden }: Steps, initial?: LstmState): Tensor {
  const before = tape.empty([starts.at(-1)!, hidden], output.dtype, `${OP} states`);
  counts.forEach((count, t) => {
    if (t > 0) copyRows(output, starts[t - 1]!, count, rowAt(before, starts[t]!));
    else if (initial !== undefined) copyRows(initial.h, 0, count, before.pointer);
    else kernelOf(before, 'arithmetic_fill')(before.pointer, 0, count * hidden);
  });
  return before;
}

/**
 * Backpropagation through time: from the last step to the first, the gates' gradients (which take the gates' place) and through
 * them the state's.
 * @returns the initial state's gradient
 */
function backThroughTime(
  tape: Tape, { gates, cells }: Trace, weightHh: Tensor, { counts, starts, hidden }: Steps, [output, h, c]: readonly (Tensor | undefined)[], initial?: LstmState,
): LstmState {
  const shape = [counts[0]!, hidden];
  const carriedH = carried(tape, h, shape, gates), carriedC = carried(tape, c, shape, gates);
  const multiply = packFactor(tape, weightHh, hidden, 4 * hidden, operand(weightHh, false));
  const cellGradient = kernelOf(gates, 'recurrent_lstm_cell_gradient');
  for (let t = counts.length - 1; t >= 0; t--) {
    const at = rowAt(gates, starts[t]!), count = counts[t]!;
    const before = t > 0 ? rowAt(cells, starts[t - 1]!) : (initial?.c.source ?? 0);
    const upstream = output === undefined ? 0 : rowAt(output, starts[t]!);
    cellGradient(at, before, rowAt(cells, starts[t]!), count, hidden, upstream, carriedH.pointer, carriedC.pointer);
    if (t > 0 || initial?.h.requiresGrad === true) multiply(count, at, carriedH.pointer, false);
  }
  return { h: carriedH, c: carriedC };
}

/** The parameters' and the input's gradients from the gates' of all steps, a product each. */
function giveGradients(tape: Tape, input: Tensor, weights: LstmWeights, trace: Trace, steps: Steps, initial?: LstmState): void {
  const { weightIh, weightHh, biasIh, biasHh } = weights;
  const { gates } = trace;
  const [rows, channels] = gates.shape as [number, number];
  const inputs = input.shape[1]!;
  tape.accumulate(weightIh, (pointer) => product(gates, channels, inputs, rows, operand(gates, true), operand(input, false), pointer));
  tape.accumulate(weightHh, (pointer) => {
    const before = statesBefore(tape, trace, steps, initial);
    product(gates, channels, steps.hidden, rows, operand(gates, true), operand(before, false), pointer);
  });
  if (biasIh.requiresGrad || biasHh.requiresGrad) {
    const bias = tape.empty([channels], gates.dtype, `${OP} bias gradient`);
    kernelOf(gates, 'bias_gradient')(gates.source, rows, channels, 1, bias.pointer);
    for (const each of [biasIh, biasHh]) tape.pass(each, bias);
  }
  tape.accumulate(input, (pointer) => product(gates, rows, inputs, channels, operand(gates, false), operand(weightIh, false), pointer));
}

/**
 * One layer of long short-term memory over sequences (Hochreiter & Schmidhuber 1997): input [rows, in], step after step, in each
 * step a row for every sequence. PyTorch's `nn.LSTM` of one layer and direction.
 *
 * @returns output [rows, hidden]: h at every step; h and c [batch, hidden]: the state after each sequence's last step
 * @throws RangeError for shapes that do not fit; TypeError for mixed dtypes, or a core without these kernels
 */
export function lstm(tape: Tape, input: Tensor, weights: LstmWeights, sequence: LstmSequence): { output: Tensor } & LstmState {
  const steps = requireSteps(input, weights, sequence);
  const { initial } = sequence;
  const trace = forward(tape, input, weights, steps, initial);
  const { output } = trace;
  const h = lastRows(tape, output, steps, `${OP} h`), c = lastRows(tape, trace.cells, steps, `${OP} c`);
  const { weightIh, weightHh, biasIh, biasHh } = weights;
  const inputs = [input, weightIh, weightHh, biasIh, biasHh, initial?.h, initial?.c];
  tape.recordSeveral(inputs, [output, h, c], (gradients) => {
    const state = backThroughTime(tape, trace, weightHh, steps, gradients, initial);
    giveGradients(tape, input, weights, trace, steps, initial);
    if (initial !== undefined) {
      tape.give(initial.h, state.h);
      tape.give(initial.c, state.c);
    }
  });
  return { output, h, c };
}
