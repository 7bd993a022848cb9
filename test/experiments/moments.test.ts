import { beforeAll, describe, expect, it } from 'vitest';
import { openCore, type Core } from '../../src/core/index.js';
import { ConfigurationError } from '../../src/experiments/configuration.js';
import {
  resolveConstrainedConfig, resolveCovarianceConfig, resolveProfileConfig, resolveTightnessConfig, runConstrained, runCovariance, runProfile, runTightness,
  type TightnessRow,
} from '../../src/experiments/moments/index.js';
import { batchSize } from '../../src/experiments/moments/referee.js';
import { eventsOf, resultOf } from './moments-fixture.js';

let core: Core;
beforeAll(async () => {
  core = await openCore();
});

const tightness = (values: Record<string, unknown>) => runTightness(core, resolveTightnessConfig({ samples_count: 4000, sigmas: [1, 5], ...values }));

describe('covariance of ReLU', () => {
  it('is exact to the noise of the referee by the exact formula, and by no other', async () => {
    const { rows } = await resultOf(runCovariance(core, resolveCovarianceConfig({ n: 12, sigma: 5, count: 20_000 })));
    const errorOf = (variant: string) => rows.find((row) => row.variant === variant)!.error;
    // A normal error of standard deviation s has mean size 0.8 s; 144 correlated entries stay below 1.5 s.
    expect(errorOf('exact')).toBeLessThan(1.5 * rows[0]!.referee_error);
    for (const variant of ['copy', 'copy and replace', 'neither', 'replace']) expect(errorOf(variant)).toBeGreaterThan(3 * rows[0]!.referee_error);
    expect(errorOf('replace')).toBeLessThan(errorOf('copy'));
  });
});

describe('tightness', () => {
  it('has ADF with exact covariances ahead of ADF and two stages in variance, over ten networks of width 12', async () => {
    const { rows } = await resultOf(tightness({ dims: 12, num_layers: 5, networks: 10, samples_count: 20_000 }));
    const total = (method: string) => rows.filter((row) => row.method === method).reduce((sum, row) => sum + row.variance_error, 0);
    for (const other of ['ADF', 'two-stage', 'two-stage, independent', 'one-stage', 'ADF, full covariance']) expect(total('ADF, exact covariance')).toBeLessThan(total(other));
  });

  it('has every method exact at two layers of mean 0 without bias, but for the means of one stage and what ADF forgets', async () => {
    const { rows } = await resultOf(tightness({ dims: 2, num_layers: 2, no_first_bias: true, zero_mean: true, samples_count: 40_000, sigmas: [3] }));
    const found = new Map(rows.map((row) => [row.method, row]));
    for (const method of ['two-stage', 'ADF, full covariance', 'ADF, exact covariance']) {
      const { mean_error, variance_error, referee_mean_error, referee_variance_error } = found.get(method)!;
      expect(mean_error).toBeLessThan(4 * referee_mean_error);
      expect(variance_error).toBeLessThan(4 * referee_variance_error);
    }
    expect(found.get('one-stage')!.mean_error).toBeGreaterThan(10 * found.get('one-stage')!.referee_mean_error);
    expect(found.get('ADF')!.variance_error).toBeGreaterThan(10 * found.get('ADF')!.referee_variance_error);
  });

  it('averages the errors of its networks, the first being that of a run with one', async () => {
    const [one, two] = [await resultOf(tightness({})), await resultOf(tightness({ networks: 2 }))];
    expect(two.rows.map(({ sigma, method }) => [sigma, method])).toEqual(one.rows.map(({ sigma, method }) => [sigma, method]));
    expect(two.rows[0]!.mean_error).not.toBe(one.rows[0]!.mean_error);
    expect(two.rows.every((row: TightnessRow, index) => row.mean_error >= one.rows[index]!.mean_error / 2)).toBe(true);
  });

  it('tells how many samples have been drawn, and gives back all memory', async () => {
    const before = core.memory.allocatedBytes;
    const events = await eventsOf(tightness({ networks: 2 }));
    expect(events.filter(({ type }) => type === 'progress').at(-1)).toMatchObject({ done: 8000, total: 8000 });
    expect(core.memory.allocatedBytes).toBe(before);
  });
});

describe('constrained', () => {
  it('measures a dimension after the other, doubling', async () => {
    const { rows } = await resultOf(runConstrained(core, resolveConstrainedConfig({ smallest: 3, largest: 13, dim: 8, count: 500 })));
    expect(rows.map(({ dims }) => dims)).toEqual([3, 6, 12]);
  });

  it('uses the covariance of ReLU that it is told', async () => {
    const run = (relu: string) => resultOf(runConstrained(core, resolveConstrainedConfig({ smallest: 4, largest: 4, dim: 8, count: 500, relu })));
    const [pasted, exact] = [(await run('pasted')).rows[0]!, (await run('exact')).rows[0]!];
    expect(exact.monte_carlo_error).toBe(pasted.monte_carlo_error);
    expect(exact.two_stage_error).not.toBe(pasted.two_stage_error);
  });
});

describe('profile', () => {
  it('times every way for every dimension by the clock it is given, and no time is in its digest', async () => {
    let time = 0;
    const run = (step: number) => eventsOf(runProfile(core, resolveProfileConfig({ dims: '2,3', dim: 6, layers: 3, trials: 2 }), () => (time += step)));
    const [slow, fast] = [await run(4000), await run(2)];
    const durations = slow.flatMap((event) => (event.type === 'duration' ? [event.duration] : []));
    expect(durations).toEqual(['A S A^T, 2', 'Trick, 2', 'Cache, 2', 'A S A^T, 3', 'Trick, 3', 'Cache, 3'].map((part) => ({ part, seconds: 2 })));
    expect(slow.at(-1)).toEqual(fast.at(-1));
  });
});

describe('the referee', () => {
  it('cuts PyTorch\'s stream of normals where it may be cut', () => {
    for (const [count, widest] of [[10_000_000, 20], [5000, 1000], [17, 1e9], [3, 1]] as const) {
      const rows = batchSize(count, widest);
      expect(rows === count || rows % 16 === 0).toBe(true);
      expect(rows).toBeGreaterThanOrEqual(Math.min(count, 16));
    }
  });
});

describe('configurations', () => {
  it.each([
    [resolveTightnessConfig, { sigmas: '1,0' }, '--sigmas: expected numbers above 0, separated by commas, got "1,0"'],
    [resolveTightnessConfig, { sigmas: '1,,2' }, '--sigmas: expected numbers above 0, separated by commas, got "1,,2"'],
    [resolveTightnessConfig, { num_layers: 1 }, '--num-layers: expected a whole number of at least 2, got 1'],
    [resolveCovarianceConfig, { sigma: '0' }, '--sigma: expected a finite number above 0, got "0"'],
    [resolveCovarianceConfig, { samples: 3 }, 'configuration: expected names among n, sigma, count, seed, out_dir; got "samples"'],
    [resolveConstrainedConfig, { smallest: 8, largest: 4 }, '--largest: expected at least --smallest, 8, got 4'],
    [resolveConstrainedConfig, { relu: 'linear' }, '--relu: expected pasted or exact, got "linear"'],
    [resolveProfileConfig, { dims: '' }, '--dims: expected whole numbers of at least 1, separated by commas, got ""'],
  ])('%o refuses %j', (resolve: (values: Record<string, unknown>) => unknown, values, message) => {
    expect(() => resolve(values)).toThrow(new ConfigurationError(message));
  });
});
