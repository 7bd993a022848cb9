// Gaussianity of layers and robustness to noise: what a Gaussian unit gives, what the library gives, what is refused.
import { beforeAll, describe, expect, it } from 'vitest';
import { openCore, type Core } from '../../src/core/index.js';
import { Float32Network } from '../../src/experiments/moments/float32-network.js';
import {
  LENET, resolveGaussianityConfig, resolveRobustnessConfig, runGaussianity, runRobustness, type GaussianityData, type LoadedNetwork, type MomentEvent, type MomentResult,
  type TableRow,
} from '../../src/experiments/moments/index.js';
import { readNetwork } from '../../src/moments/model-file.js';
import { encodeSafetensors, decodeSafetensors, type NamedArray } from '../../src/nn/index.js';
import { Generator } from '../../src/random/index.js';
import { Stepper, Tensor } from '../../src/tensor/index.js';
import { madeUpDataset } from '../../src/verify/made-up.js';

let core: Core;
beforeAll(async () => {
  core = await openCore({ kernels: 'all' });
});

async function resultOf<R extends TableRow>(events: AsyncIterable<MomentEvent<R>>): Promise<MomentResult<R>> {
  for await (const event of events) if (event.type === 'finished') return event.result;
  throw new Error('the run ended without a result');
}

const gaussianity = (values: Record<string, unknown>, data: Partial<GaussianityData> = {}) =>
  resultOf(runGaussianity(core, resolveGaussianityConfig(values), { model: undefined, images: undefined, ...data }));

function loaded(description: { input: unknown; layers: unknown[] }, tensors: ReadonlyMap<string, NamedArray> = new Map()): LoadedNetwork {
  return { network: readNetwork(core, JSON.stringify(description), 'net.json', tensors), description: description as LoadedNetwork['description'], tensors, hash: '' };
}

/** float32 normals with the shapes of a small network of images. */
function drawn(shapes: Record<string, readonly number[]>): Map<string, NamedArray> {
  const generator = new Generator(core, 3);
  const stepper = new Stepper(core);
  const tensors = Object.entries(shapes).map(([name, shape]): [string, NamedArray] => [name, stepper.step((tape) => ({
    dtype: 'float32', shape, values: generator.fillNormal(tape.empty(shape, 'float32', name), 0, 0.2).toArray(),
  }))]);
  stepper.dispose();
  generator.dispose();
  // Through a file, as they come from one.
  return decodeSafetensors(encodeSafetensors({ tensors: new Map(tensors), metadata: {} }), 'net.safetensors').tensors;
}

const convolutional = {
  input: [1, 28, 28],
  layers: [
    { kind: 'conv2d', weight: 'c.weight', bias: 'c.bias', padding: [2, 1], stride: 2 }, { kind: 'maxPool2d', kernel: 2 }, { kind: 'relu' },
    { kind: 'residual', layers: [{ kind: 'conv2d', weight: 'r.weight', padding: 1 }, { kind: 'tanh' }] },
    { kind: 'averagePool2d', kernel: [7, 2], stride: [7, 2] }, { kind: 'flatten' }, { kind: 'linear', weight: 'f.weight', bias: 'f.bias' }, { kind: 'linear', weight: [[1, 0, 1], [0, 1, -1]], bias: [0, 1] },
  ],
};
const shapes = { 'c.weight': [4, 1, 5, 5], 'c.bias': [4], 'r.weight': [4, 4, 3, 3], 'f.weight': [3, 12], 'f.bias': [3] };

