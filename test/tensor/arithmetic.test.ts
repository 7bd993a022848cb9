import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openCore, type Core } from '../../src/core/index.js';
import { add, div, flatten, mul, reshape, scale, Stepper, sub, type DType, type Tape, type Tensor } from '../../src/tensor/index.js';
import { evaluate, scatteredValues } from './finite-differences.js';

let core: Core;
let stepper: Stepper;
beforeAll(async () => {
  core = await openCore();
  stepper = new Stepper(core);
});
afterAll(() => stepper.dispose());

const plain = {
  add: [add, (a: number, b: number) => a + b],
  sub: [sub, (a: number, b: number) => a - b],
  mul: [mul, (a: number, b: number) => a * b],
  div: [div, (a: number, b: number) => a / b],
} as const;

describe.each(['float32', 'float64'] as DType[])('arithmetic, %s', (dtype) => {
  const round = dtype === 'float32' ? Math.fround : (x: number) => x;

  it.each(['add', 'sub', 'mul', 'div'] as const)('%s rounds each value once, at every count', (name) => {
    const [op, oracle] = plain[name];
    for (let count = 1; count <= 19; count++) {
      const a = scatteredValues(count), b = scatteredValues(count, 3);
      const { output } = evaluate(core, op, [{ shape: [count], values: a }, { shape: [count], values: b }], dtype);
      expect([...output]).toEqual(a.map((value, i) => round(oracle(value, b[i]!))));
    }
  });

  it('scales, adds a scalar and fills at every count, and writes nothing beyond', () => {
    const suffix = dtype === 'float32' ? 'f32' : 'f64';
    const kernels = core.kernels;
    for (let count = 1; count <= 19; count++) {
      const values = scatteredValues(count);
      const run = (write: (from: number, to: number) => void) =>
        stepper.step((tape) => {
          const to = tape.from(new Array(count + 4).fill(99), [count + 4], dtype);
          write(tape.from(values, [count], dtype).pointer, to.pointer);
          expect([...to.toArray().slice(count)]).toEqual([99, 99, 99, 99]);
          return [...to.toArray().slice(0, count)];
        });
      expect(run((from, to) => kernels[`arithmetic_scale_${suffix}`](from, 0.3, to, count))).toEqual(values.map((x) => round(x * round(0.3))));
      expect(run((from, to) => kernels[`arithmetic_add_scalar_${suffix}`](from, 0.3, to, count))).toEqual(values.map((x) => round(x + round(0.3))));
      expect(run((_from, to) => kernels[`arithmetic_fill_${suffix}`](to, 0.25, count))).toEqual(values.map(() => 0.25));
    }
  });
});

describe('arithmetic on the tape', () => {
  it('adds up the gradients of a tensor used twice', () => {
    const { gradients } = evaluate(core, (tape, x) => add(tape, scale(tape, x, 3), x), [{ shape: [2], values: [1, 2] }], 'float64', [1, 10]);
    expect([...gradients[0]!]).toEqual([4, 40]);
  });

  it('lets a gradient through a shape', () => {
    const x = { shape: [2, 2, 2], values: [1, 2, 3, 4, 5, 6, 7, 8] };
    const run = evaluate(core, (tape, t) => reshape(tape, flatten(tape, t), [4, 2]), [x], 'float32', x.values);
    expect(run.shape).toEqual([4, 2]);
    expect([...run.gradients[0]!]).toEqual(x.values);
  });

  it('names what it expected', () => {
    const run = (body: (tape: Tape, x: Tensor) => unknown) => () => stepper.step((tape) => body(tape, tape.from([1, 2, 3, 4], [2, 2])));
    expect(run((tape, x) => add(tape, x, tape.from([1, 2], [2])))).toThrow(new RangeError('add: expected equal shapes, got [2, 2] and [2]'));
    expect(run((tape, x) => mul(tape, x, tape.from([1, 2, 3, 4], [2, 2], 'float64')))).toThrow(
      new TypeError('mul: expected one dtype, got float32 and float64'),
    );
    expect(run((tape, x) => reshape(tape, x, [3]))).toThrow(new RangeError('reshape: expected a shape of 4 values for input [2, 2], got [3]'));
    expect(run((tape, x) => reshape(tape, x, [-2, -2]))).toThrow(RangeError);
    expect(run((tape, x) => flatten(tape, x, 2))).toThrow(
      new RangeError('flatten: expected startAxis to be one of the 2 axes of [2, 2], got 2'),
    );
  });
});
