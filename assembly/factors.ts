// The messages of one linear layer from their factors, a vector of columns at a time: worker h's weight gradient is
// offset * s[h] + the sum over its batch of delta x input, s[h] being the sum of its deltas. Where a worker's inputs at these
// columns are all zero (images less their background) its message is offset * s[h] in all of them: it is flat there, and costs
// nothing beyond that. Of MNIST's groups of four pixels, batches of five samples, half are flat, and seven in ten of the samples'
// vectors are zero.
//
// A term that is left out is delta * 0, which changes no sum of finite deltas but the sign of a zero. Workers with another
// sum than a finite one are never flat, so NaN and infinities come out as they do of the written rows.
import { lanes, multiplyAdd } from './profile';
import { loadPart } from './vector';

/** Units whose values at a group of columns, a vector each, are a line. */
export const UNITS: i32 = 8;
/** Groups of columns that are listed at once: a cache line of inputs. */
export const GROUPS: i32 = 4;

/** Columns that are listed at once. */
// @ts-ignore: decorator
@inline
export function listedColumns<T>(): i32 {
  return GROUPS * lanes<T>();
}

// @ts-ignore: decorator
@inline
function roundedUp(bytes: usize): usize {
  return (bytes + 127) & ~127;
}

/** A layer's factors, and of the group of columns under way what is not zero; lies in scratch. */
@unmanaged
export class Layer {
  /** [workers * batch, inputs] */
  input: usize;
  workers: i32;
  batch: i32;
  outputs: i32;
  inputs: i32;
  /** Bytes of a row of `deltas` and of `sums`: whole lines of a sort. */
  rowBytes: usize;
  /** [workers * batch, outputs], zeros up to the end of each row. */
  deltas: usize;
  /** A worker's deltas' sum [workers, outputs], zeros up to the end of each row. */
  sums: usize;
  /** A word for each worker: 1 where it is never flat. */
  special: usize;
  /** What was listed of each group, `listBytes` apart. */
  lists: usize;
  listBytes: usize;
  // Of the group under way:
  /** The vectors of inputs that are listed, a worker's next to each other, and the address of each one's row of deltas. */
  vectors: usize;
  addresses: usize;
  /** A Note for each worker. */
  notes: usize;
  /** The workers by their number of entries, and where in that order those of each number end. */
  order: usize;
  ends: usize;
}

@unmanaged
class Note {
  first: u32;
  entries: u32;
}

// @ts-ignore: decorator
@inline
function noteOf(layer: Layer, worker: usize): Note {
  return changetype<Note>(layer.notes + worker * offsetof<Note>());
}

/** Bytes of a group's list: one entry more than there can be is written. */
// @ts-ignore: decorator
@inline
function listBytes(workers: i32, batch: i32): usize {
  return roundedUp(<usize>(workers * batch + 1) * 20 + <usize>workers * (offsetof<Note>() + 4) + <usize>(batch + 2) * 4);
}

/** Bytes of the scratch, 64-byte aligned. */
export function factorsScratchBytes<T>(workers: i32, batch: i32, outputs: i32): usize {
  const rows = <usize>(workers * batch + workers), row = roundedUp(<usize>outputs * sizeof<T>());
  return roundedUp(offsetof<Layer>()) + rows * row + roundedUp(<usize>workers * 4) + GROUPS * listBytes(workers, batch);
}

/** Writes the padded deltas and their sums, samples ascending, and says who is never flat. */
export function layerOf<T>(delta: usize, input: usize, workers: i32, batch: i32, outputs: i32, inputs: i32, scratch: usize): Layer {
  const layer = changetype<Layer>(scratch);
  layer.input = input; layer.workers = workers; layer.batch = batch; layer.outputs = outputs; layer.inputs = inputs;
  layer.rowBytes = roundedUp(<usize>outputs * sizeof<T>());
  layer.deltas = scratch + roundedUp(offsetof<Layer>());
  layer.sums = layer.deltas + <usize>(workers * batch) * layer.rowBytes;
  layer.special = layer.sums + <usize>workers * layer.rowBytes;
  layer.lists = layer.special + roundedUp(<usize>workers * 4);
  layer.listBytes = listBytes(workers, batch);
  padDeltas<T>(layer, delta);
  return layer;
}