describe('a network in float32', () => {
  it('is the float64 one to rounding', () => {
    const { network, description, tensors } = loaded(convolutional, drawn(shapes));
    const single = new Float32Network(core, description, tensors);
    const stepper = new Stepper(core);
    const images = Float32Array.from({ length: 3 * 784 }, (_, at) => ((at * 37) % 101) / 50 - 1);
    const [wide, narrow] = stepper.step((tape) => [
      network.forward(tape, tape.from(images, [3, 784], 'float64')).toArray(), single.forward(tape, tape.from(images, [3, 784], 'float32')).toArray(),
    ]);
    expect(narrow!.length).toBe(6);
    // Sums of at most 36 products of numbers near 1, through four layers: some units of 2^-24.
    narrow!.forEach((value, index) => expect(Math.abs(value - wide![index]!)).toBeLessThan(1e-5));
    single.dispose();
    stepper.dispose();
  });

  it('refuses convolutions in groups, and leaves nothing behind', () => {
    const before = core.memory.allocatedBytes;
    const grouped = { input: [2, 4, 4], layers: [{ kind: 'conv2d', weight: [[[[1]]], [[[1]]]], groups: 2 }] };
    expect(() => new Float32Network(core, grouped, new Map())).toThrow('layers[0]: expected a convolution of 1 group, got 2');
    expect(core.memory.allocatedBytes).toBe(before);
  });
});

describe('gaussianity', () => {
  it('is high for a linear layer, lower behind a ReLU, and 0 for constant units', async () => {
    const weight = [[1, 0], [0.5, -1], [0, 0]];
    const model = loaded({ input: 2, layers: [{ kind: 'linear', weight, bias: [0, 0, 1] }, { kind: 'relu' }] });
    const { rows, further: [fits] } = await gaussianity({ count: 2000, sigma: 2 }, { model });
    const [linear, relu] = rows as [typeof rows[0], typeof rows[0]];
    expect([linear.kind, linear.units, linear.constant]).toEqual(['linear', 3, 1]);
    expect(linear.mean_fit_varying).toBeGreaterThan(0.94);
    expect(linear.mean_fit).toBeCloseTo((2 * linear.mean_fit_varying) / 3, 12);
    expect(relu.mean_fit_varying).toBeLessThan(linear.mean_fit_varying);
    expect(relu.normality_rejected).toBe(1);
    for (const layer of [0, 1]) {
      const histogram = fits!.rows.filter((row) => row.layer === layer);
      expect(histogram.reduce((total, { units }) => total + (units as number), 0)).toBe(3);
      expect(histogram[0]!.units, 'the constant unit').toBe(1);
      expect(histogram.at(-1)!.to).toBe(1);
    }
  });

  it('rejects about one in twenty Gaussian units', async () => {
    const identity = Array.from({ length: 200 }, (_, row) => Array.from({ length: 200 }, (_unused, column) => Number(row === column)));
    const model = loaded({ input: 200, layers: [{ kind: 'linear', weight: identity }] });
    const { rows: [row] } = await gaussianity({ covariance: 'diagonal', sigma: 3 }, { model });
    for (const test of ['skewness_rejected', 'kurtosis_rejected', 'normality_rejected'] as const) {
      // Four standard deviations of 200 draws of probability 0.05 either side.
      expect(Math.abs(row![test] - 0.05), test).toBeLessThan(4 * Math.sqrt((0.05 * 0.95) / 200));
    }
    expect(row!.constant).toBe(0);
  });

  it("gives the default random network's layers the same bits again, and gives its memory back", async () => {
    const before = core.memory.allocatedBytes;
    const [first, second] = [await gaussianity({ count: 100 }), await gaussianity({ count: 100 })];
    expect(first.digest).toBe(second.digest);
    expect(first.rows.map(({ units }) => units)).toEqual([2, 2, 4, 4, 15, 15, 50, 50, 500]);
    expect((await gaussianity({ count: 100, seed: 2 })).digest).not.toBe(first.digest);
    expect(core.memory.allocatedBytes).toBe(before);
  });

  it('takes an image for a mean', async () => {
    const images = madeUpDataset(core).train;
    const pick = { kind: 'linear', weight: [Array.from({ length: 784 }, (_, at) => Number(at === 300))] };
    const model = loaded({ input: [1, 28, 28], layers: [pick] });
    const { rows } = await gaussianity({ image: 7, model: 'net.json', count: 50 }, { model, images });
    expect(rows[0]).toMatchObject({ units: 1, constant: 0 });
    await expect(gaussianity({ image: 300, model: 'net.json' }, { model, images })).rejects.toThrow('--image: expected at most 299, as there are 300 images of made-up train, got 300');
    const small = loaded({ input: 2, layers: [{ kind: 'relu' }] });
    await expect(gaussianity({ image: 1, model: 'net.json' }, { model: small, images })).rejects.toThrow("--model: expected a network of 784 inputs, as MNIST's images have pixels, got one of 2");
  });

  it('refuses what it cannot mean', () => {
    expect(() => resolveGaussianityConfig({ image: 1 })).toThrow('--image: expected a --model that takes images with it, got image 1 and no model');
    expect(() => resolveGaussianityConfig({ count: 19 })).toThrow('--count: expected a whole number of at least 20, got 19');
    expect(() => resolveGaussianityConfig({ sigma: 0 })).toThrow('--sigma: expected a finite number above 0, got 0');
    expect(() => resolveGaussianityConfig({ dims: '3' })).toThrow('--dims: expected at least two whole numbers');
  });
});

