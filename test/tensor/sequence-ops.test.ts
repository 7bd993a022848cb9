// Embedding, attention, concatenation, cross-entropy with ignored rows and smoothed labels: against PyTorch (test/reference/recurrent.py)
// and central differences.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { openCore } from '../../src/core/index.js';
import { gatherRows, softmaxCrossEntropy, Stepper, type DType, type Reduction, type Tape, type Tensor } from '../../src/tensor/index.js';
import { attend, concatColumns, embedding } from '../../src/tensor/sequences.js';
import { evaluate, expectGradients, scatteredValues, type Input } from './finite-differences.js';

type Values = Input & { values: number[] };

interface Case {
  op: string;
  attributes: Record<string, unknown>;
  dtype: DType;
  inputs: Record<string, Values>;
  output: Values;
  upstream: Values;
  gradients: Record<string, Values>;
}

const cases: Case[] = JSON.parse(readFileSync(new URL('../reference/fixtures/recurrent.json', import.meta.url), 'utf8')).cases;
const core = await openCore({ kernels: 'all' });

interface LossAttributes {
  target: number[];
  ignore_index: number;
  label_smoothing: number;
  reduction: Reduction;
}

/** Context and weights side by side, as the fixture has them. */
function attention(tape: Tape, query: Tensor, keys: Tensor, lengths: readonly number[]): Tensor {
  const { context, weights } = attend(tape, query, keys, Int32Array.from(lengths));
  return concatColumns(tape, context, weights);
}

const runners: Record<string, (tape: Tape, inputs: Record<string, Tensor>, attributes: never) => Tensor> = {
  embedding: (tape, { table }, { indices }: { indices: number[] }) => embedding(tape, table!, Int32Array.from(indices)),
  attend: (tape, { query, keys }, { lengths }: { lengths: number[] }) => attention(tape, query!, keys!, lengths),
  concat: (tape, { a, b }) => concatColumns(tape, a!, b!),
  cross_entropy: (tape, { logits }, { target, ignore_index: ignoreIndex, label_smoothing: labelSmoothing, reduction }: LossAttributes) =>
    softmaxCrossEntropy(tape, logits!, target, { reduction, ignoreIndex, labelSmoothing }),
};

/** float64 to 1e-12; float32 against the float64 truth: 1e-5 of the value for a few dozen roundings of 6e-8, and 1e-6 of the largest where terms cancel. */
function expectClose(actual: ArrayLike<number>, truth: readonly number[], dtype: DType, what: string): void {
  expect(actual.length, what).toBe(truth.length);
  const largest = truth.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const [relative, absolute] = dtype === 'float64' ? [1e-12, 1e-13 * largest] : [1e-5, 1e-6 * largest];
  truth.forEach((expected, i) => expect(Math.abs(actual[i]! - expected), `${what}, value ${i}`).toBeLessThanOrEqual(relative * Math.abs(expected) + absolute));
}

describe('values and gradients of PyTorch', () => {
  it('covers every op of the fixture', () => {
    expect(new Set(cases.map(({ op }) => op))).toEqual(new Set(Object.keys(runners)));
  });

  it.each(cases.map((one) => [`${one.op} ${one.dtype} ${JSON.stringify(one.attributes)}`, one] as const))('%s', (_, { op, attributes, dtype, inputs, upstream }) => {
    const key = JSON.stringify(attributes);
    const truth = cases.find((one) => one.op === op && one.dtype === 'float64' && JSON.stringify(one.attributes) === key)!;
    const names = Object.keys(inputs);
    const run = (tape: Tape, ...tensors: Tensor[]) => runners[op]!(tape, Object.fromEntries(names.map((name, i) => [name, tensors[i]!])), attributes as never);
    const result = evaluate(core, run, Object.values(inputs), dtype, upstream.values);
    expectClose(result.output, truth.output.values, dtype, 'output');
    names.forEach((name, i) => expectClose(result.gradients[i]!, truth.gradients[name]!.values, dtype, `gradient of ${name}`));
  });
});

