import type { Pointer } from '../core/index.js';
import type { Tape } from './tape.js';
import { bytesOf, formatShape, kernelOf, Tensor } from './tensor.js';

function requireMatrix(op: string, x: Tensor): [rows: number, columns: number] {
  if (x.shape.length !== 2) throw new RangeError(`${op}: expected a matrix, got shape ${formatShape(x.shape)}`);
  return x.shape as [number, number];
}

/**
 * Rows `start` up to `end` of a matrix `[rows, columns]`, where they lie: writing to one writes to the other. Takes no part
 * in gradients, and must not be used after the matrix is disposed of or its step has ended.
 * @throws RangeError for rows that are not there
 */
export function rowRange(x: Tensor, start: number, end: number): Tensor {
  const [rows, columns] = requireMatrix('rowRange', x);
  if (!(Number.isInteger(start) && Number.isInteger(end) && start >= 0 && start <= end && end <= rows)) {
    throw new RangeError(`rowRange: expected 0 <= start <= end <= ${rows}, got ${start} and ${end}`);
  }
  return Tensor.at(x.core, x.dtype, [end - start, columns], x.pointer + bytesOf([start, columns], x.dtype));
}

/** Copies checked indices into the step's memory. */
function storeIndices(tape: Tape, op: string, indices: Int32Array, rows: number): Pointer {
  const wrong = indices.find((index) => index < 0 || index >= rows);
  if (wrong !== undefined) throw new RangeError(`${op}: expected indices from 0 to ${rows - 1}, got ${wrong}`);
  const pointer = tape.allocate(4 * indices.length, `${op} indices`);
  tape.core.memory.i32(pointer, indices.length).set(indices);
  return pointer;
}

function gather(tape: Tape, op: string, x: Tensor, order: Pointer, count: number): Tensor {
  const columns = x.shape[1]!;
  const output = tape.empty([count, columns], x.dtype, op);
  kernelOf(x, 'rows_gather')(x.source, order, count, columns, output.pointer);
  return output;
}

/**
 * The rows that `indices` name, in their order: `[rows, columns] -> [indices, columns]`, a copy. Takes no part in gradients
 * ({@link embedding} does).
 * @throws RangeError for an index that is no row
 */
export function gatherRows(tape: Tape, x: Tensor, indices: Int32Array): Tensor {
  const [rows] = requireMatrix('gatherRows', x);
  return gather(tape, 'gatherRows', x, storeIndices(tape, 'gatherRows', indices, rows), indices.length);
}

/**
 * The rows of a table that `indices` name, in their order, with a gradient: table [rows, columns] -> [indices, columns]. The
 * gradient is dense, and adds up the rows of one index in order of position. PyTorch's `F.embedding`.
 * @throws RangeError for a table that is no matrix, or an index that is no row; TypeError for a core without these kernels
 */
export function embedding(tape: Tape, table: Tensor, indices: Int32Array): Tensor {
  const [rows, columns] = requireMatrix('embedding', table);
  const order = storeIndices(tape, 'embedding', indices, rows);
  return tape.record([table], gather(tape, 'embedding', table, order, indices.length), (gradient) => {
    tape.accumulate(table, (pointer) => kernelOf(table, 'rows_scatter')(gradient.source, order, indices.length, columns, 0, rows, pointer));
  });
}