describe('robustness', () => {
  const config = { model: 'net.json', count: 60, levels: 4, batch_size: 25 };
  const images = () => madeUpDataset(core).test;

  it('is 1 where no noise changes a prediction', async () => {
    const constant = loaded({ input: [1, 28, 28], layers: [{ kind: 'linear', weight: [new Array<number>(784).fill(0), new Array<number>(784).fill(0)], bias: [0, 1] }] });
    const { rows, further: [summary] } = await resultOf(runRobustness(core, resolveRobustnessConfig(config), { model: constant, images: images() }));
    expect(rows.map(({ agreement }) => agreement)).toEqual([1, 1, 1, 1]);
    // The range of pixels with a deviation of 1/255 is 255.
    expect(rows.map(({ noise }) => noise)).toEqual([0, 42.5, 85, 127.5].map((noise) => expect.closeTo(noise, 10)));
    expect(summary!.rows).toEqual([{ images: 60, robustness: 1 }]);
  });

  it('falls with the noise, and has the same bits again', async () => {
    const linear = { input: [1, 28, 28], layers: [{ kind: 'linear', weight: 'w' }] };
    const data = { model: loaded(linear, drawn({ w: [10, 784] })), images: images() };
    const before = core.memory.allocatedBytes;
    const run = () => resultOf(runRobustness(core, resolveRobustnessConfig({ ...config, from: 0.01, to: 4 }), data));
    const [first, second] = [await run(), await run()];
    expect(first.digest).toBe(second.digest);
    expect(first.rows[0]!.agreement).toBeGreaterThan(first.rows.at(-1)!.agreement);
    const area = first.rows.slice(1).reduce((total, row, index) => total + (row.agreement + first.rows[index]!.agreement) / 6, 0);
    expect(first.further[0]!.rows[0]!.robustness).toBeCloseTo(area, 12);
    expect(core.memory.allocatedBytes).toBe(before);
  });

  it('refuses what it cannot mean', async () => {
    expect(() => resolveRobustnessConfig({})).toThrow('--model: expected a network file, such as the lenet.json that isolab moments lenet writes, got none');
    expect(() => resolveRobustnessConfig({ model: 'x', from: 0.5 })).toThrow('--to: expected a number above --from, which is 0.5, got 0.5');
    const model = loaded({ input: 3, layers: [{ kind: 'relu' }] });
    await expect(resultOf(runRobustness(core, resolveRobustnessConfig(config), { model, images: images() }))).rejects.toThrow('--model: expected a network of 784 inputs');
    const network = loaded(LENET as never, lenetTensors());
    await expect(resultOf(runRobustness(core, resolveRobustnessConfig({ ...config, count: 101 }), { model: network, images: images() }))).rejects.toThrow('--count: expected at most 100');
  });
});

/** Any numbers of LeNet's shapes. */
function lenetTensors(): Map<string, NamedArray> {
  const sizes: Record<string, number[]> = { '0.weight': [32, 1, 5, 5], '0.bias': [32], '3.weight': [64, 32, 5, 5], '3.bias': [64], '7.weight': [1024, 3136], '7.bias': [1024], '9.weight': [10, 1024], '9.bias': [10] };
  return new Map(Object.entries(sizes).map(([name, shape]) => [name, { dtype: 'float32', shape, values: Tensor.zeros(core, shape, 'float32', name).toArray() } as NamedArray]));
}
