// One small case for every family of kernels: forward, gradients, odd sizes, both dtypes.
import { Digest, type Core } from '../core/index.js';
import { Adam } from '../nn/index.js';
import { Generator, randomSplit, shuffledOrder } from '../random/index.js';
import {
  adaptiveAvgPool2d, add, argmax, avgPool2d, conv2d, cos, div, erf, exp, klDivergence, linear, log, logSoftmax, matmul, maxPool2d, mean, mse, mul,
  scale, sin, softmax, softmaxCrossEntropy, sqrt, Stepper, sub, sum, tanh, Tensor, type Activation, type DType, type Tape,
} from '../tensor/index.js';

/** A named computation whose digest is the same on every machine. */
export interface Case {
  name: string;
  run(core: Core): Promise<string>;
}

/** One step on a stepper of its own, whose memory goes at its end. */
function stepOnce(core: Core, body: (tape: Tape) => void): void {
  const stepper = new Stepper(core);
  stepper.step(body);
  stepper.dispose();
}

/** An op over inputs of given shapes. */
type Op = (tape: Tape, ...inputs: Tensor[]) => Tensor;

/** Runs `op` on normal inputs of the given shapes in both dtypes; digests the output and every gradient. */
export function gradientCase(name: string, shapes: number[][], op: Op): Case {
  return {
    name,
    run: async (core) => {
      const digest = new Digest();
      for (const dtype of ['float32', 'float64'] as DType[]) {
        const generator = new Generator(core, 20);
        const inputs = shapes.map((shape) => generator.randn(shape, dtype));
        for (const input of inputs) input.requiresGrad = true;
        stepOnce(core, (tape) => {
          const output = op(tape, ...inputs);
          const upstream = generator.randn(output.shape, dtype);
          tape.backward(output, upstream);
          digest.add(`${dtype} output`, output.toArray());
          inputs.forEach(({ grad }, index) => grad !== undefined && digest.add(`${dtype} gradient ${index}`, grad.toArray()));
          upstream.dispose();
        });
        for (const input of inputs) input.dispose();
        generator.dispose();
      }
      return digest.hex();
    },
  };
}

const transposes = [false, true].flatMap((transposeA) => [false, true].map((transposeB) => ({ transposeA, transposeB })));

const products: Case[] = transposes.map(({ transposeA, transposeB }) =>
  gradientCase(`matmul ${transposeA ? 'T' : 'N'}${transposeB ? 'T' : 'N'}`, [transposeA ? [300, 37] : [37, 300], transposeB ? [29, 300] : [300, 29]], (tape, a, b) =>
    matmul(tape, a!, b!, { transposeA, transposeB }),
  ),
);

const layers: Case[] = (['none', 'relu', 'gelu', 'tanh', 'sigmoid'] as Activation[]).map((activation) =>
  gradientCase(`linear ${activation}`, [[17, 33], [19, 33], [19]], (tape, x, weight, bias) => linear(tape, x!, weight!, bias!, { activation })),
);

layers.push(gradientCase('linear with an input offset', [[17, 33], [19, 33], [19]], (tape, x, weight, bias) =>
  linear(tape, x!, weight!, bias!, { activation: 'relu', inputOffset: -0.4242129623889923 }),
));

const convolutions: Case[] = [
  gradientCase('conv2d padded', [[2, 3, 9, 11], [5, 3, 3, 3], [5]], (tape, x, w, b) => conv2d(tape, x!, w!, b!, { padding: [1, 1], activation: 'relu' })),
  gradientCase('conv2d strided and dilated', [[2, 2, 13, 12], [3, 2, 3, 2], [3]], (tape, x, w, b) =>
    conv2d(tape, x!, w!, b!, { stride: [2, 1], padding: [2, 0], dilation: [2, 3], activation: 'gelu' }),
  ),
];

const window = { kernel: [3, 2], stride: [2, 2], padding: [1, 1] } as const;
const pools: Case[] = [
  gradientCase('max pool', [[2, 3, 9, 10]], (tape, x) => maxPool2d(tape, x!, window)),
  gradientCase('max pool 2x2', [[2, 3, 8, 10]], (tape, x) => maxPool2d(tape, x!, { kernel: [2, 2], stride: [2, 2], padding: [0, 0] })),
  gradientCase('average pool', [[2, 3, 9, 10]], (tape, x) => avgPool2d(tape, x!, window)),
  gradientCase('adaptive average pool', [[2, 3, 9, 10]], (tape, x) => adaptiveAvgPool2d(tape, x!, [4, 3])),
];