describe('attend over rows in any order', () => {
  it('gives each sequence what it gets alone, bit for bit', () => {
    const stepper = new Stepper(core);
    stepper.step((tape) => {
      const values = (rows: number, seed: number) => scatteredValues(rows * 3, seed);
      const [query, keys] = [tape.from(values(6, 1), [6, 3]), tape.from(values(7, 2), [7, 3])];
      const queryRows = [Int32Array.of(4, 0), Int32Array.of(1), Int32Array.of(5, 3, 2)];
      const keyRows = [Int32Array.of(6, 1, 0, 2), Int32Array.of(3), Int32Array.of(5, 4)];
      const all = attend(tape, query, keys, { queryRows, keyRows });
      expect(all.weights.shape).toEqual([6, 4]);
      queryRows.forEach((rows, b) => {
        const alone = attend(tape, gatherRows(tape, query, rows), gatherRows(tape, keys, keyRows[b]!), Int32Array.of(keyRows[b]!.length));
        expect(gatherRows(tape, all.context, rows).toArray()).toEqual(alone.context.toArray());
        rows.forEach((row, t) => {
          const own = alone.weights.toArray().subarray(t * keyRows[b]!.length, (t + 1) * keyRows[b]!.length);
          expect(Array.from(all.weights.toArray().subarray(4 * row, 4 * row + 4))).toEqual([...own, 0, 0, 0, 0].slice(0, 4));
        });
      });
    });
    stepper.dispose();
  });

  it('refuses rows that are left out or taken twice, and sequences without keys', () => {
    const stepper = new Stepper(core);
    stepper.step((tape) => {
      const x = tape.from([1, 2, 3], [3, 1]);
      const run = (queryRows: number[][], keyRows: number[][]) => () => attend(tape, x, x, { queryRows: queryRows.map((rows) => Int32Array.from(rows)), keyRows: keyRows.map((rows) => Int32Array.from(rows)) });
      expect(run([[0, 1]], [[0]])).toThrow("attend: expected each of the query's 3 rows in one sequence, got 2 rows, 1 of them in none");
      expect(run([[0, 1], [1]], [[0], [0]])).toThrow("got 3 rows, 1 of them in none");
      expect(run([[0, 1, 2]], [[0], [1]])).toThrow('attend: expected keys for each of 1 sequences, got 1, 1');
      expect(run([[0, 1, 2]], [[]])).toThrow('attend: expected keys for each of 1 sequences, got 0');
      expect(run([[0, 1, 2]], [[3]])).toThrow('embedding: expected indices from 0 to 2, got 3');
    });
    stepper.dispose();
  });
});

describe('gradients against central differences', () => {
  const input = (shape: number[], seed = 1): Input => ({ shape, values: scatteredValues(shape.reduce((a, b) => a * b, 1), seed) });
  it.each([
    ['embedding', (tape: Tape, table: Tensor) => embedding(tape, table, Int32Array.of(3, 0, 3, 3)), [input([4, 3])]],
    ['concatColumns', concatColumns, [input([3, 2]), input([3, 4], 2)]],
    ['attend', (tape: Tape, query: Tensor, keys: Tensor) => attention(tape, query, keys, [3, 1]), [input([6, 4]), input([6, 4], 2)]],
    ['attend, packed', (tape: Tape, query: Tensor, keys: Tensor) => attend(tape, query, keys, { queryRows: [Int32Array.of(0, 2), Int32Array.of(1)], keyRows: [Int32Array.of(3, 0), Int32Array.of(1, 2, 0)] }).context, [input([3, 4]), input([4, 4], 2)]],
    ['attend, weights alone', (tape: Tape, query: Tensor, keys: Tensor) => attend(tape, query, keys, Int32Array.of(2, 3)).weights, [input([4, 4]), input([6, 4], 2)]],
    ['softmaxCrossEntropy, ignoring and smoothing', (tape: Tape, x: Tensor) => softmaxCrossEntropy(tape, x, [2, 0, 4, 2], { ignoreIndex: 2, labelSmoothing: 0.2 }), [input([4, 5])]],
  ] as const)('%s', (_, op, inputs) => {
    expectGradients(core, op as never, inputs);
  });
});

