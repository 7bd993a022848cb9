import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openCore, type Core } from '../../src/core/index.js';
import {
  klDivergence, logSoftmax, mse, softmax, softmaxCrossEntropy, Stepper, type DType, type Reduction, type Tape, type Tensor,
} from '../../src/tensor/index.js';
import { evaluate, scatteredValues } from './finite-differences.js';

let core: Core;
let stepper: Stepper;
beforeAll(async () => {
  core = await openCore();
  stepper = new Stepper(core);
});
afterAll(() => stepper.dispose());

describe.each(['float32', 'float64'] as DType[])('losses, %s', (dtype) => {
  const digits = dtype === 'float32' ? 6 : 14;
  // Test oracles may use the host's Math: they are compared with a tolerance.
  const softmaxOf = (row: readonly number[]) => {
    const largest = Math.max(...row);
    const terms = row.map((value) => Math.exp(value - largest));
    return terms.map((term) => term / terms.reduce((a, b) => a + b));
  };

  it('softmax and log-softmax agree with the definition at every count', () => {
    for (let columns = 1; columns <= 9; columns++) {
      const rows = [scatteredValues(columns), scatteredValues(columns, 3)];
      const expected = rows.flatMap(softmaxOf);
      stepper.step((tape) => {
        const x = tape.from(rows.flat(), [2, columns], dtype);
        softmax(tape, x).toArray().forEach((value, i) => expect(value).toBeCloseTo(expected[i]!, digits));
        logSoftmax(tape, x).toArray().forEach((value, i) => expect(value).toBeCloseTo(Math.log(expected[i]!), digits));
      });
    }
  });

  it('cross-entropy stays finite and exact for huge logits', () => {
    const run = (logits: number[], label: number) =>
      stepper.step((tape) => softmaxCrossEntropy(tape, tape.from(logits, [1, logits.length], dtype), [label]).item());
    expect(run([1000, 0, -1000], 0)).toBe(0);
    expect(run([1000, 0, -1000], 2)).toBe(2000);
    expect(run([7], 0)).toBe(0);
    expect(run([-Infinity, 0], 1)).toBe(0);
    expect(run([-Infinity, 0], 0)).toBe(Infinity);
    expect(run([NaN, 0], 1)).toBeNaN();
  });

  it('a row alone gives the loss and gradient it gives in a batch', () => {
    const rows = [0, 1, 2].map((seed) => scatteredValues(5, seed + 1));
    const labels = [4, 0, 2];
    const run = (values: number[], of: number[]) =>
      evaluate(core, (tape, x) => softmaxCrossEntropy(tape, x, of, { reduction: 'sum' }), [{ shape: [of.length, 5], values }], dtype, [1]);
    const whole = run(rows.flat(), labels);
    const alone = rows.map((row, i) => run(row, [labels[i]!]));
    expect([...whole.gradients[0]!]).toEqual(alone.flatMap(({ gradients }) => [...gradients[0]!]));
  });

  it('writes the loss of each row on request', () => {
    stepper.step((tape) => {
      const logits = tape.from([0, 0, 0, 0, 1000, 0], [3, 2], dtype);
      const losses = tape.empty([3], dtype, 'test');
      const labels = tape.allocate(12, 'labels');
      core.memory.i32(labels, 3).set([0, 1, 1]);
      const kernel = core.kernels[dtype === 'float32' ? 'loss_cross_entropy_f32' : 'loss_cross_entropy_f64'];
      kernel(logits.pointer, labels, 3, 2, losses.pointer, 0);
      [Math.LN2, Math.LN2, 1000].forEach((expected, row) => expect(losses.data[row]).toBeCloseTo(expected, digits));
    });
  });

  it('KL divergence of equal logits is 0, with no gradient', () => {
    const logits = { shape: [2, 3], values: [1, 2, 3, -5, 0, 5] };
    const { output, gradients } = evaluate(core, (tape, s, t) => klDivergence(tape, s, t, 2), [logits, logits], dtype);
    expect([...output, ...gradients[0]!, ...gradients[1]!].every((value) => value === 0)).toBe(true);
  });

  it('KL divergence counts 0 log 0 as 0', () => {
    const loss = stepper.step((tape) =>
      klDivergence(tape, tape.from([0, 0], [1, 2], dtype), tape.from([0, -Infinity], [1, 2], dtype), 1).item(),
    );
    expect(loss).toBeCloseTo(Math.LN2, digits);
  });

  it('mse sends opposite gradients', () => {
    const a = { shape: [3], values: [1, 2, 3] }, b = { shape: [3], values: [3, 2, 0] };
    const { output, gradients } = evaluate(core, mse, [a, b], dtype, [3]);
    expect(output[0]).toBeCloseTo(13 / 3, digits);
    expect(gradients.map((gradient) => [...gradient!])).toEqual([[-4, 0, 6], [4, -0, -6]]);
  });
});

describe('errors of losses', () => {
  const run = (body: (tape: Tape, x: Tensor) => unknown) => () => stepper.step((tape) => body(tape, tape.from([1, 2, 3, 4, 5, 6], [2, 3])));
  it.each([
    ['a label out of range', (tape: Tape, x: Tensor) => softmaxCrossEntropy(tape, x, [0, 3]),
      'softmaxCrossEntropy: expected labels from 0 to 2, got 3 in row 1'],
    ['a label that is no whole number', (tape: Tape, x: Tensor) => softmaxCrossEntropy(tape, x, [0.5, 1]),
      'softmaxCrossEntropy: expected labels from 0 to 2, got 0.5 in row 0'],
    ['too few labels', (tape: Tape, x: Tensor) => softmaxCrossEntropy(tape, x, new Uint8Array([1])),
      'softmaxCrossEntropy: expected 2 labels, one a row, got 1'],
    ['another reduction', (tape: Tape, x: Tensor) => softmaxCrossEntropy(tape, x, [0, 1], { reduction: 'none' as Reduction }),
      'softmaxCrossEntropy: expected reduction \'mean\' or \'sum\', got "none"'],
    ['logits that are no matrix', (tape: Tape) => softmaxCrossEntropy(tape, tape.from([1], [1]), [0]),
      'softmaxCrossEntropy: expected logits [batch, classes] with at least one of each, got shape [1]'],
    ['another temperature', (tape: Tape, x: Tensor) => klDivergence(tape, x, x, 0),
      'klDivergence: expected a positive, finite temperature, got 0'],
    ['shapes that differ', (tape: Tape, x: Tensor) => mse(tape, x, tape.from([1], [1])),
      'mse: expected equal shapes, got [2, 3] and [1]'],
    ['a scalar', (tape: Tape) => softmax(tape, tape.from([1], [])),
      'softmax: expected a last axis of at least one value, got shape []'],
  ])('%s', (_name, body, message) => {
    expect(run(body)).toThrow(new RangeError(message));
  });

  it('mixed dtypes', () => {
    expect(run((tape, x) => mse(tape, x, tape.from([1, 2, 3, 4, 5, 6], [2, 3], 'float64')))).toThrow(
      new TypeError('mse: expected one dtype, got float32 and float64'),
    );
  });
});
