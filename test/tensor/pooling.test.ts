import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openCore, type Core } from '../../src/core/index.js';
import { adaptiveAvgPool2d, avgPool2d, maxPool2d, Stepper, type DType, type PoolingWindow, type Tape, type Tensor } from '../../src/tensor/index.js';
import { evaluate, scatteredValues, type Input } from './finite-differences.js';

let core: Core;
let stepper: Stepper;
beforeAll(async () => {
  core = await openCore();
  stepper = new Stepper(core);
});
afterAll(() => stepper.dispose());

const HALVING: PoolingWindow = { kernel: [2, 2] };

/** The plain 2x2 pooling of one plane after another that the vector paths must equal bit for bit. */
function halve({ shape, values }: Input, upstream: readonly number[], mode: 'max' | 'mean', round: (x: number) => number) {
  const [, , height, width] = shape as [number, number, number, number];
  const output: number[] = [];
  const gradient = Array.from(values, () => 0);
  for (let plane = 0; plane < values.length; plane += height * width) {
    for (let y = 0; y + 1 < height; y += 2) {
      for (let x = 0; x + 1 < width; x += 2) {
        const corner = plane + y * width + x;
        const cells = [corner, corner + 1, corner + width, corner + width + 1];
        const share = upstream[output.length]!;
        if (mode === 'max') {
          let best = corner;
          for (const cell of cells) if (values[cell]! > values[best]! || Number.isNaN(values[cell])) best = cell;
          output.push(values[best]!);
          gradient[best] = share;
        } else {
          output.push(round(cells.reduce((total, cell) => total + values[cell]!, 0) / 4));
          for (const cell of cells) gradient[cell] = round(share / 4);
        }
      }
    }
  }
  return { output, gradient };
}

describe.each(['float32', 'float64'] as DType[])('2x2 pooling, %s', (dtype) => {
  const round = dtype === 'float32' ? Math.fround : (x: number) => x;
  const sizes = [[2, 2], [2, 3], [4, 6], [5, 8], [8, 9], [4, 10], [7, 15], [2, 17], [28, 28]];

  it.each(['max', 'mean'] as const)('%s equals the plain loop', (mode) => {
    for (const [height, width] of sizes as [number, number][]) {
      const shape = [2, 2, height, width];
      const count = 4 * height * width;
      // Quarters: equal values are common, so the rule for ties is tested too.
      const values = scatteredValues(count, height * width).map((value) => Math.round(value * 4) / 4);
      const upstream = scatteredValues(4 * (height >> 1) * (width >> 1), 9);
      const op = (tape: Tape, x: Tensor) => (mode === 'max' ? maxPool2d : avgPool2d)(tape, x, HALVING);
      const actual = evaluate(core, op, [{ shape, values }], dtype, upstream);
      const expected = halve({ shape, values }, upstream, mode, round);
      expect([...actual.output], `${height} x ${width}`).toEqual(expected.output);
      expect([...actual.gradients[0]!], `${height} x ${width}`).toEqual(expected.gradient);
    }
  });

  it('means of values that are not exact still equal the plain loop', () => {
    const values = Array.from({ length: 160 }, (_, i) => round(1 / (i + 3)));
    const input = { shape: [1, 1, 8, 20], values };
    const { output } = evaluate(core, (tape, x) => avgPool2d(tape, x, HALVING), [input], dtype);
    expect([...output]).toEqual(halve(input, scatteredValues(40), 'mean', round).output);
  });

  it('NaN wins, and infinities are values like others', () => {
    const values = new Array<number>(32).fill(-Infinity);
    values[9] = NaN;
    values[2] = Infinity;
    for (const width of [16, 2]) {
      const height = 32 / width;
      const { output } = evaluate(core, (tape, x) => maxPool2d(tape, x, HALVING), [{ shape: [1, 1, height, width], values }], dtype);
      const expected = halve({ shape: [1, 1, height, width], values }, scatteredValues(8), 'max', round).output;
      expect([...output]).toEqual(expected);
    }
  });
});

describe('pooling', () => {
  it('counts padding as minus infinity in maxima and as zero in means', () => {
    const x = { shape: [1, 1, 2, 2], values: [-1, -2, -3, -4] };
    const window: PoolingWindow = { kernel: [2, 2], stride: [2, 2], padding: [1, 1] };
    expect([...evaluate(core, (tape, t) => maxPool2d(tape, t, window), [x]).output]).toEqual([-1, -2, -3, -4]);
    expect([...evaluate(core, (tape, t) => avgPool2d(tape, t, window), [x]).output]).toEqual([-0.25, -0.5, -0.75, -1]);
  });

  it('works on one pixel', () => {
    const x = { shape: [1, 1, 1, 1], values: [3] };
    for (const op of [
      (tape: Tape, t: Tensor) => maxPool2d(tape, t, { kernel: [1, 1] }),
      (tape: Tape, t: Tensor) => avgPool2d(tape, t, { kernel: [1, 1] }),
      (tape: Tape, t: Tensor) => adaptiveAvgPool2d(tape, t, [1, 1]),
    ]) {
      const { output, gradients } = evaluate(core, op, [x], 'float32', [5]);
      expect([output[0], gradients[0]![0]]).toEqual([3, 5]);
    }
  });

  it.each([
    ['padding above half the kernel', { kernel: [2, 3], padding: [1, 2] }, 'expected padding of at most half the kernel [2, 3], got [1, 2]'],
    ['padding above half the kernel, vertically', { kernel: [3, 2], padding: [2, 1] }, 'expected padding of at most half the kernel [3, 2], got [2, 1]'],
    ['a kernel larger than the input', { kernel: [5, 2] }, 'expected an input of at least the kernel [5, 2] with padding [0, 0], got shape [1, 1, 4, 4]'],
    ['a stride of 0', { kernel: [2, 2], stride: [0, 1] }, 'expected stride to be two whole numbers of at least 1, got [0,1]'],
    ['a kernel of one number', { kernel: 2 as never }, 'expected kernel to be two whole numbers of at least 1, got 2'],
  ] as [string, PoolingWindow, string][])('refuses %s', (_name, window, message) => {
    stepper.step((tape) => {
      const x = tape.from(scatteredValues(16), [1, 1, 4, 4]);
      expect(() => maxPool2d(tape, x, window)).toThrow(new RangeError(`maxPool2d: ${message}`));
      expect(() => avgPool2d(tape, x, window)).toThrow(new RangeError(`avgPool2d: ${message}`));
    });
  });

  it('refuses what is no batch of images', () => {
    stepper.step((tape) => {
      expect(() => adaptiveAvgPool2d(tape, tape.from([1, 2], [1, 2]), [1, 1])).toThrow(
        new RangeError('adaptiveAvgPool2d: expected input [batch, channels, height, width] with at least one pixel, got shape [1, 2]'),
      );
      expect(() => adaptiveAvgPool2d(tape, tape.from([1], [1, 1, 1, 1]), [0, 1])).toThrow(
        new RangeError('adaptiveAvgPool2d: expected the output size to be two whole numbers of at least 1, got [0,1]'),
      );
    });
  });
});
