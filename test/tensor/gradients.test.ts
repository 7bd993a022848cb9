// Every op's gradient against central differences in float64, in both builds of the core.
import { beforeAll, describe, expect, it } from 'vitest';
import { openCore, type Core, type Profile } from '../../src/core/index.js';
import * as ops from '../../src/tensor/index.js';
import type { Tape, Tensor } from '../../src/tensor/index.js';
import { expectGradients, scatteredValues, type Input, type Op } from './finite-differences.js';

const input = (shape: number[], seed = 1): Input => ({ shape, values: scatteredValues(ops.sizeOf(shape), seed) });
const positive = (shape: number[]): Input => ({ shape, values: scatteredValues(ops.sizeOf(shape)).map((x) => Math.abs(x) + 0.1) });
/** Distinct values, far enough apart that no step of the differences changes a maximum. */
const distinct = (shape: number[]): Input => ({
  shape,
  values: Array.from({ length: ops.sizeOf(shape) }, (_, i) => ((i * 37) % 101) / 10 - 5),
});

type Case = [name: string, op: Op, ...inputs: Input[]];

const cases: Case[] = [
  ['relu', ops.relu, input([3, 5])],
  ['gelu', ops.gelu, input([3, 5])],
  ['tanh', ops.tanh, input([3, 5])],
  ['sigmoid', ops.sigmoid, input([3, 5])],
  ['exp', ops.exp, input([7])],
  ['log', ops.log, positive([7])],
  ['sin', ops.sin, input([7])],
  ['cos', ops.cos, input([7])],
  ['erf', ops.erf, input([7])],
  ['sqrt', ops.sqrt, positive([7])],
  ['add', ops.add, input([2, 3]), input([2, 3], 2)],
  ['sub', ops.sub, input([2, 3]), input([2, 3], 2)],
  ['mul', ops.mul, input([2, 3]), input([2, 3], 2)],
  ['div', ops.div, input([2, 3]), positive([2, 3])],
  ['mul of a tensor with itself', (tape, x) => ops.mul(tape, x, x), input([5])],
  ['scale', (tape, x) => ops.scale(tape, x, -2.5), input([5])],
  ['sum', ops.sum, input([3, 3])],
  ['mean', ops.mean, input([3, 3])],
  ['reshape', (tape, x) => ops.reshape(tape, ops.tanh(tape, x), [6]), input([2, 3])],
  ['flatten', (tape, x) => ops.flatten(tape, ops.tanh(tape, x)), input([2, 3, 2])],
  ['softmax', ops.softmax, input([3, 5])],
  ['logSoftmax', ops.logSoftmax, input([3, 5])],
  ['softmaxCrossEntropy, mean', (tape, x) => ops.softmaxCrossEntropy(tape, x, [0, 4, 2]), input([3, 5])],
  ['softmaxCrossEntropy, sum', (tape, x) => ops.softmaxCrossEntropy(tape, x, [1, 1], { reduction: 'sum' }), input([2, 4])],
  ['mse', ops.mse, input([3, 3]), input([3, 3], 2)],
  ['klDivergence', (tape, s, t) => ops.klDivergence(tape, s, t, 1.5), input([3, 5]), input([3, 5], 2)],
  ['maxPool2d 2x2', (tape, x) => ops.maxPool2d(tape, x, { kernel: [2, 2] }), distinct([1, 1, 4, 10])],
  ['maxPool2d overlapping', (tape, x) => ops.maxPool2d(tape, x, { kernel: [3, 2], stride: [1, 2], padding: [1, 1] }), distinct([1, 2, 5, 4])],
  ['avgPool2d 2x2', (tape, x) => ops.avgPool2d(tape, x, { kernel: [2, 2] }), input([1, 1, 4, 10])],
  ['avgPool2d overlapping', (tape, x) => ops.avgPool2d(tape, x, { kernel: [3, 2], stride: [1, 2], padding: [1, 1] }), input([1, 2, 5, 4])],
  ['adaptiveAvgPool2d', (tape, x) => ops.adaptiveAvgPool2d(tape, x, [3, 2]), input([1, 2, 5, 4])],
  ['adaptiveAvgPool2d to more pixels', (tape, x) => ops.adaptiveAvgPool2d(tape, x, [3, 5]), input([1, 1, 2, 3])],
  ['matmul', (tape, a, b) => ops.matmul(tape, a, b), input([3, 4]), input([4, 2], 2)],
];
for (const activation of ['none', 'relu', 'gelu', 'tanh', 'sigmoid'] as const) {
  const linear = (tape: Tape, x: Tensor, weight: Tensor, bias: Tensor) => ops.linear(tape, x, weight, bias, { activation });
  cases.push([`linear, ${activation}`, linear, input([3, 4]), input([5, 4], 2), input([5], 3)]);
  const convolution = (tape: Tape, x: Tensor, weight: Tensor, bias: Tensor) =>
    ops.conv2d(tape, x, weight, bias, { padding: [1, 1], activation });
  cases.push([`conv2d, ${activation}`, convolution, input([2, 2, 3, 4]), input([3, 2, 2, 3], 2), input([3], 3)]);
}

/** Node 20 has the fused build's instructions only with --experimental-wasm-relaxed-simd. */
const fusedOpens = await openCore({ profile: 'fused' }).then(() => true, () => false);
const profiles: Profile[] = fusedOpens ? ['strict', 'fused'] : ['strict'];

describe.each(profiles)('gradients against central differences, %s build', (profile) => {
  let core: Core;
  beforeAll(async () => {
    core = await openCore({ profile });
  });

  it('is the build asked for', () => {
    expect(core.profile).toBe(profile);
  });

  it.each(cases)('%s', (_name, op, ...inputs) => {
    expectGradients(core, op, inputs);
  });
});
