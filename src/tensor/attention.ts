import type { Pointer } from '../core/index.js';
import { product, type Operand } from './product.js';
import { embedding } from './rows.js';
import type { Tape } from './tape.js';
import { bytesOf, formatShape, kernelOf, requireSameDType, type Tensor } from './tensor.js';

/** Which rows belong to each sequence of a batch, in whatever layout. */
export interface AttentionRows {
  /** Of the query: every row of it in one sequence. */
  queryRows: readonly Int32Array[];
  /** Of the keys, in the order that the weights have; at least one a sequence. */
  keyRows: readonly Int32Array[];
}

const OP = 'attend';

/** The rows of a time-major batch, of whose keys lengths[b] count; and how many keys there are with padding. */
function timeMajorRows(query: Tensor, keys: Tensor, lengths: Int32Array): AttentionRows & { width: number } {
  const batch = lengths.length;
  if (batch === 0 || query.shape[0]! % batch !== 0 || keys.shape[0]! % batch !== 0) {
    throw new RangeError(
      `${OP}: expected query [steps * ${batch}, hidden] and keys [steps * ${batch}, hidden], got ${formatShape(query.shape)} and ${formatShape(keys.shape)}`,
    );
  }
  const width = keys.shape[0]! / batch;
  const wrong = lengths.find((length) => length < 1 || length > width);
  if (wrong !== undefined) throw new RangeError(`${OP}: expected lengths from 1 to ${width}, got ${wrong}`);
  const rowsOf = (steps: number, b: number) => Int32Array.from({ length: steps }, (_, t) => t * batch + b);
  const queryRows = Array.from(lengths, (_, b) => rowsOf(query.shape[0]! / batch, b));
  return { queryRows, keyRows: Array.from(lengths, (length, b) => rowsOf(length, b)), width };
}

function concatenated(parts: readonly Int32Array[]): Int32Array {
  return Int32Array.from(parts.flatMap((part) => Array.from(part)));
}

/** Where each of the rows 0 .. rows - 1 stands in `order`. */
function inverseOf(order: Int32Array, rows: number): Int32Array {
  const places = new Int32Array(rows).fill(-1);
  order.forEach((row, place) => (places[row] = place));
  if (order.length !== rows || places.includes(-1)) {
    throw new RangeError(`${OP}: expected each of the query's ${rows} rows in one sequence, got ${order.length} rows, ${places.filter((place) => place < 0).length} of them in none`);
  }
  return places;
}

/** A sequence's block of rows in matrices that hold sequence after sequence. */
interface Block {
  queries: number;
  keys: number;
  /** First rows. */
  query: number;
  key: number;
}

function blocksOf(queryRows: readonly Int32Array[], keyRows: readonly Int32Array[]): Block[] {
  let [query, key] = [0, 0];
  return queryRows.map(({ length: queries }, b) => {
    const block = { queries, keys: keyRows[b]!.length, query, key };
    query += queries;
    key += block.keys;
    return block;
  });
}

function rowAt(matrix: Tensor, row: number): Pointer {
  return matrix.source + bytesOf([row, matrix.shape[1]!], matrix.dtype);
}

function plain(matrix: Tensor, row: number): Operand {
  return { pointer: rowAt(matrix, row), rowStride: matrix.shape[1]!, columnStride: 1 };
}

function turned(matrix: Tensor, row: number): Operand {
  return { pointer: rowAt(matrix, row), rowStride: 1, columnStride: matrix.shape[1]! };
}

/** A matrix of this step, all of one value. */
function filled(tape: Tape, shape: readonly [number, number], like: Tensor, value: number): Tensor {
  const matrix = tape.empty(shape, like.dtype, OP);
  kernelOf(like, 'arithmetic_fill')(matrix.pointer, value, matrix.size);
  return matrix;
}

/** Each block's left [queries, hidden] times its keys^T, into the first columns of its rows of `out` [queries, width]. */
function multiplyByKeys(blocks: readonly Block[], left: Tensor, keys: Tensor, out: Tensor): void {
  const [, hidden] = keys.shape as [number, number];
  for (const { queries, keys: count, query, key } of blocks) {
    product(keys, queries, count, hidden, plain(left, query), turned(keys, key), rowAt(out, query), out.shape[1]!);
  }
}

