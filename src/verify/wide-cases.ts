// Cases large enough for threads to share: every family of kernels that is cut into parts (src/core/threads/cuts.ts).
import { Digest } from '../core/index.js';
import { Adam } from '../nn/index.js';
import { Generator } from '../random/index.js';
import {
  adaptiveAvgPool2d, add, argmax, avgPool2d, conv2d, cos, div, erf, exp, klDivergence, linear, log, logSoftmax, matmul, maxPool2d, mean, mse, mul, relu,
  scale, sigmoid, sin, softmax, softmaxCrossEntropy, sqrt, Stepper, sub, sum, sumOfSquares, tanh, type DType,
} from '../tensor/index.js';
import { gradientCase, type Case } from './operation-cases.js';

const products: Case[] = [
  gradientCase('wide linear with an input offset', [[500, 203], [170, 203], [170]], (tape, x, w, b) => linear(tape, x!, w!, b!, { activation: 'relu', inputOffset: -0.4 })),
  // relu leaves half of each factor zero: the sparse ways forward and, from either side, backward.
  gradientCase('wide product of a sparse factor', [[230, 151], [151, 190]], (tape, a, b) => matmul(tape, relu(tape, a!), b!)),
  gradientCase('wide product of two sparse factors', [[151, 230], [190, 151]], (tape, a, b) =>
    matmul(tape, relu(tape, a!), relu(tape, b!), { transposeA: true, transposeB: true }),
  ),
  gradientCase('wide product of few rows', [[9, 500], [500, 300]], (tape, a, b) => matmul(tape, a!, b!)),
];

const convolutions: Case[] = [
  gradientCase('wide conv2d', [[37, 3, 13, 14], [10, 3, 5, 3], [10]], (tape, x, w, b) =>
    conv2d(tape, x!, w!, b!, { padding: [2, 1], stride: [1, 1], activation: 'relu' }),
  ),
  gradientCase('wide pools', [[40, 9, 14, 12]], (tape, x) =>
    adaptiveAvgPool2d(tape, avgPool2d(tape, maxPool2d(tape, x!, { kernel: [2, 2], stride: [1, 1], padding: [0, 0] }), { kernel: [3, 2], stride: [1, 1], padding: [1, 1] }), [10, 9]),
  ),
];

const labels = Int32Array.from({ length: 2500 }, (_, i) => (i * 7) % 10);
const losses: Case[] = [
  gradientCase('wide cross-entropy', [[2500, 10]], (tape, x) => softmaxCrossEntropy(tape, x!, labels)),
  gradientCase('wide Kullback-Leibler divergence', [[2500, 10], [2500, 10]], (tape, a, b) => klDivergence(tape, a!, b!, 2)),
  gradientCase('wide mean squared error', [[14_001, 10], [14_001, 10]], (tape, a, b) => mse(tape, a!, b!)),
  gradientCase('wide softmaxes', [[2500, 10]], (tape, x) => add(tape, softmax(tape, x!), logSoftmax(tape, x!))),
];

const elementwise: Case[] = [
  gradientCase('wide arithmetic', [[70_003], [70_003]], (tape, a, b) => scale(tape, div(tape, sub(tape, add(tape, a!, b!), mul(tape, a!, b!)), exp(tape, b!)), 0.3)),
  gradientCase('wide functions', [[20_003]], (tape, x) => {
    const square = mul(tape, x!, x!);
    return add(tape, mul(tape, sin(tape, x!), cos(tape, x!)), add(tape, log(tape, exp(tape, square)), add(tape, erf(tape, sqrt(tape, exp(tape, x!))), sigmoid(tape, tanh(tape, x!)))));
  }),
  gradientCase('wide sums', [[140_001]], (tape, x) => add(tape, sum(tape, x!), mean(tape, x!))),
];

const choices: Case = {
  name: 'wide argmax and sum of squares',
  run: async (core) => {
    const digest = new Digest();
    for (const dtype of ['float32', 'float64'] as DType[]) {
      const generator = new Generator(core, 24);
      const x = generator.randn([14_001, 10], dtype);
      digest.add('argmax', Array.from(argmax(x))).add('sum of squares', [sumOfSquares(x)]);
      x.dispose();
      generator.dispose();
    }
    return digest.hex();
  },
};

const optimizer: Case = {
  name: 'wide Adam',
  run: async (core) => {
    const digest = new Digest();
    for (const dtype of ['float32', 'float64'] as DType[]) {
      const generator = new Generator(core, 25);
      const parameter = generator.randn([17_003], dtype);
      parameter.requiresGrad = true;
      const adam = new Adam([parameter], { lr: 0.01, amsgrad: true });
      const stepper = new Stepper(core);
      for (let i = 0; i < 2; i++) {
        stepper.step((tape) => {
          tape.backward(sum(tape, mul(tape, parameter, parameter)));
          adam.step();
        });
      }
      digest.add(dtype, parameter.toArray());
      stepper.dispose();
      adam.dispose();
      parameter.dispose();
      generator.dispose();
    }
    return digest.hex();
  },
};

export const wideOperationCases: readonly Case[] = [...products, ...convolutions, ...losses, ...elementwise, choices, optimizer];
