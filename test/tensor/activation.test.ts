import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openCore, type Core } from '../../src/core/index.js';
import { activate, activationGradient, relu, Stepper, Tensor, type Activation, type DType, type Tape } from '../../src/tensor/index.js';
import { scatteredValues } from './finite-differences.js';

let core: Core;
let stepper: Stepper;
beforeAll(async () => {
  core = await openCore();
  stepper = new Stepper(core);
});
afterAll(() => stepper.dispose());

const activations: Activation[] = ['none', 'relu', 'gelu', 'tanh', 'sigmoid'];
const dtypes: DType[] = ['float32', 'float64'];

describe.each(dtypes)('bias and activation, %s', (dtype) => {
  // A value's result must not depend on whether a whole vector or a tail computed it.
  it.each(activations)('%s gives each value the same bits wherever it stands', (activation) => {
    for (const [rows, channels, inner] of [[3, 1, 1], [2, 5, 1], [4, 8, 1], [2, 3, 7], [1, 2, 4]] as const) {
      const values = scatteredValues(rows * channels * inner);
      const biases = scatteredValues(channels, 5);
      const whole = stepper.step((tape) => {
        const x = tape.from(values, [rows, channels, inner], dtype);
        return activate(tape, x, tape.from(biases, [channels], dtype), activation, { rows, channels, inner }, []).output.toArray();
      });
      const oneByOne = values.map((value, i) =>
        stepper.step((tape) => {
          const bias = tape.from([biases[Math.floor(i / inner) % channels]!], [1], dtype);
          return activate(tape, tape.from([value], [1], dtype), bias, activation, { rows: 1, channels: 1, inner: 1 }, []).output.item();
        }),
      );
      expect([...whole], `[${rows}, ${channels}, ${inner}]`).toEqual(oneByOne);
    }
  });

  it('sums the bias gradient over rows and inner', () => {
    for (const [rows, channels, inner] of [[1, 1, 1], [3, 5, 1], [7, 8, 1], [5, 19, 1], [3, 2, 9], [2, 3, 16], [4, 1, 2]] as const) {
      // Multiples of 2^-14 below 2: every sum here is exact, so the order cannot matter.
      const values = scatteredValues(rows * channels * inner);
      const expected = Array.from({ length: channels }, (_, channel) =>
        values.reduce((total, value, i) => (Math.floor(i / inner) % channels === channel ? total + value : total), 0),
      );
      const actual = stepper.step((tape) => {
        const gradient = tape.from(values, [rows, channels, inner], dtype);
        const output = tape.empty([channels], dtype, 'test');
        const kernel = dtype === 'float32' ? core.kernels.bias_gradient_f32 : core.kernels.bias_gradient_f64;
        kernel(gradient.pointer, rows, channels, inner, output.pointer);
        return output.toArray();
      });
      expect([...actual], `[${rows}, ${channels}, ${inner}]`).toEqual(expected);
    }
  });

  it.each(activations)('%s lets NaN through', (activation) => {
    const values = stepper.step((tape) => {
      const x = tape.from([1, NaN, 2, 3, NaN], [5], dtype);
      return activate(tape, x, null, activation, { rows: 1, channels: 5, inner: 1 }, []).output.toArray();
    });
    expect([...values].map(Number.isNaN)).toEqual([false, true, false, false, true]);
  });
});

describe('activate', () => {
  const layout = { rows: 2, channels: 3, inner: 1 };

  it('keeps the biased pre-activation of gelu when recorded, and works in place otherwise', () => {
    const weight = Tensor.zeros(core, [1]);
    weight.requiresGrad = true;
    stepper.step((tape) => {
      const x = tape.from([-2, -1, 0, 1, 2, 3], [2, 3]);
      const { output, saved } = activate(tape, x, tape.from([1, 1, 1], [3]), 'gelu', layout, [weight]);
      expect(output).not.toBe(saved);
      expect([...saved.toArray()]).toEqual([-1, 0, 1, 2, 3, 4]);
      const inPlace = activate(tape, tape.from([1, 1, 1, 1, 1, 1], [2, 3]), null, 'gelu', layout, []);
      expect(inPlace.output).toBe(inPlace.saved);
    });
    weight.dispose();
  });

  it('hands the gradient itself on for none', () => {
    stepper.step((tape) => {
      const gradient = tape.from([1, 2], [2]);
      expect(activationGradient(tape, 'none', gradient, gradient)).toBe(gradient);
    });
  });

  it('gives relu the slope 0 at 0', () => {
    const x = Tensor.from(core, [-1, -0, 0, 1, NaN], [5]);
    x.requiresGrad = true;
    const gradient = stepper.step((tape) => {
      tape.backward(relu(tape, x));
      return x.grad!.toArray();
    });
    expect([...gradient]).toEqual([0, 0, 0, 1, 1]);
    x.dispose();
  });

  it('names what it expected', () => {
    const run = (body: (tape: Tape) => unknown) => () => stepper.step(body);
    const values = [1, 2, 3, 4, 5, 6];
    expect(run((tape) => activate(tape, tape.from(values, [6]), null, 'swish' as Activation, layout, []))).toThrow(
      new RangeError('activation: expected one of none, relu, gelu, tanh, sigmoid, got "swish"'),
    );
    expect(run((tape) => activate(tape, tape.from(values, [6]), tape.from([1, 2], [2]), 'relu', layout, []))).toThrow(
      new RangeError('activate: expected a bias of 3 values, got shape [2]'),
    );
    expect(run((tape) => activate(tape, tape.from([1], [1]), null, 'relu', layout, []))).toThrow(
      new RangeError('activate: expected [2, 3, 1] values, got shape [1]'),
    );
    expect(run((tape) => activate(tape, tape.from(values, [6]), tape.from([1, 2, 3], [3], 'float64'), 'relu', layout, []))).toThrow(
      new TypeError('activate: expected one dtype, got float32 and float64'),
    );
  });
});
