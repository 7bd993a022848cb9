// Every joint op keeps a covariance positive semidefinite, whatever comes in.
import { expect, test } from 'vitest';
import { openCore } from '../../src/core/index.js';
import { activationMoments } from '../../src/moments/activations.js';
import type { Joint } from '../../src/moments/distribution.js';
import { maxJoint } from '../../src/moments/max.js';
import { Generator } from '../../src/random/index.js';
import { Stepper, type Tape } from '../../src/tensor/index.js';

const core = await openCore();
const N = 6;

/** The numbers of one random input: means [N], covariance [N, N]. */
interface Input {
  mean: Float64Array;
  covariance: Float64Array;
}

/**
 * Gaussians of rank 1 (correlations of +-1) to N, features scaled by powers of ten (alike or each by its own), some without
 * variance, some twins, means at 0 or up to 5 deviations off.
 */
function randomInputs(count: number, seed: number): Input[] {
  const generator = new Generator(core, seed);
  const inputs = Array.from({ length: count }, () => {
    const normals = draw(generator, (N + 1) * N), choice = draw(generator, 8);
    const uniform = (i: number) => Math.abs(choice[i]! * 7919) % 1;
    const rank = 1 + Math.floor(uniform(0) * N), spreadOut = uniform(1) < 0.3, distance = [0, 1, 5][Math.floor(uniform(2) * 3)]!;
    const common = Number(`1e${Math.floor(uniform(3) * 200 - 100)}`);
    const factor = Array.from({ length: N }, (_, i) => Array.from({ length: rank }, (_, k) => {
      const scale = common * (spreadOut ? Number(`1e${Math.floor(normals[i]! * 4)}`) : 1);
      return uniform(4) < 0.2 && i === 2 ? 0 : scale * normals[(uniform(5) < 0.2 && i === 4 ? 3 : i) * N + k]!;
    }));
    const covariance = Float64Array.from({ length: N * N }, (_, at) => {
      const [i, k] = [Math.floor(at / N), at % N];
      return factor[i]!.reduce((sum, value, j) => sum + value * factor[k]![j]!, 0);
    });
    const mean = Float64Array.from({ length: N }, (_, i) => distance * Math.sqrt(covariance[i * (N + 1)]!) * normals[N * N + i]! / 2);
    return { mean, covariance };
  });
  generator.dispose();
  return inputs;
}

function draw(generator: Generator, count: number): Float64Array {
  const tensor = generator.randn([count], 'float64');
  const values = tensor.toArray() as Float64Array;
  tensor.dispose();
  return values;
}

/**
 * The least pivot of Cholesky's factorisation of the correlation matrix with `slack` on its diagonal: positive when no
 * eigenvalue is below -slack. Features without variance must have no covariance.
 */
function leastPivot(covariance: ArrayLike<number>, n: number, slack: number): number {
  const deviation = Array.from({ length: n }, (_, i) => Math.sqrt(covariance[i * (n + 1)]!));
  const a = Array.from({ length: n }, (_, i) => Array.from({ length: n }, (_, k) => {
    if (i === k) return 1 + slack;
    const c = covariance[i * n + k]!;
    if (deviation[i] === 0 || deviation[k] === 0) return c === 0 ? 0 : NaN;
    return c / deviation[i]! / deviation[k]!;
  }));
  let least = Infinity;
  for (let k = 0; k < n; k++) {
    const pivot = a[k]![k]!;
    least = pivot < least || Number.isNaN(pivot) ? pivot : least;
    for (let i = k + 1; i < n; i++) for (let j = k + 1; j < n; j++) a[i]![j]! -= (a[i]![k]! * a[k]![j]!) / pivot;
  }
  return least;
}

function semidefinite(joint: (tape: Tape, input: Joint) => Joint, count: number, slack: number, n = N): void {
  const inputs = randomInputs(count, 31);
  const stepper = new Stepper(core);
  stepper.step((tape) => {
    const mean = tape.from(inputs.flatMap((input) => [...input.mean]), [count, N], 'float64');
    const covariance = tape.from(inputs.flatMap((input) => [...input.covariance]), [count, N, N], 'float64');
    const result = joint(tape, { mean, covariance });
    const [means, all] = [result.mean.toArray(), result.covariance.toArray()];
    expect(means.every(Number.isFinite)).toBe(true);
    inputs.forEach((input, b) => {
      const matrix = all.slice(b * n * n, (b + 1) * n * n);
      const pivot = leastPivot(matrix, n, slack);
      expect(pivot > 0, `${pivot}: input ${b}, means ${input.mean}, covariance ${input.covariance} gave ${matrix}`).toBe(true);
    });
  });
  stepper.dispose();
}

// In units of the outputs' own deviations, however small: rounding of the inputs' correlations and a few of the series.
test('exact ReLU covariance of 10,000 inputs', () => {
  semidefinite((tape, input) => activationMoments('relu').joint(tape, input), 10_000, 1e-11);
});

test.each(['relu:linear', 'relu:series3', 'relu:zero-mean', 'leaky-relu:0.1', 'gelu'])('%s, 2,000 inputs', (name) => {
  semidefinite((tape, input) => activationMoments(name).joint(tape, input), 2000, 1e-11);
});

// Near r = 1 the step's covariance falls like sqrt(1 - r): a rounding of an input's correlation is worth 1e-8.
test.each(['heaviside', 'probit', 'sigmoid', 'tanh'])('%s, 2,000 inputs', (name) => {
  semidefinite((tape, input) => activationMoments(name).joint(tape, input), 2000, 3e-7);
});

test('maxima over overlapping groups, 2,000 inputs', () => {
  const groups = [[0, 1], [1, 2, 3], [4], [5, 4, 3, 2, 1, 0]].map((group) => Int32Array.from(group));
  semidefinite((tape, input) => maxJoint(tape, input, groups), 2000, 1e-11, 4);
});

test("the library's pasted covariance is not: this is why it is not the default", () => {
  const stepper = new Stepper(core);
  stepper.step((tape) => {
    // Two twins well below 0: hardly any variance is left, but the zero-mean covariance stays.
    const input = { mean: tape.from([-3, -3], [1, 2], 'float64'), covariance: tape.from([1, 1, 1, 1], [1, 2, 2], 'float64') };
    expect(leastPivot(activationMoments('relu:pasted').joint(tape, input).covariance.toArray(), 2, 0)).toBeLessThan(0);
    expect(leastPivot(activationMoments('relu').joint(tape, input).covariance.toArray(), 2, 1e-12)).toBeGreaterThan(0);
  });
  stepper.dispose();
});
