import { describe, expect, test } from 'vitest';
import { openCore } from '../../src/core/index.js';
import { activationMoments } from '../../src/moments/activations.js';
import { diagonal } from '../../src/moments/diagonal.js';
import { Generator } from '../../src/random/index.js';
import { Stepper, type Tape, type Tensor } from '../../src/tensor/index.js';
import { expectGradients } from '../tensor/finite-differences.js';
import { scatteredValues } from '../tensor/scattered-values.js';
import { covariances, MEANS, VARIANCES } from './inputs.js';

const core = await openCore();
const EXACT = ['relu', 'relu:linear', 'relu:series3', 'leaky-relu:0.2', 'heaviside', 'gelu', 'probit', 'identity'];
const ALL = [...EXACT, 'relu:zero-mean', 'relu:pasted', 'sigmoid', 'tanh'];
/** Their covariances off the diagonal are those of Gaussians, not of an approximation. */
const EXACT_JOINT = ['relu', 'leaky-relu:0.2', 'heaviside', 'gelu', 'probit', 'identity'];

function inStep<T>(body: (tape: Tape) => T): T {
  const stepper = new Stepper(core);
  try {
    return stepper.step(body);
  } finally {
    stepper.dispose();
  }
}

describe.each(ALL)('%s', (specification) => {
  const moments = activationMoments(specification);

  test('its name gives it again', () => expect(activationMoments(moments.name).name).toBe(moments.name));

  test('gradients', () => {
    const identity = specification === 'identity';
    for (const part of ['mean', 'variance'] as const) {
      const inputs = identity ? [part === 'mean' ? MEANS : VARIANCES] : [MEANS, VARIANCES];
      const marginals = (tape: Tape, a: Tensor, b?: Tensor) => moments.marginals(tape, identity ? { mean: a, variance: a } : { mean: a, variance: b! })[part];
      expectGradients(core, (tape, a, b) => marginals(tape, a!, b), inputs);
    }
    if (identity) return;
    expectGradients(core, (tape, m, v) => moments.slope(tape, { mean: m!, variance: v! }), [MEANS, VARIANCES]);
    // The zero-mean formula takes no means: see activations-relu.test.ts. The step's third derivatives are large at high
    // correlations, and the differences' error with them.
    if (specification !== 'relu:zero-mean') {
      expectGradients(core, (tape, m, c) => moments.joint(tape, { mean: m!, covariance: c! }).covariance, [MEANS, covariances(0.9)], 1e-6);
    }
  });

  test('the variances of the joint distribution are the marginals', () => {
    if (specification === 'relu:zero-mean') return expect(moments.name).toBe('relu:covariance=zero-mean');
    inStep((tape) => {
      const { shape, values } = covariances(0.9);
      const input = { mean: tape.from(MEANS.values, MEANS.shape, 'float64'), covariance: tape.from(values, shape, 'float64') };
      const marginals = moments.marginals(tape, { mean: input.mean, variance: diagonal(tape, input.covariance) });
      const joint = moments.joint(tape, input);
      expect(joint.mean.toArray()).toEqual(marginals.mean.toArray());
      diagonal(tape, joint.covariance).toArray().forEach((value, i) => expect(value).toBeCloseTo(marginals.variance.toArray()[i]!, 14));
    });
  });
});

/** Sample mean and covariance, with the standard error of each, of g over `count` draws of N(mean, L L^T), features 3. */
function monteCarlo(g: (tape: Tape, x: Tensor) => Tensor, mean: number[], factor: number[], count: number) {
  const generator = new Generator(core, 5);
  const noise = generator.randn([count, 3], 'float64');
  const draws = noise.toArray();
  noise.dispose();
  generator.dispose();
  const x = Float64Array.from({ length: 3 * count }, (_, at) => {
    const [row, i] = [at - (at % 3), at % 3];
    let value = mean[i]!;
    for (let k = 0; k <= i; k++) value += factor[3 * i + k]! * draws[row + k]!;
    return value;
  });
  const y = inStep((tape) => g(tape, tape.from(x, [count, 3], 'float64')).toArray() as Float64Array);
  const means = [0, 1, 2].map((i) => y.reduce((sum, value, at) => (at % 3 === i ? sum + value : sum), 0) / count);
  const entries = [0, 1, 2].flatMap((i) => [0, 1, 2].map((k) => {
    let [sum, squares] = [0, 0];
    for (let row = 0; row < 3 * count; row += 3) {
      const product = (y[row + i]! - means[i]!) * (y[row + k]! - means[k]!);
      sum += product;
      squares += product * product;
    }
    return { value: sum / count, error: Math.sqrt((squares / count - (sum / count) ** 2) / count) };
  }));
  return { means, covariance: entries };
}