describe.each(['float32', 'float64'] as DType[])('cross-entropy with options, %s', (dtype) => {
  const logits = scatteredValues(4 * 5, 3);
  const gradientOf = (labels: number[], options: object) => evaluate(core, (tape, x) => softmaxCrossEntropy(tape, x, labels, options), [{ shape: [4, 5], values: logits }], dtype, [1]).gradients[0]!;

  it('passes nothing to ignored rows, whatever they hold', () => {
    const gradient = gradientOf([1, -7, 3, -7], { ignoreIndex: -7 });
    expect(Array.from(gradient.slice(5, 10))).toEqual([0, 0, 0, 0, 0]);
    const values = [...logits];
    values.fill(NaN, 5, 10);
    const loss = evaluate(core, (tape, x) => softmaxCrossEntropy(tape, x, [1, -7, 3, -7], { ignoreIndex: -7 }), [{ shape: [4, 5], values }], dtype, [1]);
    expect(Number.isFinite(loss.output[0])).toBe(true);
    expect(loss.gradients[0]).toEqual(gradient);
  });

  it('refuses options out of range, and a mean over nothing', () => {
    const stepper = new Stepper(core);
    stepper.step((tape) => {
      const x = tape.from(logits, [4, 5], dtype);
      const run = (options: object, labels = [1, 1, 1, 1]) => () => softmaxCrossEntropy(tape, x, labels, options);
      expect(run({ labelSmoothing: 1.5 })).toThrow('softmaxCrossEntropy: expected labelSmoothing from 0 to 1, got 1.5');
      expect(run({ labelSmoothing: NaN })).toThrow('expected labelSmoothing from 0 to 1, got NaN');
      expect(run({ ignoreIndex: 0.5 })).toThrow('softmaxCrossEntropy: expected ignoreIndex of 32 bits, got 0.5');
      expect(run({ ignoreIndex: 1 })).toThrow('softmaxCrossEntropy: expected a label other than ignoreIndex 1, got none in 4 rows');
      expect(run({ ignoreIndex: 1, reduction: 'sum' })().item()).toBe(0);
      expect(run({ ignoreIndex: -1 }, [0, -1, -2, 0])).toThrow('softmaxCrossEntropy: expected labels from 0 to 4, got -2 in row 2');
      expect(run('sum' as never)).toThrow(TypeError);
    });
    stepper.dispose();
  });
});

describe('what does not fit', () => {
  it('is named', () => {
    const stepper = new Stepper(core);
    stepper.step((tape) => {
      const zeros = (...shape: number[]) => tape.from(new Array<number>(shape.reduce((a, b) => a * b, 1)).fill(0), shape);
      expect(() => embedding(tape, zeros(3, 2), Int32Array.of(0, 3))).toThrow('embedding: expected indices from 0 to 2, got 3');
      expect(() => embedding(tape, zeros(3), Int32Array.of(0))).toThrow('embedding: expected a matrix, got shape [3]');
      expect(() => concatColumns(tape, zeros(3, 2), zeros(2, 2))).toThrow('concatColumns: expected two matrices of equally many rows, got [3, 2] and [2, 2]');
      expect(() => attend(tape, zeros(3, 2), zeros(4, 2), Int32Array.of(1, 1))).toThrow('attend: expected query [steps * 2, hidden] and keys [steps * 2, hidden], got [3, 2] and [4, 2]');
      expect(() => attend(tape, zeros(2, 2), zeros(4, 2), Int32Array.of(1, 3))).toThrow('attend: expected lengths from 1 to 2, got 3');
      expect(() => attend(tape, zeros(2, 2), zeros(4, 2), Int32Array.of(0, 1))).toThrow('attend: expected lengths from 1 to 2, got 0');
    });
    stepper.dispose();
  });
});
