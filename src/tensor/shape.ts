import type { Tape } from './tape.js';
import { formatShape, kernelOf, requireSameDType, sizeOf, type DType, type Shape, type Tensor } from './tensor.js';

/**
 * The same values under another shape; shares memory with `x` on either side, and the gradient flows.
 * @throws RangeError when the shape holds another number of values
 */
export function reshape(tape: Tape, x: Tensor, shape: Shape): Tensor {
  if (sizeOf(shape) !== x.size || shape.some((extent) => !Number.isSafeInteger(extent) || extent < 0)) {
    throw new RangeError(`reshape: expected a shape of ${x.size} values for input ${formatShape(x.shape)}, got ${formatShape(shape)}`);
  }
  return tape.record([x], x.view([...shape]), (gradient) => tape.pass(x, gradient));
}

/**
 * Joins the axes from `startAxis` on into one: `[n, c, h, w] -> [n, c * h * w]` by default.
 * @throws RangeError when `startAxis` is not an axis of `x`
 */
export function flatten(tape: Tape, x: Tensor, startAxis = 1): Tensor {
  if (!Number.isInteger(startAxis) || startAxis < 0 || startAxis >= x.shape.length) {
    throw new RangeError(`flatten: expected startAxis to be one of the ${x.shape.length} axes of ${formatShape(x.shape)}, got ${startAxis}`);
  }
  return reshape(tape, x, [...x.shape.slice(0, startAxis), sizeOf(x.shape.slice(startAxis))]);
}

/**
 * The columns from `start` up to `end` of a matrix: `[rows, columns] -> [rows, end - start]`, a copy; PyTorch's `x[:, start:end]`.
 * @throws RangeError when `x` is no matrix or the columns are not whole numbers within it
 */
export function sliceColumns(tape: Tape, x: Tensor, start: number, end: number): Tensor {
  const [rows, columns] = x.shape as [number, number];
  const areWithin = Number.isInteger(start) && Number.isInteger(end) && start >= 0 && start < end && end <= columns;
  if (x.shape.length !== 2 || !areWithin) {
    throw new RangeError(`sliceColumns: expected a matrix and 0 <= start < end <= its columns, got shape ${formatShape(x.shape)}, ${start} and ${end}`);
  }
  const output = tape.empty([rows, end - start], x.dtype, 'sliceColumns');
  kernelOf(x, 'columns_take')(x.source, rows, columns, start, end - start, output.pointer);
  return tape.record([x], output, (gradient) => {
    tape.accumulate(x, (pointer) => kernelOf(x, 'columns_place')(gradient.source, rows, columns, start, end - start, pointer));
  });
}

/**
 * Two matrices side by side: `[rows, p]` and `[rows, q] -> [rows, p + q]`, a copy; PyTorch's `torch.cat((a, b), dim=1)`.
 * @throws RangeError when either is no matrix or the rows differ; TypeError for mixed dtypes, or a core without this kernel
 */
export function concatColumns(tape: Tape, a: Tensor, b: Tensor): Tensor {
  requireSameDType('concatColumns', a, b);
  if (a.shape.length !== 2 || b.shape.length !== 2 || a.shape[0] !== b.shape[0]) {
    throw new RangeError(`concatColumns: expected two matrices of equally many rows, got ${formatShape(a.shape)} and ${formatShape(b.shape)}`);
  }
  const [rows, left] = a.shape as [number, number];
  const right = b.shape[1]!;
  const output = tape.empty([rows, left + right], a.dtype, 'concatColumns');
  kernelOf(a, 'columns_concatenate')(a.source, left, b.source, right, rows, output.pointer);
  return tape.record([a, b], output, (gradient) => {
    const take = kernelOf(a, 'columns_take');
    tape.accumulate(a, (pointer) => take(gradient.source, rows, left + right, 0, left, pointer));
    tape.accumulate(b, (pointer) => take(gradient.source, rows, left + right, left, right, pointer));
  });
}

/** The same values as another dtype, to nearest; `x` itself where it has that dtype. Takes no part in gradients. */
export function cast(tape: Tape, x: Tensor, dtype: DType): Tensor {
  if (x.dtype === dtype) return x;
  const output = tape.empty(x.shape, dtype, 'cast');
  output.data.set(x.data);
  return output;
}
