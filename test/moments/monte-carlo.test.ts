import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openCore, type Core } from '../../src/core/index.js';
import { NormalSampler, RunningMoments } from '../../src/moments/monte-carlo.js';
import { Generator } from '../../src/random/index.js';
import { Stepper, Tensor } from '../../src/tensor/index.js';
import { scatteredValues } from '../tensor/scattered-values.js';
import { expectNear } from './library-fixture.js';

let core: Core;
let stepper: Stepper;
beforeAll(async () => {
  core = await openCore({ kernels: 'all' });
  stepper = new Stepper(core);
});
afterAll(() => stepper.dispose());

const MEAN = [1, -2, 0.5];
const COVARIANCE = [4, 1, -0.5, 1, 2, 0.3, -0.5, 0.3, 1];
/** z z^T for z = (1, 2, -1). */
const RANK_ONE = [1, 2, -1, 2, 4, -2, -1, -2, 1];

function withSampler<T>(covariance: number[], body: (sampler: NormalSampler, generator: Generator) => T): T {
  const matrix = Tensor.from(core, covariance, [3, 3], 'float64');
  const sampler = new NormalSampler(MEAN, matrix);
  const generator = new Generator(core, 7);
  try {
    return body(sampler, generator);
  } finally {
    for (const owner of [matrix, sampler, generator]) owner.dispose();
  }
}

describe('NormalSampler', () => {
  it('gives mean + L z for the normals that PyTorch would draw', () => {
    withSampler(COVARIANCE, (sampler, generator) => stepper.step((tape) => {
      const twin = generator.clone();
      const normals = twin.randn([6, 3], 'float64');
      const z = normals.toArray();
      // The textbook's factor of the matrix above.
      const l = [[2, 0, 0], [0.5, Math.sqrt(1.75), 0], [-0.25, 0.425 / Math.sqrt(1.75), 0]];
      l[2]![2] = Math.sqrt(1 - l[2]![0]! ** 2 - l[2]![1]! ** 2);
      const wanted = Array.from({ length: 18 }, (_, k) => MEAN[k % 3]! + l[k % 3]!.reduce((sum, value, j) => sum + value * z[3 * Math.floor(k / 3) + j]!, 0));
      expectNear(sampler.draw(tape, generator, 6).toArray(), wanted, 1e-14, 'samples');
      normals.dispose();
      twin.dispose();
    }));
  });

  it('draws from a semidefinite covariance within its range', () => {
    withSampler(RANK_ONE, (sampler, generator) => stepper.step((tape) => {
      const x = sampler.draw(tape, generator, 50).toArray();
      for (let i = 0; i < 150; i += 3) {
        const along = x[i]! - MEAN[0]!;
        // The square root of a zero eigenvalue's rounding, 1e-8, times a normal.
        expect(Math.abs(x[i + 1]! - MEAN[1]! - 2 * along)).toBeLessThan(1e-6);
        expect(Math.abs(x[i + 2]! - MEAN[2]! + along)).toBeLessThan(1e-6);
      }
    }));
  });

  it('refuses what is no covariance, or of another size', () => {
    const attempt = (values: number[], size: number, mean = MEAN) => () => {
      const matrix = Tensor.from(core, values, [size, size], 'float64');
      try {
        return new NormalSampler(mean, matrix);
      } finally {
        matrix.dispose();
      }
    };
    expect(attempt([1, 2, 2, 1], 2, [0, 0])).toThrow(/^NormalSampler: covariance: expected a positive semidefinite matrix/);
    expect(attempt([1, 0, 0, 1], 2)).toThrow(new RangeError('NormalSampler: expected a covariance [3, 3] for a mean of 3 values, got [2, 2]'));
  });
});

