import { describe, expect, test } from 'vitest';
import { openCore } from '../../src/core/index.js';
import { geluJoint, geluMarginals, geluSlope, stepJoint, stepMarginals } from '../../src/moments/activations-step.js';
import { diagonal } from '../../src/moments/diagonal.js';
import { Stepper } from '../../src/tensor/index.js';
import { expectGradients } from '../tensor/finite-differences.js';
import { covariances, MEANS, VARIANCES } from './inputs.js';

const core = await openCore({ kernels: 'all' });

describe.each([0, 1, 0.6])('the step with %s added to the variances', (added) => {
  test('gradients of mean and variance', () => {
    expectGradients(core, (tape, m, v) => stepMarginals(tape, { mean: m!, variance: v! }, added).mean, [MEANS, VARIANCES]);
    expectGradients(core, (tape, m, v) => stepMarginals(tape, { mean: m!, variance: v! }, added).variance, [MEANS, VARIANCES]);
  });

  test.each([0.3, 0.9, 0.98])('gradients of the covariance, correlations up to %s', (most) => {
    const inputs = [MEANS, covariances(most, 0.01)];
    // The third derivatives of the step grow with 1 / (1 - r^2), and the differences' error with them.
    expectGradients(core, (tape, m, c) => stepJoint(tape, { mean: m!, covariance: c! }, added).covariance, inputs, 1e-6);
    expectGradients(core, (tape, m, c) => stepJoint(tape, { mean: m!, covariance: c! }, added).mean, inputs);
  });
});

describe('GELU', () => {
  test('gradients of mean, variance and slope', () => {
    expectGradients(core, (tape, m, v) => geluMarginals(tape, { mean: m!, variance: v! }).mean, [MEANS, VARIANCES]);
    expectGradients(core, (tape, m, v) => geluMarginals(tape, { mean: m!, variance: v! }).variance, [MEANS, VARIANCES]);
    expectGradients(core, (tape, m, v) => geluSlope(tape, { mean: m!, variance: v! }), [MEANS, VARIANCES]);
  });

  test.each([0.3, 0.98])('gradients of the covariance, correlations up to %s', (most) => {
    expectGradients(core, (tape, m, c) => geluJoint(tape, { mean: m!, covariance: c! }).covariance, [MEANS, covariances(most, 0.01)]);
  });

  test('the variance for large variances, by the closed form, goes on from the series', () => {
    // r = v / (1 + v) is 0.75 at v = 3.
    const variances = [3 - 1e-9, 3 + 1e-9];
    for (const mean of [-4, -1, 0, 0.5, 6]) {
      const stepper = new Stepper(core);
      const [below, above] = stepper.step((tape) => geluMarginals(tape, {
        mean: tape.from([mean, mean], [1, 2], 'float64'), variance: tape.from(variances, [1, 2], 'float64'),
      }).variance.toArray());
      expect(Math.abs(below! - above!)).toBeLessThan(1e-8);
      stepper.dispose();
    }
  });
});

test('the marginals are the diagonal of the joint distribution', () => {
  const stepper = new Stepper(core);
  stepper.step((tape) => {
    const { shape, values } = covariances(0.9);
    const mean = tape.from(MEANS.values, [2, 5], 'float64'), covariance = tape.from(values, shape, 'float64');
    const marginals = { mean, variance: diagonal(tape, covariance) };
    for (const added of [0, 1]) {
      expect(stepMarginals(tape, marginals, added).variance.toArray()).toEqual(diagonal(tape, stepJoint(tape, { mean, covariance }, added).covariance).toArray());
    }
    expect(geluMarginals(tape, marginals).variance.toArray()).toEqual(diagonal(tape, geluJoint(tape, { mean, covariance }).covariance).toArray());
  });
  stepper.dispose();
});