/** Each block's weights [queries, keys] times its keys, into its rows at `out` [queries, hidden]. */
function mixKeys(blocks: readonly Block[], weights: Tensor, keys: Tensor, out: Pointer): void {
  const [, hidden] = keys.shape as [number, number];
  for (const { queries, keys: count, query, key } of blocks) {
    product(keys, queries, hidden, count, plain(weights, query), plain(keys, key), out + bytesOf([query, hidden], keys.dtype));
  }
}

/** Each block's weights^T times its right [queries, hidden]: what the keys' gradient takes. */
function spreadOverKeys(tape: Tape, blocks: readonly Block[], weights: Tensor, right: Tensor, keys: Tensor): Tensor {
  const gradient = tape.empty(keys.shape, keys.dtype, OP);
  for (const { queries, keys: count, query, key } of blocks) {
    product(keys, count, keys.shape[1]!, queries, turned(weights, query), plain(right, query), rowAt(gradient, key));
  }
  return gradient;
}

/** Attention of sequences that lie one after the other, queries and keys alike. */
function attendBlocks(tape: Tape, query: Tensor, keys: Tensor, blocks: readonly Block[], width: number): { context: Tensor; weights: Tensor } {
  const rows = query.shape[0]!;
  // exp(-Infinity) is 0: what no product fills gets no weight.
  const weights = filled(tape, [rows, width], query, -Infinity);
  multiplyByKeys(blocks, query, keys, weights);
  kernelOf(weights, 'loss_softmax')(weights.source, rows, width, weights.pointer);
  const context = tape.empty(query.shape, query.dtype, OP);
  mixKeys(blocks, weights, keys, context.pointer);
  tape.recordSeveral([query, keys], [context, weights], ([ofContext, ofWeights]) => {
    const scores = filled(tape, [rows, width], query, 0);
    if (ofContext !== undefined) multiplyByKeys(blocks, ofContext, keys, scores);
    if (ofWeights !== undefined) kernelOf(query, 'arithmetic_add')(scores.source, ofWeights.source, scores.pointer, scores.size);
    kernelOf(query, 'loss_softmax_gradient')(scores.source, weights.source, rows, width, scores.pointer);
    tape.accumulate(query, (pointer) => mixKeys(blocks, scores, keys, pointer));
    if (!keys.requiresGrad) return;
    tape.give(keys, spreadOverKeys(tape, blocks, scores, query, keys));
    if (ofContext !== undefined) tape.give(keys, spreadOverKeys(tape, blocks, weights, ofContext, keys));
  });
  return { context, weights };
}

/**
 * Dot-product attention (Luong et al. 2015): weights = softmax(query . key) over the keys of the query's own sequence, context = the
 * sum of those keys so weighted. Gradients go to query and keys.
 *
 * @param query [queries, hidden]
 * @param keys [keys, hidden]
 * @param sequences the rows of each sequence; or for time-major batches, row t * batch + b in both, how many keys of each count
 * @returns context [queries, hidden]; weights [queries, most keys of a sequence (with time-major batches: steps of the keys)], zero past a
 *   sequence's own keys
 * @throws RangeError for shapes, rows or lengths that do not fit; TypeError for mixed dtypes, or a core without these kernels
 */
export function attend(tape: Tape, query: Tensor, keys: Tensor, sequences: Int32Array | AttentionRows): { context: Tensor; weights: Tensor } {
  requireSameDType(OP, query, keys);
  if (query.shape.length !== 2 || keys.shape.length !== 2 || query.size === 0 || query.shape[1] !== keys.shape[1]) {
    throw new RangeError(`${OP}: expected query [queries, hidden] and keys [keys, hidden], got ${formatShape(query.shape)} and ${formatShape(keys.shape)}`);
  }
  const { queryRows, keyRows, width } = sequences instanceof Int32Array ? timeMajorRows(query, keys, sequences) : { ...sequences, width: undefined };
  if (queryRows.length !== keyRows.length || keyRows.some(({ length }) => length === 0)) {
    throw new RangeError(`${OP}: expected keys for each of ${queryRows.length} sequences, got ${keyRows.map(({ length }) => length).join(', ')}`);
  }
  const order = concatenated(queryRows);
  const places = inverseOf(order, query.shape[0]!);
  const most = keyRows.reduce((largest, { length }) => Math.max(largest, length), 0);
  const gathered = embedding(tape, query, order), ofSequences = embedding(tape, keys, concatenated(keyRows));
  const { context, weights } = attendBlocks(tape, gathered, ofSequences, blocksOf(queryRows, keyRows), width ?? most);
  return { context: embedding(tape, context, places), weights: embedding(tape, weights, places) };
}
