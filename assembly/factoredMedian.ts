// The clamped median (aggregationOrder.ts) of the messages of one linear layer from their factors: no message is written out.
// A block of lines is lanes<T>() columns of UNITS units. Where half the workers or more are flat, their values are sorted with a
// lane a unit, so for all columns at once, and only the others' with a lane a column; the ranks are then those of two sorted parts.
// The copies' message is added up from the lines on their way into a sort, in the workers' order there, which follows from the
// inputs alone.
//
// Measured (Ice Lake 2.8 GHz, Node 20, one thread): 50 workers of 5 MNIST images, 784 x 50, and 20 copies of their weighted sum in
// 2.8 ms, where writing the messages takes 1.0, adding them up 0.7 and sorting them 1.8; a step of the median is 1.25 times faster.
import { clampedLine, clampedMedian, wantClamped } from './aggregationOrder';
import { blockColumns, halfOf, LINE, padLines, planNetwork, sortBlock, sortScratchBytes, wantLines, wantNothing } from './aggregationSort';
import { factorsScratchBytes, flatCount, Layer, layerOf, listColumns, listedColumns, loadColumns, scaleSums, takeGroup, UNITS, workerAt, writeLines } from './factors';
import { lanes, multiplyAdd } from './profile';
import { storePart } from './vector';

/** Most workers that are sorted beside flat ones; their networks are STEP lines apart. */
const MOST_BESIDE: i32 = 32;
const STEP: i32 = 8;
/** The first networks: all lines in two halves, and all together; then those of STEP, 2 STEP, ... lines. */
const HALVES: i32 = 0;
const WHOLE: i32 = 1;
const BESIDE: i32 = 1;

/** The rule and its scratch; lies in scratch. */
@unmanaged
class Median {
  repeats: i32;
  /** The repeated message is the sum of weights[worker] times the workers' messages, plus `added` [outputs, inputs] unless that is 0. */
  weights: usize;
  added: usize;
  output: usize;
  even: i32;
  /** Lines on their way into a sort, a line of the repeated message, one of the result, three spare ones. */
  lines: usize;
  repeatedLine: usize;
  outputLine: usize;
  spare: usize;
  /** The flat workers' part of the repeated message, a lane a unit; and sorted values of theirs, a vector a unit. */
  flatLine: usize;
  spread: usize;
  /** The sorted values of all workers where all are flat, and their weighted sum: a block for each line of units. */
  allFlat: usize;
  /** Networks, `networkBytes` apart: a line that begins with where the list ends, then a sort's scratch. */
  networks: usize;
  networkBytes: usize;
}

// @ts-ignore: decorator
@inline
function mostLines(workers: i32): i32 {
  return max(workers, MOST_BESIDE) + STEP;
}

// @ts-ignore: decorator
@inline
function networkBytes(workers: i32): usize {
  return LINE + ((sortScratchBytes(mostLines(workers)) + (LINE - 1)) & ~(LINE - 1));
}

// @ts-ignore: decorator
@inline
function medianBytes(): usize {
  return (offsetof<Median>() + (LINE - 1)) & ~(LINE - 1);
}

// @ts-ignore: decorator
@inline
function flatBytes(workers: i32): usize {
  return <usize>(workers + 1) * LINE;
}

// @ts-ignore: decorator
@inline
function allFlatBytes<T>(workers: i32, outputs: i32): usize {
  return <usize>((outputs + blockColumns<T>() - 1) / blockColumns<T>()) * flatBytes(workers);
}

function scratchBytes<T>(workers: i32, batch: i32, outputs: i32): usize {
  return factorsScratchBytes<T>(workers, batch, outputs) + medianBytes() + <usize>(mostLines(workers) + 6 + workers) * LINE
    + <usize>(BESIDE + 1 + MOST_BESIDE / STEP) * networkBytes(workers) + allFlatBytes<T>(workers, outputs);
}

/** The scratch of a network's sort: its block of lines is at the start. */
// @ts-ignore: decorator
@inline
function networkAt(median: Median, network: i32): usize {
  return median.networks + <usize>network * median.networkBytes + LINE;
}

/** Makes a network of `count` lines; `half`: as for planNetwork. */
function plan(median: Median, network: i32, half: i32, count: i32): void {
  const scratch = networkAt(median, network);
  if (network == HALVES) {
    wantClamped(half, count, median.repeats, median.even, scratch);
  } else {
    wantNothing(count, scratch);
    wantLines(0, count, count, scratch);
  }
  store<usize>(scratch - LINE, planNetwork(half, count, scratch));
}

