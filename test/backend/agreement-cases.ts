// Every op that a device makes, with inputs; tests run them in Node and in a browser's page.
import type { Core } from '../../src/core/index.js';
import * as ops from '../../src/tensor/index.js';
import { Tensor, type Placement, type Tape } from '../../src/tensor/index.js';
import { scatteredValues } from '../tensor/scattered-values.js';

type Op = (tape: Tape, ...inputs: Tensor[]) => Tensor;
export type Case = [name: string, op: Op, ...shapes: number[][]];

const labels = Int32Array.from({ length: 31 }, (_, row) => (row * 7) % 10);
export const cases: Case[] = [
  ['relu', ops.relu, [33, 40]], ['gelu', ops.gelu, [33, 40]], ['tanh', ops.tanh, [33, 40]], ['sigmoid', ops.sigmoid, [33, 40]],
  ['add', ops.add, [33, 40], [33, 40]],
  ['add of a tensor to itself', (tape, x) => ops.add(tape, x, x), [33, 40]],
  ['scale', (tape, x) => ops.scale(tape, x, -2.5), [33, 40]],
  ['reshape', (tape, x) => ops.reshape(tape, ops.tanh(tape, x), [40, 33]), [33, 40]],
  ['flatten', (tape, x) => ops.flatten(tape, ops.tanh(tape, x)), [5, 4, 3]],
  ['softmaxCrossEntropy, mean', (tape, x) => ops.softmaxCrossEntropy(tape, x, labels), [31, 10]],
  ['softmaxCrossEntropy, sum', (tape, x) => ops.softmaxCrossEntropy(tape, x, labels, { reduction: 'sum' }), [31, 10]],
  ['mse', ops.mse, [31, 10], [31, 10]],
  ['klDivergence, by the core', (tape, a, b) => ops.klDivergence(tape, a, b, 2), [31, 10], [31, 10]],
  ['max pool 2x2', (tape, x) => ops.maxPool2d(tape, x, { kernel: [2, 2] }), [2, 3, 8, 10]],
  ['max pool, padded and overlapping', (tape, x) => ops.maxPool2d(tape, x, { kernel: [3, 2], stride: [2, 2], padding: [1, 1] }), [2, 3, 9, 10]],
  ['average pool 2x2', (tape, x) => ops.avgPool2d(tape, x, { kernel: [2, 2] }), [2, 3, 8, 10]],
  ['average pool, padded and overlapping', (tape, x) => ops.avgPool2d(tape, x, { kernel: [3, 2], stride: [2, 2], padding: [1, 1] }), [2, 3, 9, 10]],
  ['adaptive average pool', (tape, x) => ops.adaptiveAvgPool2d(tape, x, [4, 3]), [2, 3, 9, 10]],
  ['adaptive average pool to more pixels', (tape, x) => ops.adaptiveAvgPool2d(tape, x, [4, 5]), [2, 3, 2, 3]],
];
for (const transposeA of [false, true]) {
  for (const transposeB of [false, true]) {
    const shapes = [transposeA ? [90, 37] : [37, 90], transposeB ? [29, 90] : [90, 29]];
    cases.push([`matmul ${transposeA ? 'T' : 'N'}${transposeB ? 'T' : 'N'}`, (tape, a, b) => ops.matmul(tape, a, b, { transposeA, transposeB }), ...shapes]);
  }
}
for (const activation of ['none', 'relu', 'gelu', 'tanh', 'sigmoid'] as const) {
  cases.push([`linear, ${activation}`, (tape, x, weight, bias) => ops.linear(tape, x, weight, bias, { activation }), [17, 90], [19, 90], [19]]);
  const padding = [1, 1] as const;
  cases.push([`conv2d, ${activation}`, (tape, x, w, b) => ops.conv2d(tape, x, w, b, { padding, activation }), [2, 3, 9, 11], [5, 3, 3, 3], [5]]);
}
const offset = { activation: 'relu', inputOffset: -0.42 } as const;
cases.push(
  ['linear without a bias', (tape, x, weight) => ops.linear(tape, x, weight, null), [17, 90], [19, 90]],
  ['linear with an input offset', (tape, x, weight, bias) => ops.linear(tape, x, weight, bias, offset), [17, 90], [19, 90], [19]],
  ['linear with an input offset and no bias', (tape, x, weight) => ops.linear(tape, x, weight, null, offset), [17, 90], [19, 90]],
  ['conv2d without a bias', (tape, x, w) => ops.conv2d(tape, x, w, null), [2, 1, 9, 11], [5, 1, 3, 3]],
  ['conv2d, strided', (tape, x, w, b) => ops.conv2d(tape, x, w, b, { stride: [2, 3], padding: [2, 1] }), [2, 2, 13, 12], [3, 2, 5, 4], [3]],
  ['conv2d, dilated', (tape, x, w, b) => ops.conv2d(tape, x, w, b, { dilation: [2, 3], activation: 'gelu' }), [2, 2, 13, 12], [3, 2, 3, 2], [3]],
  ['conv2d, strided and dilated', (tape, x, w, b) => ops.conv2d(tape, x, w, b, { stride: [2, 1], padding: [2, 0], dilation: [2, 3] }), [2, 2, 13, 12], [3, 2, 3, 2], [3]],
);

export interface Outcome {
  name: string;
  values: Float32Array;
}

/** Output and gradients of an op on scattered inputs. */
export async function evaluate(core: Core, op: Op, shapes: number[][], placement?: Placement): Promise<Outcome[]> {
  const leaves = shapes.map((shape, index) => Tensor.from(core, scatteredValues(ops.sizeOf(shape), index + 1), shape));
  for (const leaf of leaves) leaf.requiresGrad = true;
  const stepper = new ops.Stepper(core, placement);
  try {
    return await stepper.step(async (tape: Tape) => {
      const output = op(tape, ...leaves);
      if (placement?.device.readSync === undefined) await output.fetch();
      tape.backward(output, tape.from(scatteredValues(output.size, 7), output.shape));
      const outcomes = [{ name: 'output', values: (await output.fetch()).toArray() as Float32Array }];
      for (const [index, leaf] of leaves.entries()) {
        outcomes.push({ name: `gradient ${index}`, values: (await leaf.grad!.fetch()).toArray() as Float32Array });
      }
      return outcomes;
    });
  } finally {
    for (const leaf of leaves) leaf.dispose();
    stepper.dispose();
  }
}

/** Largest difference relative to the largest expected value. */
export function relativeError(expected: Float32Array, got: Float32Array): number {
  const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return expected.reduce((most, value, index) => Math.max(most, Math.abs(value - got[index]!)), 0) / largest;
}
