// Small split-head runs by every backend at hand, against the core.
import { beforeAll, describe, expect, it } from 'vitest';
import { everythingOn, type TfjsDevice, type TfjsName } from '../../src/backend/index.js';
import { openCore, type Core } from '../../src/core/index.js';
import type { DatasetPair, ImageDataset } from '../../src/data/index.js';
import { loadMnist } from '../../src/data/index.js';
import { resolveSplitHeadConfig, runSplitHead, type SplitHeadEvent, type SplitHeadResult, type SplitHeadRunOptions } from '../../src/experiments/splithead/index.js';
import { nodeRuntime, packagedMnistFolder } from '../../src/runtime/node.js';
import { openTested, testable } from '../backend/backends.js';

function first(part: ImageDataset, count: number): ImageDataset {
  return { ...part, count, images: part.images.subarray(0, count * 784), labels: part.labels.subarray(0, count) };
}

/** The first images of MNIST. */
async function smallMnist(train: number, test: number): Promise<DatasetPair> {
  const mnist = await loadMnist(nodeRuntime().files, { packagedDir: packagedMnistFolder() });
  return { ...mnist, train: first(mnist.train, train), test: first(mnist.test, test) };
}

interface Observed {
  result: SplitHeadResult;
  /** Tensors on the device after each step. */
  live: number[];
  checkpoints: Uint8Array[];
}

async function observe(core: Core, values: Record<string, unknown>, data: DatasetPair, device?: TfjsDevice, more: SplitHeadRunOptions = {}): Promise<Observed> {
  const live: number[] = [];
  const checkpoints: Uint8Array[] = [];
  const options = { ...more, ...(device === undefined ? {} : { placement: everythingOn(device) }) };
  let finished: Extract<SplitHeadEvent, { type: 'finished' }> | undefined;
  for await (const event of runSplitHead(core, resolveSplitHeadConfig(values), data, options)) {
    if (event.type === 'progress' && event.phase === 'student') live.push(device?.liveTensors ?? 0);
    if (event.type === 'checkpoint') checkpoints.push(event.bytes);
    if (event.type === 'finished') finished = event;
  }
  return { result: finished!.result, live, checkpoints };
}

/** Accuracies within 0.02 and losses within 1%. */
function expectAgreement(made: SplitHeadResult, expected: SplitHeadResult): void {
  for (const [name, value] of Object.entries(expected.metrics)) {
    const got = made.metrics[name as keyof typeof made.metrics];
    if (process.env.SHOW_ERRORS !== undefined) console.log(`${name} ${value} ${got}`);
    if (name.endsWith('_acc')) expect(Math.abs(got - value), name).toBeLessThanOrEqual(0.02);
    else expect(Math.abs(got / value - 1), `${name}: ${got} against ${value}`).toBeLessThan(0.01);
  }
}

const brief = { teacher_epochs: 2, student_epochs: 2, noise_steps: 5, eval_noise_batches: 1, eval_noise_bsize: 200 };
const smallCnn = [
  { type: 'conv2d', out_channels: 4, kernel_size: 3, stride: 2, padding: 1, pool: { type: 'max', kernel_size: 2 } },
  { type: 'conv2d', out_channels: 6, kernel_size: 3, dilation: 2, activation: 'gelu', pool: { type: 'adaptive_avg', output_size: 2 } },
  { type: 'linear', out_features: 16, activation: 'tanh' },
];
/** A software GPU takes a second for what a core does in a millisecond. */
const tiny = { teacher_epochs: 1, student_epochs: 1, data_bsize: 50, noise_bsize: 40, noise_steps: 4, eval_noise_batches: 1, eval_noise_bsize: 50 };

const RUNS: Record<TfjsName, [name: string, train: number, test: number, values: Record<string, unknown>][]> = {
  'tfjs-wasm': [
    ['the default networks', 4096, 1000, brief],
    ['the default CNN', 512, 200, { ...brief, teacher_epochs: 1, student_epochs: 1, noise_bsize: 100, teacher_type: 'cnn', student_type: 'cnn' }],
    ['a CNN with everything', 512, 200, { ...brief, teacher_type: 'cnn', student_type: 'cnn', teacher_arch_spec: smallCnn, student_arch_spec: smallCnn, noise_bsize: 100 }],
  ],
  'tfjs-webgpu': [
    ['the default networks', 96, 64, { ...tiny, data_bsize: 32, noise_bsize: 32, noise_steps: 3, eval_noise_bsize: 32 }],
    ['a CNN with everything', 50, 25, { ...tiny, data_bsize: 25, noise_bsize: 16, noise_steps: 3, eval_noise_bsize: 25, teacher_type: 'cnn', student_type: 'cnn', teacher_arch_spec: smallCnn, student_arch_spec: smallCnn }],
  ],
  'tfjs-webgl': [],
};

describe.each(testable)('split-head runs on %s', (name) => {
  let core: Core;
  let device: TfjsDevice;
  beforeAll(async () => {
    core = await openCore();
    device = await openTested(name);
  });

  it.each(RUNS[name])('%s: agree with the core and leave nothing behind', async (_title, train, test, values) => {
    const data = await smallMnist(train, test);
    const before = device.liveTensors;
    const made = await observe(core, values, data, device);
    const expected = await observe(core, values, data);
    expectAgreement(made.result, expected.result);
    expect(made.result.digest, 'computed elsewhere').not.toBe(expected.result.digest);
    // Parameters and moments stay there; a step adds nothing to them.
    expect(made.live.at(-1)).toBe(made.live[1]);
    expect(device.liveTensors).toBe(before);
  });
});

describe.runIf(testable.includes('tfjs-wasm'))('a resumed run on tfjs-wasm', () => {
  it('ends as an unbroken one: a checkpoint holds what is on the device', async () => {
    const core = await openCore();
    const device = await openTested('tfjs-wasm');
    const data = await smallMnist(512, 100);
    const values = { ...tiny, data_bsize: 128, teacher_hidden_dims: [24], student_hidden_dims: [24], perturb_specs: [{ std: 0.1 }] };
    const whole = await observe(core, values, data, device, { checkpointEvery: 3 });
    for (const resume of whole.checkpoints) {
      expect((await observe(core, values, data, device, { resume })).result.digest).toBe(whole.result.digest);
    }
    expect(whole.checkpoints.length).toBe(2);
  });
});