/** Makes a listed group the one under way. */
export function takeGroup(layer: Layer, group: i32): void {
  const entries = <usize>(layer.workers * layer.batch) + 1;
  layer.vectors = layer.lists + <usize>group * layer.listBytes;
  layer.addresses = layer.vectors + entries * 16;
  layer.notes = layer.addresses + entries * 4;
  layer.order = layer.notes + <usize>layer.workers * offsetof<Note>();
  layer.ends = layer.order + <usize>layer.workers * 4;
}

function padDeltas<T>(layer: Layer, delta: usize): void {
  const bytes = <usize>layer.outputs * sizeof<T>();
  let row = layer.deltas, sum = layer.sums;
  memory.fill(row, 0, layer.special - row);
  for (let worker = 0; worker < layer.workers; worker++) {
    for (let sample = 0; sample < layer.batch; sample++) {
      memory.copy(row, delta, bytes);
      for (let at: usize = 0; at < layer.rowBytes; at += 16) v128.store(sum + at, v128.add<T>(v128.load(sum + at), v128.load(row + at)));
      delta += bytes;
      row += layer.rowBytes;
    }
    store<u32>(layer.special + <usize>worker * 4, isSpecial<T>(sum, layer.rowBytes));
    sum += layer.rowBytes;
  }
}

/** 1 where a row has a value that is not finite, else 0. */
function isSpecial<T>(row: usize, bytes: usize): u32 {
  let total = v128.splat<T>(<T>0);
  for (let at: usize = 0; at < bytes; at += 16) {
    const x = v128.load(row + at);
    total = v128.add<T>(total, v128.sub<T>(x, x));
  }
  return u32(v128.any_true(v128.ne<T>(total, total)));
}

/** sums *= offset: what flat columns hold. */
export function scaleSums<T>(layer: Layer, offset: T): void {
  for (let at = layer.sums; at < layer.special; at += 16) v128.store(at, v128.mul<T>(v128.splat<T>(offset), v128.load(at)));
}

/** The vector of the first `available` columns (or none), zeros after them. */
// @ts-ignore: decorator
@inline
export function loadColumns<T>(from: usize, available: i32): v128 {
  return available >= lanes<T>() ? v128.load(from) : loadEdge<T>(from, available);
}

function loadEdge<T>(from: usize, available: i32): v128 {
  return available > 0 ? loadPart<T>(from, available, <T>0) : v128.splat<T>(<T>0);
}

/** A group's entries so far, and one more if x is not zero or the worker special: their new number. */
// @ts-ignore: decorator
@inline
function append<T>(vectors: usize, addresses: usize, entries: usize, x: v128, deltas: usize, special: u32): usize {
  v128.store(vectors + entries * 16, x);
  store<u32>(addresses + entries * 4, <u32>deltas);
  return entries + <usize>(special | u32(v128.any_true(sizeof<T>() == 4 ? i32x4.shl(x, 1) : i64x2.shl(x, 1))));
}

/** Notes what a worker added to a group's entries; `ends` counts the workers of each number, a place further on. */
// @ts-ignore: decorator
@inline
function noteEntries(layer: Layer, group: i32, worker: usize, first: usize, entries: usize): void {
  takeGroup(layer, group);
  const note = noteOf(layer, worker), next = layer.ends + (entries - first + 1) * 4;
  note.first = <u32>first;
  note.entries = <u32>(entries - first);
  store<u32>(next, load<u32>(next) + 1);
}

/**
 * Lists what is not zero of the inputs' columns [column, column + listedColumns<T>()) in groups of lanes<T>(), and orders each
 * group's workers by their number of entries. Groups go side by side because a column of the inputs is pages wide.
 */
export function listColumns<T>(layer: Layer, column: i32): void {
  const available = layer.inputs - column, apart = <usize>layer.inputs * sizeof<T>();
  const v0 = layer.lists, v1 = v0 + layer.listBytes, v2 = v1 + layer.listBytes, v3 = v2 + layer.listBytes;
  const toAddresses = <usize>(layer.workers * layer.batch + 1) * 16;
  for (let group = 0; group < GROUPS; group++) {
    takeGroup(layer, group);
    memory.fill(layer.ends, 0, <usize>(layer.batch + 2) * 4);
  }
  let e0: usize = 0, e1: usize = 0, e2: usize = 0, e3: usize = 0;
  let deltas = layer.deltas, from = layer.input + <usize>column * sizeof<T>();
  for (let worker = 0; worker < layer.workers; worker++) {
    const f0 = e0, f1 = e1, f2 = e2, f3 = e3, special = load<u32>(layer.special + <usize>worker * 4);
    for (let sample = 0; sample < layer.batch; sample++) {
      e0 = append<T>(v0, v0 + toAddresses, e0, loadColumns<T>(from, available), deltas, special);
      e1 = append<T>(v1, v1 + toAddresses, e1, loadColumns<T>(from + 16, available - lanes<T>()), deltas, special);
      e2 = append<T>(v2, v2 + toAddresses, e2, loadColumns<T>(from + 32, available - 2 * lanes<T>()), deltas, special);
      e3 = append<T>(v3, v3 + toAddresses, e3, loadColumns<T>(from + 48, available - 3 * lanes<T>()), deltas, special);
      from += apart;
      deltas += layer.rowBytes;
    }
    noteEntries(layer, 0, worker, f0, e0);
    noteEntries(layer, 1, worker, f1, e1);
    noteEntries(layer, 2, worker, f2, e2);
    noteEntries(layer, 3, worker, f3, e3);
  }
  for (let group = 0; group < GROUPS; group++) {
    takeGroup(layer, group);
    orderWorkers(layer);
  }
}

