// A run taken up again from every one of its checkpoints ends in the same bits.
import { beforeAll, describe, expect, it } from 'vitest';
import { openCore, type Core } from '../../src/core/index.js';
import type { DatasetPair } from '../../src/data/index.js';
import { resolveSplitHeadConfig, runSplitHead, type SplitHeadEvent, type SplitHeadResult, type SplitHeadRunOptions } from '../../src/experiments/splithead/index.js';

/** 40 + 20 images of three classes: bright rows under noise. */
function smallData(): DatasetPair {
  let state = 1;
  const part = (name: 'train' | 'test', count: number) => {
    const labels = Uint8Array.from({ length: count }, (_, index) => index % 3);
    const images = Uint8Array.from({ length: count * 784 }, (_, at) => {
      state = (state * 1103515245 + 12345) % 2147483648;
      return (state % 50) + (Math.floor((at % 784) / 28) === 8 * labels[Math.floor(at / 784)]! ? 180 : 0);
    });
    return { name: 'mnist', split: undefined, part: name, images, labels, count, classes: 3, sha256: name };
  };
  return { name: 'mnist', split: undefined, classes: 3, train: part('train', 40), test: part('test', 20), sha256: 'both', folder: '', files: [] };
}

const data = smallData();
let core: Core;
beforeAll(async () => {
  core = await openCore();
});

async function run(config: Record<string, unknown>, options: SplitHeadRunOptions = {}) {
  const events: SplitHeadEvent[] = [];
  for await (const event of runSplitHead(core, resolveSplitHeadConfig(config), data, options)) events.push(event);
  const last = events.at(-1)!;
  if (last.type !== 'finished') throw new Error('the run ended without a result');
  const checkpoints = events.filter((event) => event.type === 'checkpoint');
  return { events, checkpoints, result: last.result };
}

/** Everything of a result that is compared: all but the seeds' types need no care. */
function contents({ models, ...rest }: SplitHeadResult) {
  return { ...rest, models: Object.entries(models).map(([side, snapshot]) => [side, [...snapshot].map(([name, { values }]) => [name, Array.from(values)])]) };
}

const BRIEF = {
  class_count: 3, teacher_epochs: 2, student_epochs: 2, noise_steps: 3, noise_bsize: 8, eval_noise_batches: 1, eval_noise_bsize: 8, data_bsize: 16,
  teacher_hidden_dims: [6], student_hidden_dims: [6],
};
const everywhere = ['before_teacher_training', 'after_teacher_training', 'before_student_training', 'after_student_training'].flatMap((timing) =>
  (['teacher', 'student'] as const).map((target) => ({ target, timing, layers: 'all', std: 0.05 })),
);
const cnn = [{ type: 'conv2d', out_channels: 2, kernel_size: 5, stride: 3, bias: false, activation: 'tanh', pool: { type: 'max', kernel_size: 2 } }, { type: 'linear', out_features: 5, activation: 'gelu' }];

const CASES: [string, Record<string, unknown>][] = [
  ['an MLP', {}],
  ['perturbed at every moment', { perturb_specs: everywhere }],
  ['both CNNs, without a bias, so with NaN among the metrics', { teacher_type: 'cnn', student_type: 'cnn', teacher_arch_spec: cnn, student_arch_spec: cnn, perturb_specs: everywhere, eval_noise_batches: 0 }],
  // An odd number of normals leaves one cached in the generator.
  ['normal noise, a large seed, frozen layers', { noise_dist: 'normal', noise_bsize: 5, seed: 100_000_000_000, perturb_specs: everywhere, teacher_trainable: 'fc1:false', student_trainable: 'aux_head:false' }],
  ['Perlin noise, normalised', { noise_dist: 'perlin', normalize_noise: true }],
  ['no teacher epochs', { teacher_epochs: 0 }],
  ['no student epochs', { student_epochs: 0 }],
];

describe.each(CASES)('a run with %s', (_, more) => {
  const config = { ...BRIEF, ...more };

  it('ends in the same bits from each of its checkpoints', async () => {
    const whole = await run(config, { checkpointEvery: 1 });
    const started = whole.events[0]!;
    if (started.type !== 'started') throw new Error('expected the first event to be started');
    expect(whole.checkpoints.map(({ done }) => done)).toEqual(Array.from({ length: started.totalSteps }, (_, index) => index + 1));
    expect(started.totalSteps).toBeGreaterThan(5);
    for (const { bytes, done } of whole.checkpoints) {
      const resumed = await run(config, { resume: bytes, checkpointEvery: 1 });
      expect(contents(resumed.result), `from step ${done}`).toEqual(contents(whole.result));
      expect(resumed.events[0]).toMatchObject({ type: 'started', resumedAt: done });
      // What follows is the same file again, byte by byte.
      expect(resumed.checkpoints.map(({ bytes: again }) => Buffer.from(again).toString('base64'))).toEqual(
        whole.checkpoints.slice(done).map(({ bytes: first }) => Buffer.from(first).toString('base64')),
      );
    }
  });

  it('gives the same bits with and without checkpoints, and twice', async () => {
    const results = [await run(config), await run(config), await run(config, { checkpointEvery: 3 })].map(({ result }) => result.digest);
    expect(new Set(results).size).toBe(1);
  });
});

describe('a checkpoint', () => {
  it('of another run is refused by name', async () => {
    const { checkpoints } = await run(BRIEF, { checkpointEvery: 1, runId: 'one' });
    await expect(run(BRIEF, { resume: checkpoints[0]!.bytes, runId: 'two', resumeName: 'file.safetensors' })).rejects.toThrow(
      'file.safetensors: expected a version 2 checkpoint of run two, got version 2 of run one; remove the file to start afresh',
    );
  });

  it('with any one byte changed is refused', async () => {
    const { checkpoints } = await run({ ...BRIEF, teacher_hidden_dims: [1], student_hidden_dims: [1] }, { checkpointEvery: 5 });
    const { bytes } = checkpoints[0]!;
    for (let at = 0; at < bytes.length; at += 97) {
      const damaged = bytes.slice();
      damaged[at]! ^= 4;
      const text = String.fromCharCode(bytes[at]!, damaged[at]!);
      // Spaces of the header and the case of a JSON escape say nothing.
      if (/^ /.test(text) && at < 8 + Number(new DataView(bytes.buffer).getBigUint64(0, true))) continue;
      await expect(run({ ...BRIEF, teacher_hidden_dims: [1], student_hidden_dims: [1] }, { resume: damaged }), `byte ${at}`).rejects.toThrow(/^checkpoint: expected .*, got /);
    }
  });

  it('leaves no memory behind when it is refused', async () => {
    const before = core.memory.allocatedBytes;
    await expect(run(BRIEF, { resume: new Uint8Array(100) })).rejects.toThrow(/^checkpoint: expected/);
    expect(core.memory.allocatedBytes).toBe(before);
  });
});
