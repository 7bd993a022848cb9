import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { openCore, type Core } from '../../src/core/index.js';
import { Generator } from '../../src/random/index.js';
import { lineSearch } from '../../src/robust/attack-search.js';
import { normalQuantile } from '../../src/robust/normal-quantile.js';
import { aggregateThrough, alieFactor, normalsOf, parseAggregator, parseAttack, parsePreAggregators, stackRows, vectorsFrom, type AttackContext, type Vectors } from '../../src/robust/index.js';
import { fixture, noNormals, relativeError, scatteredRows, someRows } from './robust-fixture.js';

const QUIET: AttackContext = { generator: noNormals, step: 0 };
const craft = (text: string, honest: Vectors, byzantine: number, context: Partial<AttackContext> = {}) => parseAttack(text).craft(honest, byzantine, { ...QUIET, ...context });
const mean = (vectors: Vectors) => parseAggregator('mean').aggregate(vectors, { byzantine: 0 });
const rowsOf = ({ count, dimension, values }: Vectors) => Array.from({ length: count }, (_, row) => [...values.subarray(row * dimension, (row + 1) * dimension)]);

let core: Core;
beforeAll(async () => {
  core = await openCore({ profile: 'strict', threads: 1 });
});

describe("the notebook's attacks, as PyTorch has them", () => {
  it.each(fixture.notebook)('$attack, seed $seed', ({ attack, seed, honest, byzantine }) => {
    const generator = normalsOf(new Generator(core, seed));
    // Normals go through other logarithms and cosines in PyTorch: 1e-14; the mean is added in another order.
    expect(relativeError(craft(attack, vectorsFrom(honest), byzantine.length, { generator }).values, byzantine.flat())).toBeLessThan(1e-13);
  });
});

describe('50 honest and 20 Byzantine rows under the mean', () => {
  const honest = vectorsFrom(scatteredRows(1, 50, 400));
  const mu = mean(honest);
  const attacked = (text: string, context: Partial<AttackContext> = {}) => mean(stackRows(honest, craft(text, honest, 20, context)));
  // 70 summands of size 100, cancelling.
  const ROUNDING = 1e-13;

  it('zero-gradient makes it 0', () => {
    expect(Math.max(...attacked('zero-gradient').map(Math.abs))).toBeLessThan(ROUNDING);
  });

  it('max-value makes it -mu / 7 with -3 and -15 mu / 7 with -10', () => {
    expect(relativeError(attacked('max-value:scale=-3'), mu.map((value) => -value / 7))).toBeLessThan(ROUNDING);
    expect(relativeError(attacked('max-value'), mu.map((value) => (-15 * value) / 7))).toBeLessThan(ROUNDING);
  });

  it('white adds noise of standard deviation 30 sqrt(20) / 70', () => {
    const noise = attacked('white', { generator: normalsOf(new Generator(core, 11)) }).map((value, k) => value - mu[k]!);
    const deviation = Math.sqrt(noise.reduce((sum, value) => sum + value * value, 0) / noise.length);
    expect((30 * Math.sqrt(20)) / 70).toBeCloseTo(1.917, 3);
    // Of 400 values a deviation is known to 1 / sqrt(800) = 3.5 %: four of those.
    expect(Math.abs(deviation / 1.917 - 1)).toBeLessThan(0.14);
  });

  it('isolation makes it the target times H / (H + B)', () => {
    attacked('isolation:7').forEach((value) => expect(Math.abs(value - 5)).toBeLessThan(ROUNDING));
  });
});

