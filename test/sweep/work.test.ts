// Work counted by hand, memory that grows with what takes it, and an honest remaining time.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { resolveSplitHeadConfig } from '../../src/experiments/splithead/index.js';
import { datasetSizeOf, durationText, expectedSeconds, expandSweep, memoryOf, officialSize, RemainingTime, SHIPPED_SWEEPS, shippedSweep, workOf } from '../../src/sweep/index.js';

const MNIST = { train: 60_000, test: 10_000 };
const config = (values: Record<string, unknown> = {}) => resolveSplitHeadConfig(values);

describe('work', () => {
  it('of the default run, counted by hand', () => {
    const [first, second, head] = [784 * 256, 256 * 256, 256 * 10];
    const trained = 2 * first + 3 * (second + head);
    const forward = first + second + head;
    const dense = 5 * 60_000 * trained + 5 * 60_000 * (trained + forward) + 4 * 10_000 * forward + 2 * 10 * 1000 * 2 * forward;
    expect(workOf(config(), MNIST)).toEqual({ dense, convolved: 0, drawn: (5 * 60 * 1000 + 2 * 10 * 1000) * 784 });
  });

  it('of the default CNN: 3x3 convolutions over 28 x 28 and 14 x 14', () => {
    const { convolved } = workOf(config({ student_type: 'cnn', teacher_epochs: 0, student_epochs: 1, noise_steps: 1, noise_bsize: 1, eval_noise_batches: 0 }), { train: 1, test: 0 });
    const [first, second] = [9 * 32 * 784, 9 * 32 * 64 * 196];
    expect(convolved).toBe(2 * first + 3 * second);
  });

  it('of fewer classes: their share of the images', () => {
    const emnist = config({ dataset: 'emnist', class_count: 10 });
    expect(officialSize(emnist)).toEqual({ train: 112_800, test: 18_800 });
    expect(datasetSizeOf(emnist, officialSize(emnist))).toEqual({ train: 24_000, test: 4000 });
  });

  it('grows with epochs, steps and widths', () => {
    const least = fc.record({ m: fc.integer({ min: 1, max: 300 }), teacher_epochs: fc.integer({ min: 0, max: 9 }), student_epochs: fc.integer({ min: 1, max: 9 }), noise_steps: fc.integer({ min: 1, max: 99 }) });
    fc.assert(fc.property(least, fc.constantFrom('m', 'teacher_epochs', 'student_epochs', 'noise_steps' as const), (values, field) => {
      expect(workOf(config({ ...values, [field]: values[field] + 1 }), MNIST).dense).toBeGreaterThan(workOf(config(values), MNIST).dense);
    }));
  });
});

describe('memory', () => {
  it('of every shipped run fits the core; a network of 20,000 by 20,000 does not', () => {
    for (const name of SHIPPED_SWEEPS) {
      for (const { config: one } of expandSweep({ ...shippedSweep(name)!, seeds: [0] })) expect(memoryOf(one, officialSize(one)).core).toBeLessThan(2 ** 32);
    }
    expect(memoryOf(config({ teacher_hidden_dims: [20_000, 20_000] }), MNIST).core).toBeGreaterThan(2 ** 32);
  });

  it('holds at least data, parameters with Adam, and activations', () => {
    const { core, process } = memoryOf(config({ teacher_hidden_dims: [4096, 4096] }), MNIST);
    const parameters = 785 * 4096 + 4097 * 4096 + 4097 * 20;
    expect(core).toBeGreaterThan(70_000 * 784 + 4 * 4 * parameters);
    expect(process).toBeGreaterThan(core + 4 * parameters);
  });
});

describe('the remaining time', () => {
  const rates = { dense: 1e-10, convolved: 1e-10, drawn: 1e-9, start: 0.5 };

  it('of runs is the sum of their parts', () => {
    expect(expectedSeconds({ dense: 1e10, convolved: 2e10, drawn: 1e9 }, rates)).toBeCloseTo(0.5 + 1 + 2 + 1, 12);
  });

  it('is shared by the jobs, corrected by what runs took, and falls with progress', () => {
    const remaining = new RemainingTime([10, 10, 10, 10], 2);
    expect(remaining.seconds()).toBe(20);
    remaining.progress('a', 10, 0.5);
    expect(remaining.seconds()).toBe(17.5);
    remaining.ended('a', 10, 30);
    expect(remaining.correction).toBe(3);
    expect(remaining.seconds()).toBe(45);
    // A failure teaches nothing.
    remaining.ended('b', 10, undefined);
    expect([remaining.correction, remaining.seconds()]).toEqual([3, 30]);
    remaining.ended('c', 10, 30);
    remaining.ended('d', 10, 30);
    expect(remaining.seconds()).toBe(0);
  });

  it('is never less than a share of one job, nor more than all one after another', () => {
    const runs = fc.array(fc.double({ min: 0.1, max: 1000, noNaN: true }), { minLength: 1, maxLength: 30 });
    fc.assert(fc.property(runs, fc.integer({ min: 1, max: 16 }), (expected, jobs) => {
      const sum = expected.reduce((total, seconds) => total + seconds, 0);
      const seconds = new RemainingTime(expected, jobs).seconds();
      expect(seconds).toBeGreaterThanOrEqual(sum / jobs);
      expect(seconds).toBeGreaterThanOrEqual(Math.max(...expected));
      // The sum rounds otherwise than the largest alone by an ulp or two.
      expect(seconds).toBeLessThanOrEqual(sum * (1 + 1e-12));
    }));
  });

  it.each([[0.2, '1 s'], [45, '45 s'], [600, '10 min'], [5000, '83 min'], [7200, '2 h'], [8000, '2 h 13 min'], [200_000, '2 days 8 h'], [172_800, '2 days']])('%d s reads %s', (seconds, text) => {
    expect(durationText(seconds)).toBe(text);
  });
});
