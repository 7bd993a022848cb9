// LSTM layers against PyTorch's (test/reference/recurrent.py), central differences, and themselves.
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openCore, type Core, type Profile } from '../../src/core/index.js';
import { add, mul, rowRange, Stepper, sum, Tensor, type DType, type Tape } from '../../src/tensor/index.js';
import { lstm, type LstmSequence } from '../../src/tensor/sequences.js';
import { expectGradients, scatteredValues, type Input } from './finite-differences.js';

interface Values {
  shape: number[];
  values: number[];
}

interface LstmCase {
  attributes: { batch_sizes: number[]; hidden: number; initial: boolean };
  dtype: DType;
  inputs: Record<string, Values>;
  upstream: Record<Output, Values>;
  outputs: Record<Output, Values>;
  gradients: Record<string, Values>;
}

type Output = 'output' | 'h' | 'c';
const OUTPUTS: readonly Output[] = ['output', 'h', 'c'];

const cases: LstmCase[] = JSON.parse(readFileSync(new URL('../reference/fixtures/recurrent.json', import.meta.url), 'utf8')).lstm;

/** Node 20 has the fused build's instructions only with --experimental-wasm-relaxed-simd. */
const fused = await openCore({ profile: 'fused', kernels: 'all' }).catch(() => undefined);
const core = await openCore({ kernels: 'all' });
const cores: [Profile, Core][] = [['strict', core], ...(fused === undefined ? [] : [['fused', fused] as [Profile, Core]])];

/** One layer over a leaf for each of input, weight_ih, weight_hh, bias_ih, bias_hh and perhaps h and c. */
function layer(tape: Tape, leaves: readonly Tensor[], batchSizes: readonly number[]) {
  const [input, weightIh, weightHh, biasIh, biasHh, h, c] = leaves as [Tensor, Tensor, Tensor, Tensor, Tensor, Tensor?, Tensor?];
  const sequence: LstmSequence = batchSizes.at(-1) === batchSizes[0] ? { steps: batchSizes.length, batch: batchSizes[0]! } : { batchSizes: Int32Array.from(batchSizes) };
  if (h !== undefined && c !== undefined) sequence.initial = { h, c };
  return lstm(tape, input, { weightIh, weightHh, biasIh, biasHh }, sequence);
}

/**
 * float64 must agree to 1e-12. float32 is held against the float64 case of the same numbers: 1e-5 of a value, for roundings of 6e-8 pass
 * through up to six steps of sums of up to twenty terms, plus 1e-6 of the largest, for sums that nearly cancel.
 */
function expectClose(actual: ArrayLike<number>, truth: readonly number[], dtype: DType, what: string): void {
  expect(actual.length, what).toBe(truth.length);
  const largest = truth.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const [relative, absolute] = dtype === 'float64' ? [1e-12, 1e-13 * largest] : [1e-5, 1e-6 * largest];
  truth.forEach((expected, i) => expect(Math.abs(actual[i]! - expected), `${what}, value ${i}`).toBeLessThanOrEqual(relative * Math.abs(expected) + absolute));
}

describe('lstm as PyTorch computes it', () => {
  it.each(cases.map((one) => [`${JSON.stringify(one.attributes)} ${one.dtype}`, one] as const))('%s', (_, { attributes, dtype, inputs, upstream }) => {
    const truth = cases.find((one) => one.dtype === 'float64' && JSON.stringify(one.attributes) === JSON.stringify(attributes))!;
    const leaves = Object.values(inputs).map(({ values, shape }) => Tensor.from(core, values, shape, dtype));
    for (const leaf of leaves) leaf.requiresGrad = true;
    const stepper = new Stepper(core);
    stepper.step((tape) => {
      const results = layer(tape, leaves, attributes.batch_sizes);
      const terms = OUTPUTS.map((name) => sum(tape, mul(tape, results[name], tape.from(upstream[name].values, upstream[name].shape, dtype))));
      tape.backward(terms.reduce((total, term) => add(tape, total, term)));
      for (const name of OUTPUTS) expectClose(results[name].toArray(), truth.outputs[name].values, dtype, name);
      Object.keys(inputs).forEach((name, i) => expectClose(leaves[i]!.grad!.toArray(), truth.gradients[name]!.values, dtype, `gradient of ${name}`));
    });
    stepper.dispose();
    for (const leaf of leaves) leaf.dispose();
  });

  it('has ordinary and packed batches in both dtypes', () => {
    expect(cases.length).toBe(14);
    expect(new Set(cases.map(({ attributes: { batch_sizes: sizes } }) => sizes.at(-1) === sizes[0]))).toEqual(new Set([true, false]));
  });
});