test.each(EXACT_JOINT)('%s: within 5 standard errors of 200,000 draws', (specification) => {
  const moments = activationMoments(specification);
  const factor = [1.1, 0, 0, 0.7, 0.6, 0, -0.9, 0.2, 0.4], mean = [0.4, -0.6, 0.1];
  const covariance = [0, 1, 2].flatMap((i) => [0, 1, 2].map((k) => [0, 1, 2].reduce((sum, j) => sum + factor[3 * i + j]! * factor[3 * k + j]!, 0)));
  const { means, covariance: entries } = monteCarlo(moments.apply, mean, factor, 200_000);
  inStep((tape) => {
    const joint = moments.joint(tape, { mean: tape.from(mean, [1, 3], 'float64'), covariance: tape.from(covariance, [1, 3, 3], 'float64') });
    const [m, c] = [joint.mean.toArray(), joint.covariance.toArray()];
    means.forEach((value, i) => expect(Math.abs(m[i]! - value)).toBeLessThan(5 * Math.sqrt(c[4 * i]! / 200_000)));
    entries.forEach(({ value, error }, i) => expect(Math.abs(c[i]! - value), `entry ${i}`).toBeLessThan(5 * error));
  });
});

test.each(['sigmoid', 'tanh'])('%s: the approximation of the mean within 0.02 of its range', (specification) => {
  const moments = activationMoments(specification);
  const factor = [1.1, 0, 0, 0.7, 0.6, 0, -0.9, 0.2, 0.4], mean = [0.4, -0.6, 0.1];
  const variance = [1.21, 0.85, 1.01];
  const { means, covariance } = monteCarlo(moments.apply, mean, factor, 50_000);
  inStep((tape) => {
    const result = moments.marginals(tape, { mean: tape.from(mean, [1, 3], 'float64'), variance: tape.from(variance, [1, 3], 'float64') });
    const range = specification === 'tanh' ? 2 : 1;
    means.forEach((value, i) => expect(Math.abs(result.mean.toArray()[i]! - value)).toBeLessThan(0.02 * range));
    covariance.forEach(({ value }, at) => at % 4 === 0 && expect(Math.abs(result.variance.toArray()[at / 4]! / value - 1)).toBeLessThan(0.15));
  });
});

test.each(EXACT.filter((name) => name !== 'identity'))('%s: the slope is the mean\'s derivative in the mean', (specification) => {
  const moments = activationMoments(specification);
  inStep((tape) => {
    const mean = tape.from(MEANS.values, MEANS.shape, 'float64'), variance = tape.from(VARIANCES.values, VARIANCES.shape, 'float64');
    mean.requiresGrad = true;
    const slope = moments.slope(tape, { mean, variance }).toArray();
    tape.backward(moments.marginals(tape, { mean, variance }).mean);
    mean.grad!.toArray().forEach((value, i) => expect(value).toBeCloseTo(slope[i]!, 14));
  });
});

test('apply is the function', () => {
  const x = scatteredValues(7, 3);
  const of = (name: string) => inStep((tape) => activationMoments(name).apply(tape, tape.from([...x, 0], [8], 'float64')).toArray());
  expect(of('leaky-relu:0.25')).toEqual(Float64Array.from([...x, 0], (value) => (value > 0 ? value : 0.25 * value) + 0));
  expect(of('heaviside')).toEqual(Float64Array.from([...x, 0], (value) => (value > 0 ? 1 : value < 0 ? 0 : 0.5)));
  expect(of('probit')[7]).toBe(0.5);
});

test('unknown names and options are refused with the nearest', () => {
  expect(() => activationMoments('relo')).toThrow(/^activation: expected one among relu, leaky-relu, .*got "relo" \(the nearest is relu\)/);
  expect(() => activationMoments('relu:covariance=exakt', '--activation')).toThrow('--activation: relu: covariance: expected exact, zero-mean, pasted, linear or series3, got "exakt"');
  expect(() => activationMoments('leaky-relu:slope=steep')).toThrow('expected a finite number, got "steep"');
});
