// LeNet's training: PyTorch's weights, batches and steps; the same end from every checkpoint.
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { openCore, type Core } from '../../src/core/index.js';
import type { DatasetPair, ImageDataset } from '../../src/data/index.js';
import { ResidentImages } from '../../src/experiments/images.js';
import { makeLenet } from '../../src/experiments/moments/lenet-model.js';
import { Float32Network, LENET, LENET_PIXELS, resolveLenetConfig, trainLenet, type LenetEvent, type LenetRow, type LenetRunOptions } from '../../src/experiments/moments/index.js';
import { Generator } from '../../src/random/index.js';
import { softmaxCrossEntropy, Stepper } from '../../src/tensor/index.js';

interface Fixture {
  config: Record<string, unknown> & { train_size: number; test_size: number; seed: number };
  initial_sums: Record<string, number>;
  rows: LenetRow[];
}

const fixture = JSON.parse(readFileSync(new URL('../reference/fixtures/moments_lenet.json', import.meta.url), 'utf8')) as Fixture;

/** Images `first` and on, as test/reference/moments_lenet.py makes them. */
function part(name: 'train' | 'test', first: number, count: number): ImageDataset {
  const images = Uint8Array.from({ length: count * 784 }, (_, at) => {
    const [pixel, image] = [at % 784, first + Math.floor(at / 784)];
    return (31 * pixel + 17 * image + pixel * image) % 251;
  });
  const labels = Uint8Array.from({ length: count }, (_, index) => (first + index) % 10);
  return { name: 'formula', split: undefined, part: name, images, labels, count, classes: 10, sha256: '' };
}

const { train_size, test_size } = fixture.config;
const data: DatasetPair = { name: 'formula', split: undefined, classes: 10, train: part('train', 0, train_size), test: part('test', train_size, test_size), sha256: '', folder: '', files: [] };

let core: Core;
beforeAll(async () => {
  core = await openCore({ kernels: 'all' });
});

async function train(values: Record<string, unknown>, options: LenetRunOptions = {}) {
  const events: LenetEvent[] = [];
  for await (const event of trainLenet(core, resolveLenetConfig({ ...fixture.config, ...values }), data, options)) events.push(event);
  const last = events.at(-1)!;
  if (last.type !== 'finished') throw new Error('the run ended without a result');
  return { events, result: last.result };
}

describe('LeNet', () => {
  it("begins with PyTorch's weights", () => {
    const network = makeLenet(core);
    const generator = new Generator(core, fixture.config.seed);
    network.initialize(generator);
    const names: string[] = [];
    for (const [name, parameter] of network.parameters()) {
      names.push(name);
      // The weights have the same bits; PyTorch adds them up in another order: 3.2 million values below 0.02 to 1e-10 of their absolute sum.
      const sum = Float64Array.from(parameter.toArray()).reduce((total, value) => total + value, 0);
      expect(Math.abs(sum - fixture.initial_sums[name]!), name).toBeLessThan(1e-10 * parameter.size);
    }
    expect(names).toEqual(Object.keys(fixture.initial_sums));
    network.dispose();
    generator.dispose();
  });

  it("has PyTorch's losses epoch after epoch", async () => {
    const { result } = await train({});
    expect(result.rows.map(({ epoch, steps }) => [epoch, steps])).toEqual([[1, 3], [2, 6], [3, 9]]);
    result.rows.forEach((row, index) => {
      const wanted = fixture.rows[index]!;
      // float32 sums of up to 3136 products in another order: the losses differ by up to 1e-6, and may by ten times that.
      expect(Math.abs(row.train_loss / wanted.train_loss - 1), `training loss ${index}`).toBeLessThan(1e-5);
      expect(Math.abs(row.test_loss / wanted.test_loss - 1), `test loss ${index}`).toBeLessThan(1e-5);
      expect(row.test_accuracy).toBe(wanted.test_accuracy);
    });
  });

  it('goes on from any checkpoint to the same bits', async () => {
    const [before, options] = [core.memory.allocatedBytes, { runId: 'lenet', checkpointEvery: 1 }];
    const whole = await train({ epochs: 2 }, options);
    const checkpoints = whole.events.filter((event) => event.type === 'checkpoint');
    expect(checkpoints.map(({ done }) => done)).toEqual([1, 2, 4, 5]);
    for (const { bytes, done } of [checkpoints[0]!, checkpoints[3]!]) {
      const resumed = await train({ epochs: 2 }, { ...options, resume: bytes });
      expect(resumed.events[0]).toMatchObject({ type: 'started', resumedAt: done });
      expect(resumed.result.digest).toBe(whole.result.digest);
      expect(resumed.result.rows).toEqual(whole.result.rows);
    }
    await expect(train({ epochs: 2 }, { runId: 'another', resume: checkpoints[0]!.bytes })).rejects.toThrow('checkpoint: expected a version 1 checkpoint of run another, got version 1 of run lenet');
    expect(core.memory.allocatedBytes).toBe(before);
  });

  it("is saved for the library's pixels, with the predictions that were measured", async () => {
    const { result } = await train({});
    const network = new Float32Network(core, LENET, result.parameters);
    const images = new ResidentImages(core, data.test, LENET_PIXELS);
    const stepper = new Stepper(core);
    const loss = stepper.step((tape) => {
      const { images: input, labels } = images.batch(tape, Int32Array.from({ length: test_size }, (_, index) => index), false);
      return softmaxCrossEntropy(tape, network.forward(tape, input.pixels), labels, { reduction: 'sum' }).item() / test_size;
    });
    expect(loss).toBe(result.rows.at(-1)!.test_loss);
    for (const part of [stepper, images, network]) part.dispose();
  });

  it('keeps its step size where it is told to', async () => {
    const [falling, kept] = [await train({ epochs: 1 }), await train({ epochs: 1, decay: 'none' })];
    expect(kept.result.digest).not.toBe(falling.result.digest);
  });

  it('is refused more images than there are', async () => {
    await expect(train({ train_size: 41 })).rejects.toThrow('--train-size: expected at most 40, as there are 40 images of formula train, got 41');
    await expect(train({ test_size: 99 })).rejects.toThrow('--test-size: expected at most 20');
  });
});