describe('RunningMoments', () => {
  function plain(rows: readonly number[], size: number) {
    const count = rows.length / size;
    const mean = Array.from({ length: size }, (_, i) => rows.filter((_value, k) => k % size === i).reduce((sum, x) => sum + x, 0) / count);
    const central = (powers: (i: number, j: number) => [number, number]) => Array.from({ length: size * size }, (_, k) => {
      const [i, j] = [Math.floor(k / size), k % size];
      const [p, q] = powers(i, j);
      let sum = 0;
      for (let row = 0; row < count; row++) sum += (rows[row * size + i]! - mean[i]!) ** p * (rows[row * size + j]! - mean[j]!) ** q;
      return sum / count;
    });
    const second = central(() => [1, 1]), mixed = central(() => [2, 2]);
    return {
      mean,
      covariance: second.map((value) => (value * count) / (count - 1)),
      covarianceError: mixed.map((value, k) => Math.sqrt((value - second[k]! ** 2) / count)),
      meanError: mean.map((_, i) => Math.sqrt(second[i * size + i]! / (count - 1))),
    };
  }

  it.each([1, 3, 4])('agrees with sums over all samples, however they are cut into batches (%d values)', (size) => {
    const rows = scatteredValues(40 * size, 5).map((x, i) => x * (i % size + 1) + 30);
    const wanted = plain(rows, size);
    for (const batch of [40, 7, 1]) {
      const running = new RunningMoments(core, size, { covariance: true });
      stepper.step((tape) => {
        for (let start = 0; start < 40; start += batch) {
          const part = rows.slice(start * size, Math.min(40, start + batch) * size);
          running.add(tape.from(part, [part.length / size, size], 'float64'));
        }
      });
      const found = running.estimate();
      expect(found.count).toBe(40);
      // A batch of 1 is centred at its only sample, some deviations off: a digit or two of the fourth moments goes.
      for (const part of ['mean', 'meanError', 'covariance', 'covarianceError'] as const) expectNear(found[part]!, wanted[part], 1e-11, `${part}, batches of ${batch}`);
      expectNear(found.variance, wanted.covariance.filter((_, k) => k % (size + 1) === 0), 1e-11, 'variance');
      expectNear(found.varianceError, wanted.covarianceError.filter((_, k) => k % (size + 1) === 0), 1e-11, 'variance error');
      running.dispose();
    }
  });

  it('covers the truth: mean, variance and covariance of a Gaussian within 4 standard errors, with errors as theory has them', () => {
    withSampler(COVARIANCE, (sampler, generator) => {
      const running = new RunningMoments(core, 3, { covariance: true });
      const count = 40_000;
      for (let i = 0; i < 10; i++) stepper.step((tape) => running.add(sampler.draw(tape, generator, count / 10)));
      const found = running.estimate();
      found.mean.forEach((value, i) => expect(Math.abs(value - MEAN[i]!) / found.meanError[i]!).toBeLessThan(4));
      found.covariance!.forEach((value, k) => {
        expect(Math.abs(value - COVARIANCE[k]!) / found.covarianceError![k]!).toBeLessThan(4);
        // Var of a sample covariance of a Gaussian: (s_ii s_jj + s_ij^2) / N.
        const [i, j] = [Math.floor(k / 3), k % 3];
        const theory = Math.sqrt((COVARIANCE[4 * i]! * COVARIANCE[4 * j]! + COVARIANCE[k]! ** 2) / count);
        expect(Math.abs(found.covarianceError![k]! / theory - 1)).toBeLessThan(0.05);
      });
      running.dispose();
    });
  });

  it('does not grow, and gives its memory back', () => {
    const before = core.memory.allocatedBytes;
    const running = new RunningMoments(core, 3);
    const batch = Tensor.from(core, scatteredValues(300), [100, 3], 'float64');
    running.add(batch);
    const inUse = core.memory.allocatedBytes;
    for (let i = 0; i < 20; i++) running.add(batch);
    expect(core.memory.allocatedBytes).toBe(inUse);
    expect(running.estimate().covariance).toBeUndefined();
    running.dispose();
    batch.dispose();
    expect(core.memory.allocatedBytes).toBe(before);
  });

  it('names samples that do not fit', () => {
    const running = new RunningMoments(core, 3);
    const attempt = (shape: number[], dtype: 'float32' | 'float64') => () => stepper.step((tape) => running.add(tape.empty(shape, dtype, 'samples')));
    expect(() => running.estimate()).toThrow(new RangeError('RunningMoments: expected at least 2 samples, got 0'));
    expect(attempt([2, 4], 'float64')).toThrow(new RangeError('RunningMoments: expected samples [count, 3], got [2, 4]'));
    expect(attempt([2, 3], 'float32')).toThrow(new TypeError('RunningMoments: expected float64 samples, got float32'));
    running.dispose();
  });
});
