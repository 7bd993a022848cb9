import { describe, expect, test } from 'vitest';
import { openCore } from '../../src/core/index.js';
import { stepJoint, stepMarginals, probabilityDensity } from '../../src/moments/activations-step.js';
import { reluJoint, reluMarginals } from '../../src/moments/activations-relu.js';
import { hermiteRule, quadratureMoments } from '../../src/moments/quadrature.js';
import { symmetricEigenvalues } from '../../src/matrices/index.js';
import { mul, relu, Stepper, tanh, type Tape, type Tensor } from '../../src/tensor/index.js';
import { activationMoments } from '../../src/moments/activations.js';
import { expectGradients } from '../tensor/finite-differences.js';
import { covariances, MEANS, VARIANCES } from './inputs.js';

const core = await openCore({ kernels: 'all' });
const probit = activationMoments('probit');

const worst = (a: Tensor, b: Tensor) => Math.max(...Array.from(a.toArray(), (value, index) => Math.abs(value - b.toArray()[index]!)));
const from = (tape: Tape, { shape, values }: { shape: number[]; values: number[] }) => tape.from(values, shape, 'float64');
const inStep = <T>(body: (tape: Tape) => T) => new Stepper(core).step(body);
const jointOf = (tape: Tape, most = 0.9) => ({ mean: from(tape, MEANS), covariance: from(tape, covariances(most)) });

describe('the Gauss-Hermite rule', () => {
  test.each([1, 2, 3, 8, 33, 64])('of %i points is exact for polynomials', (points) => {
    const { nodes, weights } = hermiteRule(core, points);
    let moment = 1;
    for (let degree = 0; degree < Math.min(2 * points, 20); degree += 2) {
      const sum = nodes.reduce((total, node, k) => total + weights[k]! * node ** degree, 0);
      // Odd moments are 0, E[U^2m] = (2 m - 1)!!.
      expect(Math.abs(sum / moment - 1)).toBeLessThan(1e-12);
      const odd = nodes.reduce((total, node, k) => total + weights[k]! * node ** (degree + 1), 0);
      expect(Math.abs(odd)).toBeLessThan(1e-12 * moment * (degree + 2));
      moment *= degree + 1;
    }
  });

  test.each([0, 1.5, 257, NaN])('refuses %s points', (points) => {
    expect(() => hermiteRule(core, points)).toThrow(RangeError);
    expect(() => quadratureMoments(tanh, points)).toThrow(`quadratureMoments: expected a whole number of points from 1 to 256, got ${points}`);
  });
});

test('agrees with the closed forms of the probit', () => {
  const { marginals, joint, slope } = quadratureMoments(probit.apply, 128);
  inStep((tape) => {
    const input = { mean: from(tape, MEANS), variance: from(tape, VARIANCES) };
    const [found, exact] = [marginals(tape, input), stepMarginals(tape, input, 1)];
    // A smooth function: the error falls geometrically with the points, and is rounding here.
    expect(worst(found.mean, exact.mean)).toBeLessThan(1e-13);
    expect(worst(found.variance, exact.variance)).toBeLessThan(1e-13);
    expect(worst(slope(tape, input), probabilityDensity(tape, input, 1))).toBeLessThan(1e-13);
    const both = jointOf(tape);
    expect(worst(joint(tape, both).covariance, stepJoint(tape, both, 1).covariance)).toBeLessThan(1e-12);
  });
});

test('comes as near to ReLU as a kink allows', () => {
  inStep((tape) => {
    const input = { mean: from(tape, MEANS), variance: from(tape, VARIANCES) };
    const exact = reluMarginals(tape, input);
    for (const points of [16, 64, 256]) {
      const { marginals, joint } = quadratureMoments(relu, points);
      const found = marginals(tape, input);
      // Deviations up to 1.7; the documented bound is 0.3 / points of them for the mean, and the second moment's is the mean's twice over.
      expect(worst(found.mean, exact.mean)).toBeLessThan((0.3 * 1.7) / points);
      expect(worst(found.variance, exact.variance)).toBeLessThan((0.3 * 1.7 ** 2 * 4) / points);
      expect(worst(joint(tape, jointOf(tape)).covariance, reluJoint(tape, jointOf(tape)).covariance)).toBeLessThan((0.3 * 1.6 ** 2 * 4) / points);
    }
  });
});

test('tanh against mpmath', () => {
  // mpmath 1.3, 30 digits: mp.quad of tanh(m + s x) and of its square against the normal density, split at -8, -2, 0, 2 and 8.
  const references = [
    [0, 1, 0, 0.3942944903978412],
    [0.5, 0.25, 0.3934693402873666, 0.13340835759436268],
    [-1.5, 1, -0.7408115981308456, 0.13956702379167418],
    [2, 0.5, 0.9187415021530063, 0.016725251844955626],
    [0.1, 0.01, 0.09870013559437253, 0.00961891044887856],
  ];
  const { marginals } = quadratureMoments(tanh, 128);
  inStep((tape) => {
    const column = (index: number) => tape.from(references.map((row) => row[index]!), [1, references.length], 'float64');
    const found = marginals(tape, { mean: column(0), variance: column(1) });
    // tanh has poles pi / 2 off the real line: 128 points leave 1e-10 at a deviation of 1.
    expect(worst(found.mean, column(2))).toBeLessThan(1e-9);
    expect(worst(found.variance, column(3))).toBeLessThan(1e-9);
  });
});

test('covariances are semidefinite, with the marginals on the diagonal, for degenerate inputs too', () => {
  inStep((tape) => {
    const covariance = tape.from([1, 1, 0, 1, 1, 0, 0, 0, 0], [1, 3, 3], 'float64');
    const input = { mean: tape.from([0.5, 0.5, -0.3], [1, 3], 'float64'), covariance };
    for (const apply of [relu, tanh, probit.apply]) {
      const moments = quadratureMoments(apply, 32);
      const result = moments.joint(tape, input).covariance;
      const variance = moments.marginals(tape, { mean: input.mean, variance: tape.from([1, 1, 0], [1, 3], 'float64') }).variance;
      const values = result.toArray();
      [0, 4, 8].forEach((place, index) => expect(Math.abs(values[place]! - variance.toArray()[index]!)).toBeLessThan(1e-14));
      expect(Math.abs(values[1]! - values[0]!)).toBeLessThan(1e-14);
      expect(Math.abs(values[2]!)).toBeLessThan(1e-15);
      expect(Math.min(...symmetricEigenvalues(tape, result).toArray())).toBeGreaterThan(-1e-14);
    }
  });
});

test('gradients', () => {
  const { marginals, joint, slope } = quadratureMoments((tape, x) => tanh(tape, mul(tape, x, x)), 16);
  expectGradients(core, (tape, m, v) => marginals(tape, { mean: m!, variance: v! }).mean, [MEANS, VARIANCES]);
  expectGradients(core, (tape, m, v) => marginals(tape, { mean: m!, variance: v! }).variance, [MEANS, VARIANCES]);
  expectGradients(core, (tape, m, v) => slope(tape, { mean: m!, variance: v! }), [MEANS, VARIANCES]);
  expectGradients(core, (tape, m, c) => joint(tape, { mean: m!, covariance: c! }).covariance, [MEANS, covariances(0.8, 0.01)]);
});

test('refuses a function that gives another number of values', () => {
  const { marginals } = quadratureMoments((tape) => tape.empty([3], 'float64', 'three'), 4);
  expect(() => inStep((tape) => marginals(tape, { mean: from(tape, MEANS), variance: from(tape, VARIANCES) })))
    .toThrow('quadratureMoments: expected a function of each value by itself, got 3 values from 40');
});
