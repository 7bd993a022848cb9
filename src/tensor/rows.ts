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

/**
 * The rows that `indices` name, in their order: `[rows, columns] -> [indices, columns]`, a copy. Takes no part in gradients.
 * @throws RangeError for an index that is no row
 */
export function gatherRows(tape: Tape, x: Tensor, indices: Int32Array): Tensor {
  const [rows, columns] = requireMatrix('gatherRows', x);
  const wrong = indices.find((index) => index < 0 || index >= rows);
  if (wrong !== undefined) throw new RangeError(`gatherRows: expected indices from 0 to ${rows - 1}, got ${wrong}`);
  const order = tape.allocate(4 * indices.length, 'gatherRows indices');
  tape.core.memory.i32(order, indices.length).set(indices);
  const output = tape.empty([indices.length, columns], x.dtype, 'gatherRows');
  kernelOf(x, 'rows_gather')(x.source, order, indices.length, columns, output.pointer);
  return output;
}