/** Sorts the median's lines, of which there are `count`. */
// @ts-ignore: decorator
@inline
function sortLines<T>(median: Median, network: i32, count: i32): void {
  const scratch = networkAt(median, network);
  sortBlock<T>(median.lines, count, LINE, LINE, scratch, load<usize>(scratch - LINE));
}

function planAll(median: Median, workers: i32): void {
  plan(median, HALVES, halfOf(workers), workers);
  plan(median, WHOLE, workers, workers);
  for (let count = STEP; count <= MOST_BESIDE; count += STEP) plan(median, BESIDE + count / STEP, count, count);
}

/** line (resume: +)= the sum of weights[i] times row i of `count` rows of a line, `apart` bytes apart; order: whose weight each row has, or 0. */
function sumLines<T>(rows: usize, count: i32, apart: usize, weights: usize, order: usize, line: usize): void {
  const none = v128.splat<T>(<T>0);
  let s0 = none, s1 = none, s2 = none, s3 = none, s4 = none, s5 = none, s6 = none, s7 = none;
  for (let row = 0; row < count; row++) {
    const worker = order == 0 ? <usize>row : <usize>load<u32>(order + <usize>row * 4), weight = v128.load_splat<T>(weights + worker * sizeof<T>());
    s0 = multiplyAdd<T>(weight, v128.load(rows), s0);
    s1 = multiplyAdd<T>(weight, v128.load(rows, 16), s1);
    s2 = multiplyAdd<T>(weight, v128.load(rows, 32), s2);
    s3 = multiplyAdd<T>(weight, v128.load(rows, 48), s3);
    s4 = multiplyAdd<T>(weight, v128.load(rows, 64), s4);
    s5 = multiplyAdd<T>(weight, v128.load(rows, 80), s5);
    s6 = multiplyAdd<T>(weight, v128.load(rows, 96), s6);
    s7 = multiplyAdd<T>(weight, v128.load(rows, 112), s7);
    rows += apart;
  }
  v128.store(line, s0); v128.store(line, s1, 16); v128.store(line, s2, 32); v128.store(line, s3, 48);
  v128.store(line, s4, 64); v128.store(line, s5, 80); v128.store(line, s6, 96); v128.store(line, s7, 112);
}

/** Adds to the repeated message's line, which has the others' part, a lane of the flat workers' part (unless that is 0) and what is added. */
function completeRepeated<T>(median: Median, layer: Layer, column: i32, unit: i32, flatLane: usize): void {
  const row = <usize>layer.inputs * sizeof<T>();
  let added = median.added + (<usize>(unit * layer.inputs) + <usize>column) * sizeof<T>();
  for (let at: usize = 0; at < <usize>min(UNITS, layer.outputs - unit) * 16; at += 16) {
    let value = v128.load(median.repeatedLine + at);
    if (flatLane != 0) {
      value = v128.add<T>(value, v128.load_splat<T>(flatLane));
      flatLane += sizeof<T>();
    }
    if (median.added != 0) value = v128.add<T>(value, loadColumns<T>(added, layer.inputs - column));
    v128.store(median.repeatedLine + at, value);
    added += row;
  }
}

/** Writes the result's line to where its UNITS units lie. */
function giveOutput<T>(median: Median, layer: Layer, column: i32, unit: i32): void {
  const row = <usize>layer.inputs * sizeof<T>(), available = layer.inputs - column;
  let to = median.output + (<usize>(unit * layer.inputs) + <usize>column) * sizeof<T>();
  for (let at: usize = 0; at < <usize>min(UNITS, layer.outputs - unit) * 16; at += 16) {
    const values = v128.load(median.outputLine + at);
    if (available >= lanes<T>()) v128.store(to, values);
    else storePart<T>(to, values, available);
    to += row;
  }
}

/** One block's median, from two sorted parts; its lines are those of the workers from place `flat` of the order on. */
function finish<T>(median: Median, layer: Layer, column: i32, unit: i32, flat: i32, first: usize, count: i32, second: usize, flatLane: usize): void {
  const total = layer.workers + median.repeats;
  if (median.repeats > 0) {
    sumLines<T>(median.lines, layer.workers - flat, LINE, median.weights, layer.order + <usize>flat * 4, median.repeatedLine);
    completeRepeated<T>(median, layer, column, unit, flatLane);
  }
  clampedLine<T>(first, count, second, layer.workers - count, (total - 1) >> 1, total >> 1, median.repeats, median.repeatedLine, median.even,
    median.spare, median.outputLine);
  giveOutput<T>(median, layer, column, unit);
}