describe.each(cores)('gradients of lstm against central differences, %s build', (_, each) => {
  const input = (shape: number[], seed: number): Input => ({ shape, values: scatteredValues(shape.reduce((a, b) => a * b, 1), seed) });
  it.each(OUTPUTS)('from %s', (name) => {
    const hidden = 5, inputs = 3;
    const shapes = [[9, inputs], [4 * hidden, inputs], [4 * hidden, hidden], [4 * hidden], [4 * hidden], [4, hidden], [4, hidden]];
    expectGradients(each, (tape, ...leaves) => layer(tape, leaves, [4, 3, 2])[name], shapes.map((shape, i) => input(shape, i + 1)));
  });
});

describe('lstm', () => {
  const shapes = fc.record({
    lengths: fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 9 }), inputs: fc.integer({ min: 1, max: 9 }),
    hidden: fc.integer({ min: 1, max: 11 }), dtype: fc.constantFrom<DType>('float32', 'float64'), seed: fc.nat({ max: 1000 }),
  });

  it('gives a sequence the same bits whatever stands beside it', () => {
    const stepper = new Stepper(core);
    fc.assert(fc.property(shapes, ({ lengths, inputs, hidden, dtype, seed }) => stepper.step((tape) => {
      const sorted = [...lengths].sort((a, b) => b - a);
      const sizes = Array.from({ length: sorted[0]! }, (_, t) => sorted.filter((length) => length > t).length);
      const rows = sizes.reduce((total, size) => total + size, 0);
      const draw = (shape: number[], which: number) => tape.from(scatteredValues(shape.reduce((a, b) => a * b, 1), seed + which), shape, dtype);
      const weights = [draw([4 * hidden, inputs], 1), draw([4 * hidden, hidden], 2), draw([4 * hidden], 3), draw([4 * hidden], 4)];
      const input = draw([rows, inputs], 5);
      const together = layer(tape, [input, ...weights], sizes);
      sorted.forEach((length, b) => {
        const places = sizes.slice(0, length).map((_, t) => sizes.slice(0, t).reduce((total, size) => total + size, 0) + b);
        const own = tape.from(places.flatMap((row) => Array.from(rowRange(input, row, row + 1).toArray())), [length, inputs], dtype);
        const alone = layer(tape, [own, ...weights], new Array<number>(length).fill(1));
        const taken = places.flatMap((row) => Array.from(rowRange(together.output, row, row + 1).toArray()));
        expect(Array.from(alone.output.toArray())).toEqual(taken);
        for (const state of ['h', 'c'] as const) expect(alone[state].toArray()).toEqual(rowRange(together[state], b, b + 1).toArray());
      });
    })), { numRuns: 40 });
    stepper.dispose();
  });

  it('goes on from a state in the same bits as in one piece', () => {
    const stepper = new Stepper(core);
    stepper.step((tape) => {
      const [hidden, inputs, batch] = [6, 4, 3];
      const draw = (shape: number[], seed: number) => tape.from(scatteredValues(shape.reduce((a, b) => a * b, 1), seed), shape);
      const weights = [draw([4 * hidden, inputs], 1), draw([4 * hidden, hidden], 2), draw([4 * hidden], 3), draw([4 * hidden], 4)];
      const input = draw([5 * batch, inputs], 5);
      const whole = layer(tape, [input, ...weights], [3, 3, 3, 3, 3]);
      const start = layer(tape, [rowRange(input, 0, 6), ...weights], [3, 3]);
      const rest = layer(tape, [rowRange(input, 6, 15), ...weights, start.h, start.c], [3, 3, 3]);
      expect([...start.output.toArray(), ...rest.output.toArray()]).toEqual(Array.from(whole.output.toArray()));
      expect([rest.h.toArray(), rest.c.toArray()]).toEqual([whole.h.toArray(), whole.c.toArray()]);
    });
    stepper.dispose();
  });

  it.each([
    ['batchSizes that grow', { batchSizes: Int32Array.of(1, 2) }, 'lstm: expected batchSizes of at least 1 that never grow, got 1, 2'],
    ['a step without rows', { batchSizes: Int32Array.of(3, 0) }, 'lstm: expected batchSizes of at least 1 that never grow, got 3, 0'],
    ['no batchSizes', { batchSizes: new Int32Array(0) }, 'lstm: expected batchSizes of at least 1 that never grow, got none'],
    ['no steps', { steps: 0, batch: 3 }, 'lstm: expected at least one step and one sequence, got 0 and 3'],
    ['another number of rows', { steps: 2, batch: 2 }, 'lstm: expected input [4, 2], got [3, 2]'],
  ] as [string, LstmSequence, string][])('refuses %s', (_, sequence, message) => {
    const stepper = new Stepper(core);
    stepper.step((tape) => {
      const [hidden, inputs] = [2, 2];
      const zeros = (shape: number[]) => tape.from(new Array<number>(shape.reduce((a, b) => a * b, 1)).fill(0), shape);
      const weights = { weightIh: zeros([4 * hidden, inputs]), weightHh: zeros([4 * hidden, hidden]), biasIh: zeros([8]), biasHh: zeros([8]) };
      expect(() => lstm(tape, zeros([3, inputs]), weights, sequence)).toThrow(new RangeError(message));
    });
    stepper.dispose();
  });

  it('refuses weights and states of other shapes, mixed dtypes, and a core without its kernels', async () => {
    const stepper = new Stepper(core);
    stepper.step((tape) => {
      const zeros = (shape: number[], dtype: DType = 'float32') => tape.from(new Array<number>(shape.reduce((a, b) => a * b, 1)).fill(0), shape, dtype);
      const weights = { weightIh: zeros([8, 3]), weightHh: zeros([8, 2]), biasIh: zeros([8]), biasHh: zeros([8]) };
      const run = (changes: object, initial?: LstmSequence['initial']) => () => lstm(tape, zeros([1, 3]), { ...weights, ...changes }, { steps: 1, batch: 1, initial });
      expect(run({ weightIh: zeros([8, 4]) })).toThrow('lstm: expected weightIh [8, 3], got [8, 4]');
      expect(run({ weightHh: zeros([7, 2]) })).toThrow('lstm: expected weightHh [8, 2], got [7, 2]');
      expect(run({ biasHh: zeros([2]) })).toThrow('lstm: expected biasHh [8], got [2]');
      expect(run({}, { h: zeros([1, 2]), c: zeros([2, 2]) })).toThrow('lstm: expected initial c [1, 2], got [2, 2]');
      expect(run({ biasIh: zeros([8], 'float64') })).toThrow(TypeError);
    });
    stepper.dispose();
    const small = await openCore();
    new Stepper(small).step((tape) => {
      const zeros = (shape: number[]) => tape.from(new Array<number>(shape.reduce((a, b) => a * b, 1)).fill(0), shape);
      const weights = { weightIh: zeros([4, 1]), weightHh: zeros([4, 1]), biasIh: zeros([4]), biasHh: zeros([4]) };
      expect(() => lstm(tape, zeros([1, 1]), weights, { steps: 1, batch: 1 })).toThrow("recurrent_lstm_cell_f32: expected a core opened with { kernels: 'all' }");
    });
  });
});
