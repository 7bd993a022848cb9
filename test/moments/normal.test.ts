import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { openCore } from '../../src/core/index.js';
import { geluJoint } from '../../src/moments/activations-step.js';
import { reluJoint, reluMarginals } from '../../src/moments/activations-relu.js';
import { bivariateNormal, normalDensity, normalDistribution } from '../../src/moments/normal.js';
import { Stepper } from '../../src/tensor/index.js';

const core = await openCore({ kernels: 'all' });
const fixture = JSON.parse(readFileSync(new URL('../reference/fixtures/normal.json', import.meta.url), 'utf8')) as Record<string, number[][]>;

/** |got / expected - 1|, where expected is no smaller than the least normal number. */
function relativeError(got: number, expected: number): number {
  return Math.abs(expected) < 2.3e-308 ? Math.abs(got - expected) : Math.abs(got / expected - 1);
}

/** The covariance of two features, by a joint op over one row. */
function pairCovariance(joint: typeof reluJoint, [m1, m2, v1, v2, c]: number[]): Float64Array {
  const stepper = new Stepper(core);
  const covariance = stepper.step((tape) => joint(tape, {
    mean: tape.from([m1!, m2!], [1, 2], 'float64'), covariance: tape.from([v1!, c!, c!, v2!], [1, 2, 2], 'float64'),
  }).covariance.toArray() as Float64Array);
  stepper.dispose();
  return covariance;
}

test('density and distribution: relative error within 8 roundings, in both tails', () => {
  for (const [x, density, distribution] of fixture.normal!) {
    expect(relativeError(normalDensity(core, x!), density!), `density at ${x}`).toBeLessThan(1e-15);
    expect(relativeError(normalDistribution(core, x!), distribution!), `distribution at ${x}`).toBeLessThan(1e-15);
  }
});

test('density and distribution at the infinities and NaN', () => {
  expect([-Infinity, Infinity, NaN].map((x) => normalDistribution(core, x))).toEqual([0, 1, NaN]);
  expect([-Infinity, Infinity, NaN].map((x) => normalDensity(core, x))).toEqual([0, 0, NaN]);
  expect(normalDistribution(core, 0)).toBe(0.5);
});

test('bivariate distribution: absolute error below 1e-15 over [-8, 8]^2 and |r| up to 1 - 1e-12', () => {
  const errors = fixture.bivariate!.map(([h, k, r, expected]) => Math.abs(bivariateNormal(core, h!, k!, r!) - expected!));
  expect(errors.length).toBeGreaterThan(500);
  expect(Math.max(...errors)).toBeLessThan(1e-15);
});

test('bivariate distribution at correlations of +-1, at the infinities, and refusals', () => {
  const phi = (x: number) => normalDistribution(core, x);
  for (const [h, k] of [[0.3, -1.2], [2, 2], [-3, 1], [-1, -2], [0, 0]] as const) {
    expect(Math.abs(bivariateNormal(core, h, k, 1) - phi(Math.min(h, k)))).toBeLessThan(1e-15);
    expect(Math.abs(bivariateNormal(core, h, k, -1) - Math.max(0, phi(h) + phi(k) - 1))).toBeLessThan(1e-15);
  }
  for (const r of [-1, -0.9, 0, 0.4, 1]) {
    expect(bivariateNormal(core, Infinity, 0.7, r)).toBeCloseTo(phi(0.7), 15);
    expect(bivariateNormal(core, 0.7, -Infinity, r)).toBe(0);
    expect(bivariateNormal(core, Infinity, Infinity, r)).toBe(1);
    expect(bivariateNormal(core, NaN, 0, r)).toBeNaN();
  }
  for (const r of [1.0000001, -2, NaN]) expect(() => bivariateNormal(core, 0, 0, r)).toThrow('bivariateNormal: expected a correlation in [-1, 1], got');
});

test('ReLU mean and variance: relative error within 1e-12 down to 37 deviations below 0, and 0 beyond', () => {
  const stepper = new Stepper(core);
  const h = fixture.relu!.map(([x]) => x!);
  const { mean, variance } = stepper.step((tape) => {
    const moments = reluMarginals(tape, { mean: tape.from(h, [1, h.length], 'float64'), variance: tape.from(h.map(() => 1), [1, h.length], 'float64') });
    return { mean: moments.mean.toArray(), variance: moments.variance.toArray() };
  });
  fixture.relu!.forEach(([x, m, v], i) => {
    if (x! < -37) return expect([mean[i], variance[i]]).toEqual([0, 0]);
    // Mills' ratio less its leading terms: the error grows with x^2 roundings.
    expect(relativeError(mean[i]!, m!), `mean at ${x}`).toBeLessThan(2e-15);
    expect(relativeError(variance[i]!, v!), `variance at ${x}`).toBeLessThan(1e-12);
  });
  stepper.dispose();
});

test('ReLU covariance: error within 1e-13 of the deviations, for any means and correlations', () => {
  const errors = fixture.reluCovariance!.map(([h, k, r, expected]) => {
    const [v, c, mirrored, w] = pairCovariance(reluJoint, [h!, k!, 1, 1, r!]);
    expect(mirrored).toBe(c);
    return Math.abs(c! - expected!) / Math.sqrt(v! * w!);
  });
  expect(errors.length).toBeGreaterThan(500);
  // Two features 8 deviations below 0 lose some digits to the powers of exp(-kappa p).
  expect(Math.max(...errors)).toBeLessThan(1e-13);
});

test("the specification's example: exact, library's zero-mean formula, first and third order", () => {
  const example = [0.7, -0.4, 1.69, 0.64, 0.6 * 1.3 * 0.8];
  expect(pairCovariance(reluJoint, example)[1]).toBeCloseTo(0.15741, 5);
  expect(pairCovariance((tape, input) => reluJoint(tape, input, 0, 0), example)[1]).toBeCloseTo(0.13571, 5);
  expect(pairCovariance((tape, input) => reluJoint(tape, input, 0, 2), example)[1]).toBeCloseTo(0.15723, 5);
});

test('GELU variance and covariance: relative error within 1e-12, 1e-9 where the series is cut', () => {
  for (const row of fixture.gelu!) {
    const [variance, covariance] = pairCovariance(geluJoint, row);
    expect(relativeError(variance!, row[5]!), `variance at ${row}`).toBeLessThan(1e-12);
    const r = Math.abs(row[4]!) / Math.sqrt((1 + row[2]!) * (1 + row[3]!));
    expect(relativeError(covariance!, row[6]!), `covariance at ${row}`).toBeLessThan(r < 0.75 ? 1e-12 : 1e-9);
  }
});