/** Spreads the keys of flat workers at `sorted`, a lane a unit, to a vector a unit, as far as ranks beside `active` others read them; returns where. */
function spreadFlat<T>(median: Median, layer: Layer, active: i32, sorted: usize): usize {
  const total = layer.workers + median.repeats;
  const least = max(0, ((total - 1) >> 1) - median.repeats - active), most = min(layer.workers - active - 1, total >> 1);
  for (let rank = <usize>least; rank <= <usize>most; rank++) {
    const from = sorted + rank * LINE, to = median.spread + rank * LINE;
    for (let unit: usize = 0; unit < <usize>UNITS; unit++) v128.store(to + unit * 16, v128.load_splat<T>(from + unit * sizeof<T>()));
  }
  return median.spread;
}

/** All workers' lines are sorted, in two halves. */
function mixedColumns<T>(median: Median, layer: Layer, column: i32): void {
  const half = halfOf(layer.workers), block = networkAt(median, HALVES);
  for (let unit = 0; unit < layer.outputs; unit += UNITS) {
    writeLines<T>(layer, 0, layer.workers, unit, layer.sums + <usize>unit * sizeof<T>(), layer.rowBytes, median.lines, LINE);
    sortLines<T>(median, HALVES, layer.workers);
    finish<T>(median, layer, column, unit, 0, block, half, block + <usize>half * LINE, 0);
  }
}

/** Sorts the flat workers' values of the units from `unit` on, one a lane. */
function sortFlat<T>(median: Median, layer: Layer, flat: i32, unit: i32): void {
  let to = median.lines;
  for (let place = 0; place < flat; place++) {
    memory.copy(to, layer.sums + workerAt(layer, place) * layer.rowBytes + <usize>unit * sizeof<T>(), LINE);
    to += LINE;
  }
  if (median.repeats > 0) sumLines<T>(median.lines, flat, LINE, median.weights, layer.order, median.flatLine);
  padLines<T>(to, median.lines + <usize>layer.workers * LINE);
  sortLines<T>(median, WHOLE, layer.workers);
}

/** The flat workers' values are sorted for a line of units, the others' for UNITS at a time. */
function flatColumns<T>(median: Median, layer: Layer, column: i32, flat: i32): void {
  const active = layer.workers - flat, steps = (active + STEP - 1) / STEP;
  const block = networkAt(median, BESIDE + steps), sorted = networkAt(median, WHOLE);
  for (let first = 0; first < layer.outputs; first += blockColumns<T>()) {
    sortFlat<T>(median, layer, flat, first);
    for (let unit = first; unit < min(first + blockColumns<T>(), layer.outputs); unit += UNITS) {
      const lane = <usize>(unit - first) * sizeof<T>();
      writeLines<T>(layer, flat, layer.workers, unit, layer.sums + <usize>unit * sizeof<T>(), layer.rowBytes, median.lines, LINE);
      padLines<T>(median.lines + <usize>active * LINE, median.lines + <usize>(steps * STEP) * LINE);
      sortLines<T>(median, BESIDE + steps, steps * STEP);
      finish<T>(median, layer, column, unit, flat, block, active, spreadFlat<T>(median, layer, active, sorted + lane), median.flatLine + lane);
    }
  }
}

/** Sorts what is left where all workers are flat: the same at all such columns. */
function sortAllFlat<T>(median: Median, layer: Layer): void {
  const block = networkAt(median, WHOLE);
  let to = median.allFlat;
  for (let unit = 0; unit < layer.outputs; unit += blockColumns<T>()) {
    const rows = layer.sums + <usize>unit * sizeof<T>();
    for (let worker = 0; worker < layer.workers; worker++) memory.copy(median.lines + <usize>worker * LINE, rows + <usize>worker * layer.rowBytes, LINE);
    sortLines<T>(median, WHOLE, layer.workers);
    memory.copy(to, block, <usize>layer.workers * LINE);
    to += flatBytes(layer.workers);
    if (median.repeats > 0) sumLines<T>(rows, layer.workers, layer.rowBytes, median.weights, 0, to - LINE);
  }
}

