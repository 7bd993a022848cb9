// What a run tells beside its results, where it is asked to: no bit of the results may depend on it.
import { describe, expect, it } from 'vitest';
import { openCore } from '../../src/core/index.js';
import { resolveByzantineConfig, runByzantine, type ByzantineEvent, type ByzantineRunOptions } from '../../src/experiments/byzantine/index.js';
import { layerDensities, resolveTightnessConfig } from '../../src/experiments/moments/index.js';
import { resolveAlignmentConfig, runAlignment } from '../../src/experiments/alignment/index.js';
import { resolveSplitHeadConfig, runSplitHead } from '../../src/experiments/splithead/index.js';
import { madeUpDataset, shortRun } from '../../src/verify/index.js';

const core = await openCore({ kernels: 'all' });
const data = madeUpDataset(core);

async function all<E>(events: AsyncIterable<E>): Promise<E[]> {
  const list: E[] = [];
  for await (const event of events) list.push(event);
  return list;
}

const digestOf = (events: readonly { type: string }[]) => (events.at(-1) as unknown as { result: { digest: string } }).result.digest;

describe('answers', () => {
  it('of a split-head student are there before its training and after each epoch', async () => {
    const config = resolveSplitHeadConfig({ ...shortRun, student_epochs: 2 });
    const watched = await all(runSplitHead(core, config, data, { answers: 7 }));
    const answers = watched.filter((event) => event.type === 'answers');
    expect(answers.map(({ epoch }) => epoch)).toEqual([0, 1, 2]);
    for (const { answers: said, labels } of answers) expect([said.length, [...labels]]).toEqual([7, [...data.test.labels.subarray(0, 7)]]);
    expect(digestOf(watched)).toBe(digestOf(await all(runSplitHead(core, config, data))));
  });

  it('of an aligned student are there before its training and after each epoch', async () => {
    const config = resolveAlignmentConfig({ seeds: '1', audit_size: 20, noise_dataset_size: 64, batch_size: 32, hidden_dim: 8, teacher_epochs: 1, student_epochs: 2 });
    const watched = await all(runAlignment(core, config, 1, data, { answers: 5 }));
    expect(watched.filter((event) => event.type === 'answers').map(({ epoch }) => epoch)).toEqual([0, 1, 2]);
    expect(digestOf(watched)).toBe(digestOf(await all(runAlignment(core, config, 1, data))));
  });
});

describe('messages on a plane', () => {
  const run = (values: Record<string, unknown>, options: ByzantineRunOptions) =>
    all<ByzantineEvent>(runByzantine(core, resolveByzantineConfig({ honest_size: 5, byzantine_size: 2, rounds: 2, display_interval: 3, model: 'softmax', ...values }), { kind: 'images', pair: data }, options));
  const planes = (events: readonly ByzantineEvent[]) => events.filter((event) => event.type === 'messages').map(({ plane }) => plane);

  it.each(['gm', 'median', 'mean', 'krum', 'centered-clipping'])('change no bit of %s', async (aggregator) => {
    const watched = await run({ aggregator, attack: 'sign-flip' }, { messages: true });
    expect(planes(watched)).toHaveLength(2);
    expect(digestOf(watched)).toBe(digestOf(await run({ aggregator, attack: 'sign-flip' }, {})));
  });

  it.each(['sign-flip', 'white', 'alie', 'label-flip'])('tell honest from Byzantine ones under %s', async (attack) => {
    for (const plane of planes(await run({ aggregator: 'gm', attack }, { messages: true }))) {
      expect([plane.honest.length, plane.byzantine.length]).toEqual([5, 2]);
      const points = [...plane.honest, ...plane.byzantine];
      // Coordinates are about the mean of all messages: float32 messages summed, 1e-5 of the largest.
      const largest = Math.max(...points.flat().map(Math.abs));
      for (const axis of [0, 1] as const) expect(Math.abs(points.reduce((total, point) => total + point[axis], 0))).toBeLessThan(1e-5 * largest);
      expect(plane.explained[0]).toBeGreaterThanOrEqual(plane.explained[1]);
      expect(plane.explained[0] + plane.explained[1]).toBeLessThanOrEqual(1 + 1e-9);
    }
  });

  it('put the mean of all messages at the origin', async () => {
    for (const { aggregate, honest } of planes(await run({ aggregator: 'mean', attack: 'none' }, { messages: true }))) {
      const largest = Math.max(...honest.flat().map(Math.abs));
      // The mean is rounded to float32.
      for (const coordinate of aggregate) expect(Math.abs(coordinate)).toBeLessThan(1e-5 * largest);
    }
  });
});

describe('densities of layers', () => {
  it('are those of the samples: the first layer is Gaussian, so that the moments are exact', () => {
    const config = resolveTightnessConfig({ dims: 3, num_layers: 3, sigmas: '1' });
    let last;
    for (const densities of layerDensities(core, config, { sigma: 2, samples: 40_000, bins: 64 })) last = densities;
    expect(last!.map(({ layer, samples }) => [layer, samples])).toEqual([[1, 40_000], [2, 40_000], [3, 40_000]]);
    const { from, width, counts, mean, variance } = last![0]!;
    let [total, first, second] = [0, 0, 0];
    counts.forEach((count, bin) => {
      const middle = from + (bin + 0.5) * width;
      total += count;
      first += count * middle;
      second += count * (middle - mean) * (middle - mean);
    });
    const deviation = Math.sqrt(variance);
    // Five standard errors of 40,000 samples; bins an eighth of a deviation wide add 0.13% to the variance.
    expect(Math.abs(first / total - mean)).toBeLessThan((5 * deviation) / 200);
    expect(Math.abs(second / total / variance - 1)).toBeLessThan(5 * Math.sqrt(2 / 40_000) + 0.003);
    expect(total).toBeGreaterThan(0.999 * 40_000);
  });
});
