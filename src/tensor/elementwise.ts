import type { Pointer } from '../core/index.js';
import type { Tape } from './tape.js';
import { kernelOf, type Tensor } from './tensor.js';

type Unary = 'exp' | 'log' | 'sin' | 'cos' | 'erf' | 'sqrt';

const TWO_OVER_ROOT_PI = 1.1283791670955126;

function evaluate(x: Tensor, op: Unary, from: Pointer, to: Pointer): void {
  kernelOf(x, `elementwise_${op}`)(from, to, x.size);
}

/** Writes `gradient` times the slope at x, whose output was `output`, to an address. */
type Slope = (x: Tensor, output: Tensor, gradient: Tensor, to: Pointer) => void;

function unaryOp(op: Unary, slope: Slope) {
  return (tape: Tape, x: Tensor): Tensor => {
    const output = tape.empty(x.shape, x.dtype, op);
    evaluate(x, op, x.source, output.pointer);
    return tape.record([x], output, (gradient) => {
      tape.accumulate(x, (pointer) => slope(x, output, gradient, pointer));
    });
  };
}

/** e^x, any shape. */
export const exp = unaryOp('exp', (x, output, gradient, to) => {
  kernelOf(x, 'arithmetic_mul')(gradient.source, output.source, to, x.size);
});

/** Natural logarithm, any shape; -infinity at 0 and NaN below. */
export const log = unaryOp('log', (x, _output, gradient, to) => {
  kernelOf(x, 'arithmetic_div')(gradient.source, x.source, to, x.size);
});

/** Sine of radians, any shape. */
export const sin = unaryOp('sin', (x, _output, gradient, to) => {
  evaluate(x, 'cos', x.source, to);
  kernelOf(x, 'arithmetic_mul')(to, gradient.source, to, x.size);
});

/** Cosine of radians, any shape. */
export const cos = unaryOp('cos', (x, _output, gradient, to) => {
  evaluate(x, 'sin', x.source, to);
  kernelOf(x, 'arithmetic_scale')(to, -1, to, x.size);
  kernelOf(x, 'arithmetic_mul')(to, gradient.source, to, x.size);
});

/** Error function, any shape. */
export const erf = unaryOp('erf', (x, _output, gradient, to) => {
  // 2 / sqrt(pi) exp(-x^2)
  kernelOf(x, 'arithmetic_mul')(x.source, x.source, to, x.size);
  kernelOf(x, 'arithmetic_scale')(to, -1, to, x.size);
  evaluate(x, 'exp', to, to);
  kernelOf(x, 'arithmetic_scale')(to, TWO_OVER_ROOT_PI, to, x.size);
  kernelOf(x, 'arithmetic_mul')(to, gradient.source, to, x.size);
});

/** Square root, any shape; NaN below 0. */
export const sqrt = unaryOp('sqrt', (x, output, gradient, to) => {
  kernelOf(x, 'arithmetic_div')(gradient.source, output.source, to, x.size);
  kernelOf(x, 'arithmetic_scale')(to, 0.5, to, x.size);
});