const labels = Int32Array.from({ length: 31 }, (_, i) => (i * 7) % 10);
const losses: Case[] = [
  gradientCase('cross-entropy mean', [[31, 10]], (tape, x) => softmaxCrossEntropy(tape, x!, labels)),
  gradientCase('cross-entropy sum', [[31, 10]], (tape, x) => softmaxCrossEntropy(tape, x!, labels, { reduction: 'sum' })),
  gradientCase('mean squared error', [[31, 10], [31, 10]], (tape, a, b) => mse(tape, a!, b!)),
  gradientCase('Kullback-Leibler divergence', [[31, 10], [31, 10]], (tape, a, b) => klDivergence(tape, a!, b!, 2)),
  gradientCase('softmax', [[31, 10]], (tape, x) => softmax(tape, x!)),
  gradientCase('log-softmax', [[31, 10]], (tape, x) => logSoftmax(tape, x!)),
];

const arithmetic: Case[] = [
  gradientCase('arithmetic', [[257], [257]], (tape, a, b) => scale(tape, div(tape, sub(tape, add(tape, a!, b!), mul(tape, a!, b!)), exp(tape, b!)), 0.3)),
  gradientCase('sum and mean', [[1031]], (tape, x) => add(tape, sum(tape, x!), mean(tape, x!))),
];

/** Left and right factors of which two in three are zero take the other ways through the product. */
const sparseProducts: Case = {
  name: 'matmul of sparse factors',
  run: async (core) => {
    const digest = new Digest();
    for (const dtype of ['float32', 'float64'] as DType[]) {
      const generator = new Generator(core, 23);
      const thin = (tensor: Tensor) => {
        const { data } = tensor;
        for (let i = 0; i < data.length; i++) if (i % 3 !== 0) data[i] = 0;
        return tensor;
      };
      const full = generator.randn([170, 300], dtype);
      const sparse = thin(generator.randn([300, 93], dtype));
      stepOnce(core, (tape) => {
        digest.add(`${dtype} right`, matmul(tape, full, sparse).toArray());
        digest.add(`${dtype} left`, matmul(tape, sparse, full, { transposeA: true, transposeB: true }).toArray());
      });
      for (const tensor of [full, sparse]) tensor.dispose();
      generator.dispose();
    }
    return digest.hex();
  },
};

/** Every function over the whole range of float32 bit patterns, NaN and infinities among them. */
const functions: Case[] = Object.entries({ exp, log, tanh, erf, sin, cos, sqrt }).map(([name, op]) => ({
  name: `function ${name}`,
  run: async (core) => {
    const bits = Uint32Array.from({ length: 20_011 }, (_, i) => Math.imul(i, 214_631) >>> 0);
    const values = new Float32Array(bits.buffer);
    const digest = new Digest();
    for (const dtype of ['float32', 'float64'] as DType[]) {
      const x = Tensor.from(core, values, [values.length], dtype);
      stepOnce(core, (tape) => void digest.add(dtype, op(tape, x).toArray()));
      x.dispose();
    }
    return digest.hex();
  },
}));

const randomStream: Case = {
  name: 'random stream',
  run: async (core) => {
    const generator = new Generator(core, 1_234_567_890_123);
    const digest = new Digest();
    const take = (name: string, tensor: Tensor) => {
      digest.add(name, tensor.toArray());
      tensor.dispose();
    };
    for (const dtype of ['float32', 'float64'] as DType[]) {
      take('rand', generator.rand([1001], dtype));
      take('uniform', generator.uniform([1001], -0.3, 0.7, dtype));
      for (const count of [3, 16, 21, 1000]) take(`normal ${count}`, generator.randn([count], dtype));
      take('bernoulli', generator.bernoulli(0.3, [1001], dtype));
    }
    digest.add('randperm', Array.from(generator.randperm(1000)));
    digest.add('randint', Array.from(generator.randint(-5, 1000, 100)));
    digest.add('loader order', Array.from(shuffledOrder(generator, 1000)));
    digest.add('split', randomSplit(generator, 100, [70, 30]).flatMap((part) => Array.from(part)));
    digest.add('state', Array.from(generator.state()));
    generator.dispose();
    return digest.hex();
  },
};

const optimizer: Case = {
  name: 'Adam',
  run: async (core) => {
    const digest = new Digest();
    for (const dtype of ['float32', 'float64'] as DType[]) {
      const generator = new Generator(core, 21);
      const parameter = generator.randn([1031], dtype);
      parameter.requiresGrad = true;
      const adam = new Adam([parameter], { lr: 0.01, weightDecay: 0.01, amsgrad: true });
      const stepper = new Stepper(core);
      for (let i = 0; i < 5; i++) {
        stepper.step((tape) => {
          tape.backward(sum(tape, mul(tape, tanh(tape, parameter), parameter)));
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

const choices: Case = {
  name: 'argmax',
  run: async (core) => {
    const generator = new Generator(core, 22);
    const x = generator.randn([101, 7]);
    const chosen = argmax(x);
    x.dispose();
    generator.dispose();
    return new Digest().add('argmax', Array.from(chosen)).hex();
  },
};

export const operationCases: readonly Case[] = [
  ...products, sparseProducts, ...layers, ...convolutions, ...pools, ...losses, ...arithmetic, ...functions, randomStream, optimizer, choices,
];
