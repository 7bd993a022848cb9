import { copyValues } from './shape.js';
import type { Tape } from './tape.js';
import { kernelOf, requireSameDType, requireSameShape, type Tensor } from './tensor.js';

type Operation = 'add' | 'sub' | 'mul' | 'div';

function combine(tape: Tape, operation: Operation, a: Tensor, b: Tensor): Tensor {
  requireSameDType(operation, a, b);
  requireSameShape(operation, a, b);
  const output = tape.empty(a.shape, a.dtype, operation);
  kernelOf(a, `arithmetic_${operation}`)(a.pointer, b.pointer, output.pointer, a.size);
  return output;
}

/**
 * a + b, equal shapes and dtypes.
 * @throws RangeError when shapes differ; TypeError when dtypes do
 */
export function add(tape: Tape, a: Tensor, b: Tensor): Tensor {
  return tape.record([a, b], combine(tape, 'add', a, b), (gradient) => {
    tape.accumulate(a, (pointer) => copyValues(gradient, pointer));
    tape.accumulate(b, (pointer) => copyValues(gradient, pointer));
  });
}

/**
 * a - b, equal shapes and dtypes.
 * @throws RangeError when shapes differ; TypeError when dtypes do
 */
export function sub(tape: Tape, a: Tensor, b: Tensor): Tensor {
  return tape.record([a, b], combine(tape, 'sub', a, b), (gradient) => {
    tape.accumulate(a, (pointer) => copyValues(gradient, pointer));
    tape.accumulate(b, (pointer) => kernelOf(b, 'arithmetic_scale')(gradient.pointer, -1, pointer, b.size));
  });
}

/**
 * a * b elementwise, equal shapes and dtypes.
 * @throws RangeError when shapes differ; TypeError when dtypes do
 */
export function mul(tape: Tape, a: Tensor, b: Tensor): Tensor {
  return tape.record([a, b], combine(tape, 'mul', a, b), (gradient) => {
    const multiply = kernelOf(a, 'arithmetic_mul');
    tape.accumulate(a, (pointer) => multiply(gradient.pointer, b.pointer, pointer, a.size));
    tape.accumulate(b, (pointer) => multiply(gradient.pointer, a.pointer, pointer, b.size));
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
    tape.accumulate(a, (pointer) => divide(gradient.pointer, b.pointer, pointer, a.size));
    tape.accumulate(b, (pointer) => {
      // -g (a / b) / b, in PyTorch's order.
      kernelOf(b, 'arithmetic_scale')(gradient.pointer, -1, pointer, b.size);
      const quotient = tape.empty(b.shape, b.dtype, 'div gradient');
      divide(output.pointer, b.pointer, quotient.pointer, b.size);
      kernelOf(b, 'arithmetic_mul')(pointer, quotient.pointer, pointer, b.size);
    });
  });
}

/** x * factor; the factor is rounded to x's dtype first. */
export function scale(tape: Tape, x: Tensor, factor: number): Tensor {
  const output = tape.empty(x.shape, x.dtype, 'scale');
  kernelOf(x, 'arithmetic_scale')(x.pointer, factor, output.pointer, x.size);
  return tape.record([x], output, (gradient) => {
    tape.accumulate(x, (pointer) => kernelOf(x, 'arithmetic_scale')(gradient.pointer, factor, pointer, x.size));
  });
}
