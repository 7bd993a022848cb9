// The notebook's experiments at small settings against PyTorch's (test/reference/moments_experiments.py), from the same seeds.
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { openCore, type Core } from '../../src/core/index.js';
import {
  resolveConstrainedConfig, resolveCovarianceConfig, resolveProfileConfig, resolveTightnessConfig, runConstrained, runCovariance, runProfile, runTightness,
} from '../../src/experiments/moments/index.js';
import { resultOf } from './moments-fixture.js';

type Numbers = Record<string, number>;
interface Case { config: Record<string, unknown>; rows: (Numbers & { method?: string })[]; errors: Numbers; variance_errors: Numbers }

const fixture = JSON.parse(readFileSync(new URL('../reference/fixtures/moments_experiments.json', import.meta.url), 'utf8')) as Record<string, Case[]>;

/** Normals agree with PyTorch's to 1e-14, and a few hundred of them are averaged; errors are differences of numbers up to 100 times larger. */
const near = (value: number | undefined, expected: number) => expect(Math.abs(value! - expected)).toBeLessThan(1e-11 * (1 + Math.abs(expected)));

let core: Core;
beforeAll(async () => {
  core = await openCore();
});

describe('the experiments on Gaussian moments find what the notebook finds', () => {
  it.each(fixture.covariance!)('covariance of ReLU, n = $config.n', async ({ config, errors, variance_errors }) => {
    const { rows } = await resultOf(runCovariance(core, resolveCovarianceConfig(config)));
    expect(rows.map(({ variant }) => variant)).toEqual([...Object.keys(errors), 'exact']);
    for (const [variant, expected] of Object.entries(errors)) near(rows.find((row) => row.variant === variant)?.error, expected);
    for (const [variant, expected] of Object.entries(variance_errors)) near(rows.find((row) => row.variant === variant)?.variance_error, expected);
  });

  it.each(fixture.tightness!)('tightness, $config.num_layers layers of $config.dims', async ({ config, rows: expected }) => {
    const { rows } = await resultOf(runTightness(core, resolveTightnessConfig(config)));
    expect(rows).toHaveLength((expected.length / 5) * 6);
    for (const { sigma, method, mean_error, variance_error } of expected) {
      const found = rows.find((row) => row.sigma === sigma && row.method === method);
      near(found?.mean_error, mean_error!);
      near(found?.variance_error, variance_error!);
    }
  });

  it.each(fixture.constrained!)('constrained, up to $config.largest features', async ({ config, rows: expected }) => {
    const { rows } = await resultOf(runConstrained(core, resolveConstrainedConfig(config)));
    expect(rows.map(({ dims }) => dims)).toEqual(expected.map(({ dims }) => dims));
    expected.forEach(({ monte_carlo_error, two_stage_error }, index) => {
      near(rows[index]!.monte_carlo_error, monte_carlo_error!);
      near(rows[index]!.two_stage_error, two_stage_error!);
    });
  });

  it.each(fixture.profile!)('profile, $config.dims features', async ({ config, rows: expected }) => {
    const { rows } = await resultOf(runProfile(core, resolveProfileConfig({ ...config, trials: 1 }), () => 0));
    expected.forEach(({ dims, norm }, index) => {
      expect(rows[index]!.dims).toBe(dims);
      near(rows[index]!.norm, norm!);
      // The trick rounds the network's output at a step 1e3 to 1e4 times shorter than the direction.
      expect(rows[index]!.trick_difference).toBeLessThan(1e-8);
      expect(rows[index]!.cache_difference).toBeLessThan(1e-14);
    });
  });
});
