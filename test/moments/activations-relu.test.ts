import { describe, expect, test } from 'vitest';
import { openCore } from '../../src/core/index.js';
import { reluJoint, reluMarginals, reluZeroMeanCovariance } from '../../src/moments/activations-relu.js';
import { Stepper } from '../../src/tensor/index.js';
import { expectGradients } from '../tensor/finite-differences.js';
import { covariances, MEANS, VARIANCES } from './inputs.js';

const core = await openCore();

describe('gradients against finite differences', () => {
  test.each([0, 0.1, -0.5])('mean and variance, slope %s', (slope) => {
    expectGradients(core, (tape, m, v) => reluMarginals(tape, { mean: m!, variance: v! }, slope).mean, [MEANS, VARIANCES]);
    expectGradients(core, (tape, m, v) => reluMarginals(tape, { mean: m!, variance: v! }, slope).variance, [MEANS, VARIANCES]);
  });

  test.each([[0.3, 0], [0.9, 0], [0.98, 0], [0.7, 0.2], [0.9, 0.2]])('covariance, correlations up to %s, slope %s', (most, slope) => {
    const inputs = [MEANS, covariances(most, 0.01)];
    expectGradients(core, (tape, m, c) => reluJoint(tape, { mean: m!, covariance: c! }, slope).mean, inputs);
    expectGradients(core, (tape, m, c) => reluJoint(tape, { mean: m!, covariance: c! }, slope).covariance, inputs);
  });

  test.each([0, 2] as const)('covariance, %s terms beyond the linear one', (terms) => {
    expectGradients(core, (tape, m, c) => reluJoint(tape, { mean: m!, covariance: c! }, 0.1, terms).covariance, [MEANS, covariances(0.8, 0.01)]);
  });

  test('zero-mean covariance', () => {
    expectGradients(core, (tape, c) => reluZeroMeanCovariance(tape, c!), [covariances(0.95, 0.01)]);
  });
});

test('the zero-mean formula is the exact covariance at means of 0', () => {
  const stepper = new Stepper(core);
  stepper.step((tape) => {
    const { shape, values } = covariances(0.97);
    const covariance = tape.from(values, shape, 'float64');
    const exact = reluJoint(tape, { mean: tape.from(new Float64Array(10), [2, 5], 'float64'), covariance }).covariance.toArray();
    // A handful of roundings of values up to 1.
    reluZeroMeanCovariance(tape, covariance).toArray().forEach((value, i) => expect(Math.abs(value - exact[i]!)).toBeLessThan(1e-15));
  });
  stepper.dispose();
});

test('no variance, infinite distance, tiny and huge scales: finite moments, and gradients', () => {
  const mean = [0, 1, -1, 1e-170, 1e150, -1e300, 3], variance = [0, 0, 0, 1e-320, 1, 1e300, -1e-18];
  const stepper = new Stepper(core);
  stepper.step((tape) => {
    const m = tape.from(mean, [1, 7], 'float64'), v = tape.from(variance, [1, 7], 'float64');
    for (const tensor of [m, v]) tensor.requiresGrad = true;
    const moments = reluMarginals(tape, { mean: m, variance: v });
    expect([...moments.mean.toArray().slice(0, 3), moments.mean.toArray()[6]]).toEqual([0, 1, 0, 3]);
    expect([...moments.variance.toArray().slice(0, 3), moments.variance.toArray()[6]]).toEqual([0, 0, 0, 0]);
    expect([...moments.mean.toArray(), ...moments.variance.toArray()].every(Number.isFinite)).toBe(true);
    tape.backward(moments.mean);
    expect([...m.grad!.toArray()].every(Number.isFinite)).toBe(true);
    expect(m.grad!.toArray().slice(0, 3)).toEqual(Float64Array.of(0.5, 1, 0));
    expect(v.grad!.toArray().slice(0, 3)).toEqual(new Float64Array(3));
  });
  stepper.dispose();
});
