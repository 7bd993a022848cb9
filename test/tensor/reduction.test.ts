import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openCore, type Core } from '../../src/core/index.js';
import { argmax, mean, Stepper, sum, sumOfSquares, type DType } from '../../src/tensor/index.js';
import { scatteredValues } from './finite-differences.js';

let core: Core;
let stepper: Stepper;
beforeAll(async () => {
  core = await openCore();
  stepper = new Stepper(core);
});
afterAll(() => stepper.dispose());

describe.each(['float32', 'float64'] as DType[])('reductions, %s', (dtype) => {
  const suffix = dtype === 'float32' ? 'f32' : 'f64';
  const size = dtype === 'float32' ? 4 : 8;

  it('sums, squares and dots exactly where float64 is exact, at every count', () => {
    for (let count = 0; count <= 35; count++) {
      const a = scatteredValues(count), b = scatteredValues(count, 3);
      stepper.step((tape) => {
        const x = tape.from(a, [count], dtype), y = tape.from(b, [count], dtype);
        expect(core.kernels[`reduction_sum_${suffix}`](x.pointer, count)).toBe(a.reduce((total, value) => total + value, 0));
        expect(sumOfSquares(x)).toBe(a.reduce((total, value) => total + value * value, 0));
        expect(core.kernels[`reduction_dot_${suffix}`](x.pointer, y.pointer, count)).toBe(
          a.reduce((total, value, i) => total + value * b[i]!, 0),
        );
      });
    }
  });

  it('gives the same bits at every alignment of the first value', () => {
    // Magnitudes far apart: another order of additions would round differently.
    const values = scatteredValues(101).map((value, i) => value * 10 ** ((i * 7) % 19));
    const sums = [0, 1, 2, 3, 5].map((offset) =>
      stepper.step((tape) => {
        const x = tape.from([...new Array(offset).fill(0), ...values], [offset + 101], dtype);
        return core.kernels[`reduction_sum_${suffix}`](x.pointer + offset * size, 101);
      }),
    );
    expect(new Set(sums).size).toBe(1);
    const reordered = stepper.step((tape) => sum(tape, tape.from([...values].reverse(), [101], dtype)).item());
    expect(reordered).toBeCloseTo(Number(sums[0]), -12);
  });

  it('accumulates in float64', () => {
    const total = stepper.step((tape) => sum(tape, tape.from([2 ** 24, 1, 1, -(2 ** 24)], [4], dtype)).item());
    expect(total).toBe(2);
  });

  it('finds the first largest value of each row, NaN before all', () => {
    const rows = [[1, 3, 3], [5, 5, 5], [-1, NaN, NaN], [NaN, 1, Infinity], [-Infinity, -Infinity, -Infinity], [0, 1, NaN]];
    const indices = stepper.step((tape) => argmax(tape.from(rows.flat(), [2, 3, 3], dtype)));
    expect([...indices]).toEqual([1, 0, 1, 0, 0, 2]);
  });
});

describe('reductions of the tape', () => {
  it('have the shape of a scalar', () => {
    stepper.step((tape) => {
      const x = tape.from([1, 2, 6], [3]);
      expect([sum(tape, x).shape, sum(tape, x).item(), mean(tape, x).item()]).toEqual([[], 9, 3]);
      expect(argmax(tape.from([4], [1]))).toEqual(new Int32Array([0]));
    });
  });

  it('name what they expected', () => {
    stepper.step((tape) => {
      expect(() => mean(tape, tape.from([], [0]))).toThrow(new RangeError('mean: expected at least one value, got shape [0]'));
      expect(() => argmax(tape.from([1], []))).toThrow(new RangeError('argmax: expected a last axis of at least one value, got shape []'));
    });
  });
});