describe('attacks by their definitions', () => {
  it('craft so many rows, from the honest mean and deviation', () => {
    const honest = vectorsFrom([[1, 0], [3, 0], [5, 6]]);
    expect(rowsOf(craft('mimic:2', honest, 2))).toEqual([[5, 6], [5, 6]]);
    expect(rowsOf(craft('alie:tau=1,deviation=population', honest, 1))[0]).toEqual([3 + Math.sqrt(8 / 3), 2 + Math.sqrt(8)]);
    expect(rowsOf(craft('alie:tau=1', honest, 1))[0]).toEqual([5, 2 + Math.sqrt(12)]);
    expect(rowsOf(craft('alie', vectorsFrom([[1, 2]]), 1))).toEqual([[1, 2]]);
  });

  it('white draws a row for each attacker', () => {
    const rows = rowsOf(craft('white:2', vectorsFrom([[1, 1], [3, 3]]), 2, { generator: { normals: (count) => Float64Array.from({ length: count }, (_, k) => k) } }));
    expect(rows).toEqual([[2, 4], [6, 8]]);
  });

  it("take ALIE's factor from the numbers of workers", () => {
    for (const { p, z } of fixture.quantiles) expect(Math.abs(normalQuantile(p) - z)).toBeLessThan(1e-12);
    // The paper's own example: 50 workers, 24 Byzantine, s = 2, z of (26 - 2) / 26.
    expect(alieFactor(50, 24)).toBeCloseTo(normalQuantile(24 / 26), 14);
    expect(alieFactor(70, 20)).toBeCloseTo(0.4677, 4);
    const honest = vectorsFrom(scatteredRows(2, 50, 2));
    expect(relativeError(craft('alie:z', honest, 20).values, craft(`alie:tau=${alieFactor(70, 20)}`, honest, 20).values)).toBe(0);
    expect(() => craft('alie:z', vectorsFrom([[1]]), 3)).toThrow('alie: expected 1 <= floor(n / 2) + 1 - m < n - m for tau=z, got n = 4 workers with m = 3 Byzantine');
    expect(() => normalQuantile(1)).toThrow('expected 0 < p < 1, got 1');
  });

  it.each([
    ['mimic:worker=9', 1, 'mimic: expected a worker from 0 to 1, got 9'], ['ipm', 0, 'ipm: expected at least one Byzantine row, a whole number, got 0'],
    ['ipm', 1.5, 'got 1.5'], ['label-flip', 1, 'label-flip: expected an attack on messages, got one on data'],
    ['optimal-ipm', 1, 'expected the rule under attack in the context, got none'],
  ])('refuse %s with %d rows', (text, byzantine, message) => {
    expect(() => craft(text, vectorsFrom([[1], [2]]), byzantine)).toThrow(message);
  });

  it('refuse honest rows that are not finite, and say which attacks are on data', () => {
    expect(() => craft('ipm', vectorsFrom([[1], [NaN]]), 1)).toThrow('ipm: expected finite honest rows');
    expect([parseAttack('label-flip').kind, parseAttack('ipm').kind]).toEqual(['data', 'message']);
  });
});

describe('the line search', () => {
  it('doubles its step while the value grows, then takes 0.8 of it', () => {
    const asked: number[] = [];
    const best = lineSearch((x) => (asked.push(x), -Math.abs(x - 33)), 0, 10, 8);
    // 0, +10, +20 gain; +40 does not; from 30 on +32, +25.6, ... until one helps.
    expect(asked.slice(0, 6)).toEqual([0, 10, 30, 70, 62, 55.6]);
    expect(asked).toHaveLength(8);
    expect(best).toBe(30);
    // It never turns back: the first step that helps from 30 on is 40 times 0.8^9.
    expect(lineSearch((x) => -Math.abs(x - 33), 0, 10, 60)).toBeCloseTo(30 + 40 * 0.8 ** 9, 12);
  });

  it.each(['optimal-ipm', 'optimal-alie'])('%s does at least as much harm as every strength it may try', (name) => {
    fc.assert(fc.property(someRows(6, 2), fc.constantFrom('median', 'krum', 'trimmed-mean', 'gm'), (rows, rule) => {
      const honest = vectorsFrom(rows);
      const mu = mean(honest);
      const aggregate = (vectors: Vectors) => aggregateThrough(parsePreAggregators('nnm'), parseAggregator(rule), vectors, { byzantine: 2 });
      const harm = (attackers: Vectors) => Math.hypot(...aggregate(stackRows(honest, attackers)).map((value, k) => value - mu[k]!));
      const optimal = harm(craft(name, honest, 2, { aggregate }));
      for (const tau of [0, 10]) expect(optimal).toBeGreaterThanOrEqual(harm(craft(`${name.replace('optimal-', '')}:tau=${tau}`, honest, 2)));
    }), { numRuns: 25 });
  });

  it('stays at its start with one evaluation', () => {
    const honest = vectorsFrom([[1, 2], [3, 4]]);
    expect(rowsOf(craft('optimal-ipm:start=2,evaluations=1', honest, 1, { aggregate: mean }))).toEqual([[-4, -6]]);
  });
});

describe('min-max', () => {
  const greatest = (rows: number[][], points: number[][]) => Math.max(...rows.flatMap((row) => points.map((point) => Math.hypot(...row.map((value, k) => value - point[k]!)))));

  it('stays within the honest diameter, and 0.01 more would leave it', () => {
    fc.assert(fc.property(someRows(3), (rows) => {
      const honest = vectorsFrom(rows);
      const [crafted] = rowsOf(craft('min-max', honest, 1));
      const mu = mean(honest);
      const sigma = rowsOf(craft('alie:tau=1', honest, 1))[0]!.map((value, k) => value - mu[k]!);
      const diameter = greatest(rows, rows);
      expect(greatest(rows, [crafted!])).toBeLessThanOrEqual(diameter * (1 + 1e-12));
      const gamma = (mu[0]! - crafted![0]!) / sigma[0]!;
      if (gamma < 5 - 1e-9) expect(greatest(rows, [crafted!.map((value, k) => value - 0.01 * sigma[k]!)])).toBeGreaterThan(diameter * (1 - 1e-12));
    }));
  });

  it('takes the largest gamma where that is still within', () => {
    expect(craft('min-max:most=0.5', vectorsFrom([[0], [2]]), 1).values[0]).toBeCloseTo(1 - 0.5 * Math.SQRT2, 14);
  });
});
