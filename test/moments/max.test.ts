import { expect, test } from 'vitest';
import { openCore } from '../../src/core/index.js';
import { maxJoint, maxMarginals } from '../../src/moments/max.js';
import { Stepper } from '../../src/tensor/index.js';
import { expectGradients } from '../tensor/finite-differences.js';
import { covariances, MEANS, VARIANCES } from './inputs.js';

const core = await openCore();
/** A pair, a single feature, a group of three that overlaps both, and all. */
const GROUPS = [[0, 3], [2], [3, 1, 0], [4, 2, 1, 0, 3]].map((group) => Int32Array.from(group));

test('gradients of uncorrelated maxima', () => {
  expectGradients(core, (tape, m, v) => maxMarginals(tape, { mean: m!, variance: v! }, GROUPS).mean, [MEANS, VARIANCES]);
  expectGradients(core, (tape, m, v) => maxMarginals(tape, { mean: m!, variance: v! }, GROUPS).variance, [MEANS, VARIANCES]);
});

test.each([0.3, 0.9])('gradients of correlated maxima, correlations up to %s', (most) => {
  const inputs = [MEANS, covariances(most)];
  expectGradients(core, (tape, m, c) => maxJoint(tape, { mean: m!, covariance: c! }, GROUPS).mean, inputs);
  expectGradients(core, (tape, m, c) => maxJoint(tape, { mean: m!, covariance: c! }, GROUPS).covariance, inputs);
});

test("a pair is Clark's formulas as he wrote them", () => {
  const [m1, m2, v1, v2, c] = [0.4, -0.3, 1.2, 0.7, 0.5];
  const t = Math.sqrt(v1 + v2 - 2 * c);
  // Phi and phi at (m1 - m2) / t = 0.73786478737262184, by mpmath.
  const [p, density] = [0.7697016906476144, 0.303868342450928];
  const mean = m1 * p + m2 * (1 - p) + t * density;
  const square = (m1 * m1 + v1) * p + (m2 * m2 + v2) * (1 - p) + (m1 + m2) * t * density;
  const stepper = new Stepper(core);
  stepper.step((tape) => {
    const result = maxJoint(tape, { mean: tape.from([m1, m2], [1, 2], 'float64'), covariance: tape.from([v1, c, c, v2], [1, 2, 2], 'float64') }, [Int32Array.of(0, 1), Int32Array.of(0)]);
    expect(result.mean.toArray()[0]).toBeCloseTo(mean, 13);
    const covariance = result.covariance.toArray();
    expect(covariance[0]).toBeCloseTo(square - mean * mean, 13);
    expect(covariance[1]).toBeCloseTo(v1 * p + c * (1 - p), 13);
    expect(covariance[2]).toBe(covariance[1]);
  });
  stepper.dispose();
});

test('constants, and features that are one and the same', () => {
  const stepper = new Stepper(core);
  stepper.step((tape) => {
    const constants = maxMarginals(tape, { mean: tape.from([1, 3, 3], [1, 3], 'float64'), variance: tape.from([0, 0, 0], [1, 3], 'float64') }, [Int32Array.of(0, 1, 2)]);
    expect([...constants.mean.toArray(), ...constants.variance.toArray()]).toEqual([3, 0]);
    const twins = maxJoint(tape, { mean: tape.from([1, 1], [1, 2], 'float64'), covariance: tape.from([2, 2, 2, 2], [1, 2, 2], 'float64') }, [Int32Array.of(0, 1)]);
    expect(twins.mean.toArray()).toEqual(Float64Array.of(1));
    expect(twins.covariance.toArray()[0]).toBeCloseTo(2, 14);
    const far = maxMarginals(tape, { mean: tape.from([1e8, -1e8], [1, 2], 'float64'), variance: tape.from([1, 4], [1, 2], 'float64') }, [Int32Array.of(0, 1)]);
    expect([...far.mean.toArray(), ...far.variance.toArray()]).toEqual([1e8, 1]);
  });
  stepper.dispose();
});

test('refuses an empty group and a feature out of range', () => {
  const stepper = new Stepper(core);
  stepper.step((tape) => {
    const input = { mean: tape.from([1, 1], [1, 2], 'float64'), variance: tape.from([2, 2], [1, 2], 'float64') };
    expect(() => maxMarginals(tape, input, [Int32Array.of()])).toThrow('maxMarginals: expected groups of one or more features below 2, got none in group 0');
    expect(() => maxMarginals(tape, input, [Int32Array.of(0), Int32Array.of(2)])).toThrow('got 2 in group 1');
  });
  stepper.dispose();
});