function allFlatColumns<T>(median: Median, layer: Layer, column: i32): void {
  const bytes = flatBytes(layer.workers);
  for (let unit = 0; unit < layer.outputs; unit += UNITS) {
    const lane = unit % blockColumns<T>(), block = median.allFlat + <usize>((unit - lane) / blockColumns<T>()) * bytes + <usize>lane * sizeof<T>();
    finish<T>(median, layer, column, unit, layer.workers, 0, 0, spreadFlat<T>(median, layer, 0, block), block + bytes - LINE);
  }
}

/** The bias [outputs], whose messages are the sums of deltas. */
function biasMedian<T>(median: Median, layer: Layer): void {
  const size = sizeof<T>(), weights = <usize>(layer.outputs * layer.inputs) * size, repeated = median.allFlat;
  for (let unit = 0; median.repeats > 0 && unit < layer.outputs; unit += blockColumns<T>()) {
    const line = repeated + <usize>unit * size;
    sumLines<T>(layer.sums + <usize>unit * size, layer.workers, layer.rowBytes, median.weights, 0, line);
    if (median.added == 0) continue;
    for (let i = 0; i < min(blockColumns<T>(), layer.outputs - unit); i++) {
      const at = line + <usize>i * size;
      store<T>(at, load<T>(at) + load<T>(median.added + weights + <usize>(unit + i) * size));
    }
  }
  clampedMedian<T>(layer.sums, layer.workers, layer.outputs, <i32>(layer.rowBytes / size), median.repeats, repeated, median.even, median.output + weights, median.networks);
}

function factoredMedian<T>(
  delta: usize, input: usize, workers: i32, batch: i32, outputs: i32, inputs: i32, offset: T, repeats: i32, weights: usize, added: usize, even: i32,
  first: i32, end: i32, output: usize, scratch: usize,
): void {
  const layer = layerOf<T>(delta, input, workers, batch, outputs, inputs, scratch);
  const median = changetype<Median>(scratch + factorsScratchBytes<T>(workers, batch, outputs));
  median.repeats = repeats; median.weights = weights; median.added = added; median.output = output; median.even = even;
  median.lines = changetype<usize>(median) + medianBytes();
  median.repeatedLine = median.lines + <usize>mostLines(workers) * LINE;
  median.outputLine = median.repeatedLine + LINE;
  median.spare = median.outputLine + LINE;
  median.flatLine = median.spare + 3 * LINE;
  median.spread = median.flatLine + LINE;
  median.networks = median.spread + <usize>workers * LINE;
  median.networkBytes = networkBytes(workers);
  median.allFlat = networkAt(median, BESIDE + MOST_BESIDE / STEP) - LINE + median.networkBytes;
  if (first == 0) biasMedian<T>(median, layer);
  scaleSums<T>(layer, offset);
  planAll(median, workers);
  sortAllFlat<T>(median, layer);
  for (let column = first; column < end; column += lanes<T>()) {
    const group = (column - first) % listedColumns<T>() / lanes<T>();
    if (group == 0) listColumns<T>(layer, column);
    takeGroup(layer, group);
    const flat = flatCount(layer);
    if (flat == workers) allFlatColumns<T>(median, layer, column);
    else if (2 * flat >= workers && workers - flat <= MOST_BESIDE) flatColumns<T>(median, layer, column, flat);
    else mixedColumns<T>(median, layer, column);
  }
}

/** Bytes of scratch, 64-byte aligned, of `factored_median`. */
export function factored_median_scratch_f32(workers: i32, batch: i32, outputs: i32): usize {
  return scratchBytes<f32>(workers, batch, outputs);
}

/**
 * The median of each value of the messages that `outer_rows` writes of a layer and `repeats` copies of one more, which is the sum of weights[h]
 * times message h, plus `added` unless that is 0; even: as for aggregation_median. delta [workers * batch, outputs], input [workers * batch,
 * inputs] less `offset`, weights [workers]; added, output: weight [outputs, inputs], then bias [outputs]. Columns [first, end) of the inputs
 * are done, `first` a multiple of a vector's lanes, and with column 0 the bias. 1 to 1024 workers.
 */
export function factored_median_f32(
  delta: usize, input: usize, workers: i32, batch: i32, outputs: i32, inputs: i32, offset: f64, repeats: i32, weights: usize, added: usize, even: i32,
  first: i32, end: i32, output: usize, scratch: usize,
): void {
  factoredMedian<f32>(delta, input, workers, batch, outputs, inputs, <f32>offset, repeats, weights, added, even, first, end, output, scratch);
}
