import type { Tape } from './tape.js';
import { formatShape, kernelOf, requireSameDType, requireSameShape, type Tensor } from './tensor.js';

/** Sum of all values, any shape -> []. Accumulated in float64 in an order set by the size alone, rounded once. */
export function sum(tape: Tape, x: Tensor): Tensor {
  return reduce(tape, x, 1, 'sum');
}

/**
 * Mean of all values, any shape -> []. Accumulated in float64, rounded once.
 * @throws RangeError for a tensor without values
 */
export function mean(tape: Tape, x: Tensor): Tensor {
  if (x.size === 0) throw new RangeError(`mean: expected at least one value, got shape ${formatShape(x.shape)}`);
  return reduce(tape, x, x.size, 'mean');
}

function reduce(tape: Tape, x: Tensor, divisor: number, op: string): Tensor {
  const total = kernelOf(x, 'reduction_sum')(x.source, x.size);
  const output = tape.from([total / divisor], [], x.dtype, op);
  return tape.record([x], output, (gradient) => {
    tape.accumulate(x, (pointer) => kernelOf(x, 'arithmetic_fill')(pointer, gradient.item() / divisor, x.size));
  });
}

/** Sum of squares of all values, in float64. Takes no part in gradients. */
export function sumOfSquares(x: Tensor): number {
  return kernelOf(x, 'reduction_sum_squares')(x.source, x.size);
}

/**
 * Inner product of two tensors of one shape, in float64. Takes no part in gradients.
 * @throws RangeError when shapes differ; TypeError when dtypes differ
 */
export function dot(a: Tensor, b: Tensor): number {
  requireSameDType('dot', a, b);
  requireSameShape('dot', a, b);
  return kernelOf(a, 'reduction_dot')(a.source, b.source, a.size);
}

/**
 * Index of the largest value along the last axis: [..., columns] -> one index per row, rows in order.
 * The first of equal values wins, and a NaN counts as the largest, as in PyTorch.
 * @throws RangeError for a scalar or a last axis without values
 */
export function argmax(x: Tensor): Int32Array {
  const columns = x.shape.at(-1) ?? 0;
  if (columns === 0) throw new RangeError(`argmax: expected a last axis of at least one value, got shape ${formatShape(x.shape)}`);
  const rows = x.size / columns;
  const indices = x.core.scratch(4 * rows, 'argmax');
  kernelOf(x, 'reduction_argmax')(x.source, rows, columns, indices);
  return x.core.memory.i32(indices, rows).slice();
}
