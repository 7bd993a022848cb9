// The values of axes: exact, and the same as numpy's.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { linspace, readAxisValues, rootTwoPowers } from '../../src/sweep/values.js';

describe('root-two powers', () => {
  it('are the widths that the paper lists', () => {
    expect(rootTwoPowers(6, 24)).toEqual([8, 11, 16, 23, 32, 45, 64, 91, 128, 181, 256, 362, 512, 724, 1024, 1448, 2048, 2896, 4096]);
    expect(rootTwoPowers(0, 8)).toEqual([1, 2, 3, 4, 6, 8, 11, 16]);
    expect(rootTwoPowers(25, 27)).toEqual([5793, 8192, 11585]);
  });

  it('number 20 up to k = 20 and 26 from k = 1 to 26', () => {
    expect(rootTwoPowers(0, 20)).toHaveLength(20);
    expect(rootTwoPowers(1, 26)).toHaveLength(26);
  });

  it('are the whole numbers nearest to sqrt(2^k), by integer arithmetic', () => {
    for (let k = 0; k <= 60; k++) {
      const [value] = rootTwoPowers(k, k) as [number];
      // |v - sqrt(2^k)| <= 1/2 exactly when (2v - 1)^2 <= 4 * 2^k <= (2v + 1)^2.
      const [square, doubled] = [4n * 2n ** BigInt(k), 2n * BigInt(value)];
      expect((doubled - 1n) ** 2n <= square && square <= (doubled + 1n) ** 2n, `k = ${k}: ${value}`).toBe(true);
    }
  });
});

describe('linspace', () => {
  it('gives the 40 standard deviations of the perturbation sweep, bit for bit those of numpy.linspace(0.0, 0.2, 40)', () => {
    // numpy 1.24.2: [float(x) for x in numpy.linspace(0.0, 0.2, 40)]
    expect(linspace(0, 0.2, 40)).toEqual([
      0, 0.005128205128205128, 0.010256410256410256, 0.015384615384615385, 0.020512820512820513, 0.02564102564102564, 0.03076923076923077, 0.035897435897435895,
      0.041025641025641026, 0.046153846153846156, 0.05128205128205128, 0.05641025641025641, 0.06153846153846154, 0.06666666666666667, 0.07179487179487179, 0.07692307692307693,
      0.08205128205128205, 0.08717948717948718, 0.09230769230769231, 0.09743589743589744, 0.10256410256410256, 0.1076923076923077, 0.11282051282051282, 0.11794871794871795,
      0.12307692307692308, 0.1282051282051282, 0.13333333333333333, 0.13846153846153847, 0.14358974358974358, 0.14871794871794872, 0.15384615384615385, 0.15897435897435896,
      0.1641025641025641, 0.16923076923076924, 0.17435897435897435, 0.1794871794871795, 0.18461538461538463, 0.18974358974358974, 0.19487179487179487, 0.2,
    ]);
  });

  it('begins and ends exactly where it is told, and never falls', () => {
    const number = fc.integer({ min: -1e6, max: 1e6 }).map((value) => value / 1000);
    fc.assert(fc.property(number, number, fc.integer({ min: 2, max: 60 }), (from, to, count) => {
      const values = linspace(Math.min(from, to), Math.max(from, to), count);
      expect(values).toHaveLength(count);
      expect([values[0], values.at(-1)]).toEqual([Math.min(from, to) + 0, Math.max(from, to)]);
      // The last but one is rounded by itself: it may pass the end by an ulp or two of the larger end.
      const slack = 4 * Number.EPSILON * Math.max(Math.abs(from), Math.abs(to));
      for (let i = 1; i < count; i++) expect(values[i]! - values[i - 1]!).toBeGreaterThanOrEqual(-slack);
    }));
  });
});

describe('what is refused', () => {
  it.each([
    [[], 'x: expected at least one value, got none'],
    ['3', 'x: expected a list of values, or an object whose rule is range, linspace, root-two-powers; got "3"'],
    [{ rule: 'powers' }, 'x: expected a list of values, or an object whose rule is'],
    [{ rule: 'range', from: 3, to: 2 }, 'x: expected whole numbers from and to, from at most to for the rule range, got {"from":3,"to":2}'],
    [{ rule: 'linspace', from: 0, to: 1 }, 'for the rule linspace'],
    [{ rule: 'root-two-powers', from: 0, to: 2000 }, 'whole exponents'],
    [{ rule: 'range', from: 1, to: 2, step: 1 }, 'for the rule range'],
    [{ rule: 'constructor' }, 'x: expected a list of values'],
  ])('%j', (given, message) => {
    expect(() => readAxisValues('x', given)).toThrow(message);
  });
});
