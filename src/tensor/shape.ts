import type { Pointer } from '../core/index.js';
import type { Tape } from './tape.js';
import { formatShape, sizeOf, type Shape, type Tensor } from './tensor.js';

/** Copies a tensor's values to an address, as when a gradient passes an op unchanged. @internal */
export function copyValues(from: Tensor, to: Pointer): void {
  const bytes = from.size * (from.dtype === 'float32' ? 4 : 8);
  const { memory } = from.core;
  memory.u8(to, bytes).set(memory.u8(from.pointer, bytes));
}

/**
 * The same values under another shape; shares memory with `x`, and the gradient flows.
 * @throws RangeError when the shape holds another number of values
 */
export function reshape(tape: Tape, x: Tensor, shape: Shape): Tensor {
  if (sizeOf(shape) !== x.size || shape.some((extent) => !Number.isSafeInteger(extent) || extent < 0)) {
    throw new RangeError(`reshape: expected a shape of ${x.size} values for input ${formatShape(x.shape)}, got ${formatShape(shape)}`);
  }
  return tape.record([x], tape.alias(x, [...shape]), (gradient) => {
    tape.accumulate(x, (pointer) => copyValues(gradient, pointer));
  });
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