/** A counting sort: from numbers of workers to where each number's begin and, once all are placed, where they end. */
function orderWorkers(layer: Layer): void {
  const ends = layer.ends;
  for (let at = ends + 4; at <= ends + <usize>layer.batch * 4; at += 4) store<u32>(at, load<u32>(at) + load<u32>(at - 4));
  for (let worker = 0; worker < layer.workers; worker++) {
    const end = ends + <usize>noteOf(layer, worker).entries * 4, place = load<u32>(end);
    store<u32>(layer.order + <usize>place * 4, worker);
    store<u32>(end, place + 1);
  }
}

/** How many workers are flat at the listed columns: the first in their order. */
// @ts-ignore: decorator
@inline
export function flatCount(layer: Layer): i32 {
  return load<i32>(layer.ends);
}

/** The worker at a place of the order. */
// @ts-ignore: decorator
@inline
export function workerAt(layer: Layer, place: i32): usize {
  return <usize>load<u32>(layer.order + <usize>place * 4);
}

/**
 * Writes the values of UNITS units, from `unit` on, of the workers at places [first, end) of the order: a vector of the listed columns
 * for each unit, `apart` bytes from one worker to the next. base: what sums begin with, workers' rows of values `baseApart` bytes apart.
 */
export function writeLines<T>(layer: Layer, first: i32, end: i32, unit: i32, base: usize, baseApart: usize, to: usize, apart: usize): void {
  const size = sizeof<T>(), vectors = layer.vectors, addresses = layer.addresses, offset = <usize>unit * size;
  for (let place = first; place < end; place++) {
    const worker = workerAt(layer, place), note = noteOf(layer, worker);
    const start = base + worker * baseApart;
    let s0 = v128.load_splat<T>(start), s1 = v128.load_splat<T>(start, size), s2 = v128.load_splat<T>(start, 2 * size), s3 = v128.load_splat<T>(start, 3 * size);
    let s4 = v128.load_splat<T>(start, 4 * size), s5 = v128.load_splat<T>(start, 5 * size), s6 = v128.load_splat<T>(start, 6 * size), s7 = v128.load_splat<T>(start, 7 * size);
    let entry = <usize>note.first;
    for (const last = entry + <usize>note.entries; entry < last; entry++) {
      const x = v128.load(vectors + entry * 16), deltas = <usize>load<u32>(addresses + entry * 4) + offset;
      s0 = multiplyAdd<T>(v128.load_splat<T>(deltas), x, s0);
      s1 = multiplyAdd<T>(v128.load_splat<T>(deltas, size), x, s1);
      s2 = multiplyAdd<T>(v128.load_splat<T>(deltas, 2 * size), x, s2);
      s3 = multiplyAdd<T>(v128.load_splat<T>(deltas, 3 * size), x, s3);
      s4 = multiplyAdd<T>(v128.load_splat<T>(deltas, 4 * size), x, s4);
      s5 = multiplyAdd<T>(v128.load_splat<T>(deltas, 5 * size), x, s5);
      s6 = multiplyAdd<T>(v128.load_splat<T>(deltas, 6 * size), x, s6);
      s7 = multiplyAdd<T>(v128.load_splat<T>(deltas, 7 * size), x, s7);
    }
    v128.store(to, s0); v128.store(to, s1, 16); v128.store(to, s2, 32); v128.store(to, s3, 48);
    v128.store(to, s4, 64); v128.store(to, s5, 80); v128.store(to, s6, 96); v128.store(to, s7, 112);
    to += apart;
  }
}
