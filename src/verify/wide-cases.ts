// Cases large enough for threads to share: every family of kernels that is cut into parts (src/core/threads/cuts.ts).
import { Digest, type Core } from '../core/index.js';
import { Adam } from '../nn/index.js';
import { Generator } from '../random/index.js';
import {
  adaptiveAvgPool2d, add, argmax, avgPool2d, conv2d, cos, div, erf, exp, klDivergence, linear, log, logSoftmax, matmul, maxPool2d, mean, mse, mul, relu,
  scale, sigmoid, sin, softmax, softmaxCrossEntropy, sqrt, Stepper, sub, sum, sumOfSquares, tanh, Tensor, type DType,
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

/** Rows and columns that no vector, run or chunk divides, and enough for threads to share every rule. */
const [ROWS, COLUMNS] = [37, 5003];

/** Normal rows, of which a few values are NaN and infinite. */
function unruly(rows: Tensor): void {
  const { data } = rows;
  for (let i = 0; i < data.length; i += 1009) data[i] = [NaN, Infinity, -Infinity, -0][(i / 1009) % 4]!;
}

/** Digests every aggregation kernel over the rows [ROWS, COLUMNS] of one type. */
function aggregate(core: Core, digest: Digest, rows: Tensor, weights: Tensor): void {
  const suffix = rows.dtype === 'float32' ? 'f32' : 'f64';
  const { kernels } = core;
  const [x, w] = [rows.pointer, weights.pointer];
  const one = Tensor.zeros(core, [COLUMNS], rows.dtype), two = Tensor.zeros(core, [COLUMNS], rows.dtype);
  const gram = Tensor.zeros(core, [ROWS, ROWS], 'float64');
  const take = (name: string, run: (scratch: number) => void, scratchBytes: number, outputs: Tensor[]) => {
    run(core.scratch(scratchBytes, name));
    for (const output of outputs) digest.add(`${name} ${suffix}`, output.toArray());
  };
  const order = kernels[`aggregation_order_scratch_${suffix}`](ROWS), sums = kernels[`aggregation_sum_scratch_${suffix}`]();
  const products = kernels[`aggregation_cross_gram_scratch_${suffix}`](ROWS, ROWS);
  take('gram', (scratch) => kernels[`aggregation_gram_${suffix}`](x, ROWS, COLUMNS, COLUMNS, gram.pointer, scratch), kernels[`aggregation_gram_scratch_${suffix}`](ROWS), [gram]);
  take('cross gram', (scratch) => kernels[`aggregation_cross_gram_${suffix}`](x, ROWS, COLUMNS, x, ROWS, COLUMNS, COLUMNS, gram.pointer, scratch), products, [gram]);
  take('weighted sum', (scratch) => kernels[`aggregation_weighted_sum_${suffix}`](x, ROWS, COLUMNS, COLUMNS, w, one.pointer, scratch), sums, [one]);
  take('deviation', (scratch) => kernels[`aggregation_mean_deviation_${suffix}`](x, ROWS, COLUMNS, COLUMNS, 1, one.pointer, two.pointer, scratch), sums, [one, two]);
  unruly(rows);
  take('median', (scratch) => kernels[`aggregation_median_${suffix}`](x, ROWS - 1, COLUMNS, COLUMNS, 1, one.pointer, scratch), order, [one]);
  take('clamped', (scratch) => kernels[`aggregation_clamped_median_${suffix}`](x, ROWS, COLUMNS, COLUMNS, 12, x, 0, one.pointer, scratch), order, [one]);
  take('trimmed', (scratch) => kernels[`aggregation_trimmed_mean_${suffix}`](x, ROWS, COLUMNS, COLUMNS, 4, one.pointer, scratch), order, [one]);
  take('nearest', (scratch) => kernels[`aggregation_mean_around_median_${suffix}`](x, ROWS, COLUMNS, COLUMNS, 25, 0, one.pointer, scratch), order, [one]);
  for (const tensor of [one, two, gram]) tensor.dispose();
}

const aggregation: Case = {
  name: 'wide aggregation of rows',
  run: async (core) => {
    const digest = new Digest();
    for (const dtype of ['float32', 'float64'] as DType[]) {
      const generator = new Generator(core, 26);
      const rows = generator.randn([ROWS, COLUMNS], dtype), weights = generator.rand([ROWS], 'float64');
      aggregate(core, digest, rows, weights);
      for (const tensor of [rows, weights]) tensor.dispose();
      generator.dispose();
    }
    return digest.hex();
  },
};

/** Workers, samples of each, and a layer; columns go from flat in no worker to flat in all. */
const [WORKERS, BATCH, OUTPUTS, INPUTS] = [37, 3, 21, 331];
const OTHERS = 29;

/** Sets to zero what makes workers flat, ever more of them from column to column. */
function flatten(input: Tensor): void {
  const { data } = input;
  for (let at = 0; at < data.length; at++) {
    const column = at % INPUTS, sample = Math.floor(at / INPUTS);
    if ((7 * (column >> 3) + 3 * Math.floor(sample / BATCH) + sample) % WORKERS < (WORKERS * column) / INPUTS) data[at] = 0;
  }
}

const factors: Case = {
  name: 'wide aggregation of factors',
  run: async (core) => {
    const { kernels } = core;
    const digest = new Digest(), generator = new Generator(core, 27);
    const input = generator.randn([WORKERS * BATCH, INPUTS]), delta = generator.randn([WORKERS * BATCH, OUTPUTS]), weights = generator.rand([WORKERS]);
    const rows = generator.randn([OTHERS, OUTPUTS * (INPUTS + 1)]);
    flatten(input);
    const median = Tensor.zeros(core, [OUTPUTS * (INPUTS + 1)]), products = Tensor.zeros(core, [WORKERS, OTHERS], 'float64');
    const layer = [delta.pointer, input.pointer, WORKERS, BATCH, OUTPUTS, INPUTS, 0.4] as const;
    kernels.factored_median_f32(
      ...layer, 12, weights.pointer, rows.pointer, 1, 0, INPUTS, median.pointer, core.scratch(kernels.factored_median_scratch_f32(WORKERS, BATCH, OUTPUTS), 'median'),
    );
    kernels.factored_products_f32(
      ...layer, rows.pointer, OTHERS, OUTPUTS * (INPUTS + 1), products.pointer, OTHERS,
      core.scratch(kernels.factored_products_scratch_f32(WORKERS, BATCH, OUTPUTS, OTHERS), 'products'),
    );
    digest.add('median', median.toArray()).add('products', products.toArray());
    for (const tensor of [input, delta, weights, rows, median, products]) tensor.dispose();
    generator.dispose();
    return digest.hex();
  },
};

export const wideCases: readonly Case[] = [...products, ...convolutions, ...losses, ...elementwise, choices, optimizer, aggregation, factors];
