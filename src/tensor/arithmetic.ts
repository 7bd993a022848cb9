import type { Tape } from './tape.js';
import { kernelOf, requireSameDType, requireSameShape, type Tensor } from './tensor.js';

type Operation = 'add' | 'sub' | 'mul' | 'div';

function combine(tape: Tape, operation: Operation, a: Tensor, b: Tensor): Tensor {
  requireSameDType(operation, a, b);
  requireSameShape(operation, a, b);
  const output = tape.empty(a.shape, a.dtype, operation);
  kernelOf(a, `arithmetic_${operation}`)(a.source, b.source, output.pointer, a.size);
  return output;
}

/**
 * a + b, equal shapes and dtypes.
 * @throws RangeError when shapes differ; TypeError when dtypes do
 */
export function add(tape: Tape, a: Tensor, b: Tensor): Tensor {
  const sum = () => {
    requireSameDType('add', a, b);
    requireSameShape('add', a, b);
    const device = tape.place('add', a.size, [a, b], a.size);
    return device === undefined ? combine(tape, 'add', a, b) : tape.made(device, device.add(a.on(device), b.on(device)), a.shape);
  };
  return tape.record([a, b], sum(), (gradient) => {
    tape.pass(a, gradient);
    tape.pass(b, gradient);
  });
}

/**
 * a - b, equal shapes and dtypes.
 * @throws RangeError when shapes differ; TypeError when dtypes do
 */
export function sub(tape: Tape, a: Tensor, b: Tensor): Tensor {
  return tape.record([a, b], combine(tape, 'sub', a, b), (gradient) => {
    tape.pass(a, gradient);
    tape.accumulate(b, (pointer) => kernelOf(b, 'arithmetic_scale')(gradient.source, -1, pointer, b.size));
  });
}

/**
 * a * b elementwise, equal shapes and dtypes.
 * @throws RangeError when shapes differ; TypeError when dtypes do
 */
export function mul(tape: Tape, a: Tensor, b: Tensor): Tensor {
  return tape.record([a, b], combine(tape, 'mul', a, b), (gradient) => {
    const multiply = kernelOf(a, 'arithmetic_mul');
    tape.accumulate(a, (pointer) => multiply(gradient.source, b.source, pointer, a.size));
    tape.accumulate(b, (pointer) => multiply(gradient.source, a.source, pointer, b.size));
  });
}

/**
 * a / b elementwise, equal shapes and dtypes; x / 0 is what IEEE 754 says.
 * @throws RangeError when shapes differ; TypeError when dtypes do
 */
export function div(tape: Tape, a: Tensor, b: Tensor): Tensor {
  const output = combine(tape, 'div', a, b);
  return tape.record([a, b], output, (gradient) => {
    const divide = kernelOf(a, 'arithmetic_div');
    tape.accumulate(a, (pointer) => divide(gradient.source, b.source, pointer, a.size));
    tape.accumulate(b, (pointer) => {
      // -g (a / b) / b, in PyTorch's order.
      kernelOf(b, 'arithmetic_scale')(gradient.source, -1, pointer, b.size);
      const quotient = tape.empty(b.shape, b.dtype, 'div gradient');
      divide(output.source, b.source, quotient.pointer, b.size);
      kernelOf(b, 'arithmetic_mul')(pointer, quotient.pointer, pointer, b.size);
    });
  });
}

function scaled(tape: Tape, x: Tensor, factor: number): Tensor {
  const device = tape.place('scale', x.size, [x], x.size);
  if (device !== undefined) return tape.made(device, device.scale(x.on(device), factor), x.shape);
  const output = tape.empty(x.shape, x.dtype, 'scale');
  kernelOf(x, 'arithmetic_scale')(x.source, factor, output.pointer, x.size);
  return output;
}

/** x * factor; the factor is rounded to x's dtype first. */
export function scale(tape: Tape, x: Tensor, factor: number): Tensor {
  return tape.record([x], scaled(tape, x, factor), (gradient) => {
    if (x.requiresGrad) tape.give(x, scaled(tape, gradient, factor));
  });
}
