// Forward values and gradients against PyTorch's (test/reference/ops.py made fixtures/ops.json).
import { existsSync, readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { openCore, type Core } from '../../src/core/index.js';
import * as ops from '../../src/tensor/index.js';
import type { Activation, DType, Pair, Tape, Tensor } from '../../src/tensor/index.js';
import { evaluate, type Input } from './finite-differences.js';

type Array_ = Input & { values: number[] };

interface Case {
  op: string;
  attributes: Record<string, unknown>;
  dtype: DType;
  inputs: Record<string, Array_>;
  output: Array_;
  upstream: Array_;
  gradients: Record<string, Array_>;
}

const file = new URL('../reference/fixtures/ops.json', import.meta.url);
const fixtures = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as { cases: Case[] }).cases : [];

type Runner = (tape: Tape, inputs: Record<string, Tensor>, attributes: never) => Tensor;
interface Window {
  kernel: Pair;
  stride: Pair;
  padding: Pair;
  dilation: Pair;
}

const unary = (op: (tape: Tape, x: Tensor) => Tensor): Runner => (tape, { x }) => op(tape, x!);
const binary = (op: (tape: Tape, a: Tensor, b: Tensor) => Tensor): Runner => (tape, { a, b }) => op(tape, a!, b!);

const runners: Record<string, Runner> = {
  relu: unary(ops.relu), gelu: unary(ops.gelu), tanh: unary(ops.tanh), sigmoid: unary(ops.sigmoid),
  exp: unary(ops.exp), log: unary(ops.log), sin: unary(ops.sin), cos: unary(ops.cos), erf: unary(ops.erf),
  sum: unary(ops.sum), mean: unary(ops.mean), softmax: unary(ops.softmax), log_softmax: unary(ops.logSoftmax),
  add: binary(ops.add), sub: binary(ops.sub), mul: binary(ops.mul), div: binary(ops.div),
  scale: (tape, { x }, { factor }: { factor: number }) => ops.scale(tape, x!, factor),
  matmul: (tape, { a, b }, at: { transpose_a: boolean; transpose_b: boolean }) =>
    ops.matmul(tape, a!, b!, { transposeA: at.transpose_a, transposeB: at.transpose_b }),
  linear: (tape, { x, weight, bias }, at: { activation: Activation }) => ops.linear(tape, x!, weight!, bias ?? null, { activation: at.activation }),
  conv2d: (tape, { x, weight, bias }, { stride, padding, dilation }: Window) =>
    ops.conv2d(tape, x!, weight!, bias ?? null, { stride, padding, dilation }),
  cross_entropy: (tape, { logits }, at: { target: number[]; reduction: 'mean' | 'sum' }) =>
    ops.softmaxCrossEntropy(tape, logits!, at.target, { reduction: at.reduction }),
  mse_loss: (tape, { prediction, target }) => ops.mse(tape, prediction!, target!),
  kl: (tape, { student, teacher }, at: { temperature: number }) => ops.klDivergence(tape, student!, teacher!, at.temperature),
  max_pool2d: (tape, { x }, { kernel, stride, padding }: Window) => ops.maxPool2d(tape, x!, { kernel, stride, padding }),
  avg_pool2d: (tape, { x }, { kernel, stride, padding }: Window) => ops.avgPool2d(tape, x!, { kernel, stride, padding }),
  adaptive_avg_pool2d: (tape, { x }, { output }: { output: Pair }) => ops.adaptiveAvgPool2d(tape, x!, output),
};

/**
 * float64 must agree to 1e-12. float32 is compared with the float64 truth of the same numbers: 1e-5 of
 * the value, for inputs of one rounding (6e-8) pass through a slope and up to a hundred terms, plus 1e-6 of the
 * array's largest value, for a small result of large terms keeps their rounding (PyTorch's float32 does too).
 */
function expectClose(actual: ArrayLike<number>, truth: readonly number[], dtype: DType, what: string): void {
  expect(actual.length, what).toBe(truth.length);
  const largest = truth.reduce((most, value) => (Number.isFinite(value) ? Math.max(most, Math.abs(value)) : most), 0);
  const [relative, absolute] = dtype === 'float64' ? [1e-12, 1e-13 * largest] : [1e-5, 1e-6 * largest];
  truth.forEach((expected, i) => {
    if (Object.is(actual[i], expected) || actual[i] === expected) return;
    const bound = relative * Math.abs(expected) + absolute;
    expect(Math.abs(actual[i]! - expected), `${what}, value ${i}: ${actual[i]} against ${expected}`).toBeLessThanOrEqual(bound);
  });
}

/** The float64 case on the same numbers. */
function truthOf(fixture: Case): Case {
  const key = JSON.stringify(fixture.attributes);
  return fixtures.find(({ op, dtype, attributes }) => op === fixture.op && dtype === 'float64' && JSON.stringify(attributes) === key)!;
}

describe.skipIf(fixtures.length === 0)('values and gradients of PyTorch', () => {
  let core: Core;
  beforeAll(async () => {
    core = await openCore();
  });

  const covered = fixtures.filter(({ op }) => op in runners);
  it('covers every op of the fixtures but the optimiser', () => {
    expect(new Set(fixtures.map(({ op }) => op).filter((op) => !(op in runners)))).toEqual(new Set(['adam']));
  });

  it.each(covered.map((fixture) => [`${fixture.op} ${fixture.dtype} ${JSON.stringify(fixture.attributes)}`, fixture] as const))(
    '%s',
    (_name, fixture) => {
      const names = Object.keys(fixture.inputs);
      const op = (tape: Tape, ...tensors: Tensor[]) =>
        runners[fixture.op]!(tape, Object.fromEntries(names.map((name, i) => [name, tensors[i]!])), fixture.attributes as never);
      const result = evaluate(core, op, Object.values(fixture.inputs), fixture.dtype, fixture.upstream.values);
      const truth = truthOf(fixture);
      // NumPy's ascontiguousarray, which wrote the fixtures, makes a scalar's shape [1].
      expect(result.shape.length === 0 ? [1] : result.shape).toEqual(fixture.output.shape);
      expectClose(result.output, truth.output.values, fixture.dtype, 'output');
      names.forEach((name, i) => {
        const expected = truth.gradients[name];
        if (expected !== undefined) expectClose(result.gradients[i]!, expected.values, fixture.dtype, `gradient of ${name}`);
      });
    },
  );
});
