import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseAggregator, vectorsFrom } from '../../src/robust/index.js';
import { fixture, relativeError, scatteredRows, someRows } from './robust-fixture.js';

// What the project promises; the cases come within 1e-15.
const PROMISED = 1e-10;
const ROUNDING = 1e-13;

const gm = (rows: number[][]) => [...parseAggregator('gm').aggregate(vectorsFrom(rows), { byzantine: 0 })];

function sumOfDistances(rows: number[][], z: number[]): number {
  return rows.reduce((sum, row) => sum + Math.hypot(...row.map((value, k) => value - z[k]!)), 0);
}

describe('the geometric median', () => {
  it.each(fixture.medians)('as mpmath has it: $name', ({ rows, median }) => {
    expect(relativeError(gm(rows), median)).toBeLessThan(PROMISED);
  });

  it('has no point around it with a smaller sum of distances', () => {
    fc.assert(fc.property(someRows(1), fc.integer(), fc.constantFrom(1e-1, 1e-3, 1e-5), (rows, seed, step) => {
      const z = gm(rows);
      const beside = z.map((value, k) => value + step * scatteredRows(seed, 1, z.length)[0]![k]!);
      expect(sumOfDistances(rows, z)).toBeLessThanOrEqual(sumOfDistances(rows, beside) * (1 + ROUNDING));
    }));
  });

  it('does not move when a row goes farther out along its ray', () => {
    const rows = scatteredRows(5, 8, 3);
    const z = gm(rows);
    const farther = rows.map((row, index) => (index === 2 ? row.map((value, k) => z[k]! + 1e6 * (value - z[k]!)) : row));
    expect(relativeError(gm(farther), z)).toBeLessThan(1e-9);
  });

  it.each([
    ['one row', [[3, -4]], [3, -4]],
    ['two rows: where Weiszfeld from the mean stays, the mean', [[1, 1], [3, 5]], [2, 3]],
    ['equal rows', [[0.1, 0.7], [0.1, 0.7], [0.1, 0.7]], [0.1, 0.7]],
    ['zeros', [[0, 0], [0, 0]], [0, 0]],
    ['a majority of duplicates', [[0.1, 0.7], [5, 5], [0.1, 0.7], [-9, 1], [0.1, 0.7]], [0.1, 0.7]],
    ['the middle of an odd number in one dimension', [[9], [0.3], [-2], [1e9], [0.1]], [0.3]],
    ['a triangle with an angle of 120 degrees or more: its corner', [[0, 0], [10, 1], [-10, 1]], [0, 0]],
    ['a square', [[0, 0], [2, 0], [2, 2], [0, 2]], [1, 1]],
    ['a square and its center, on which the mean lies', [[0, 0], [2, 0], [1, 1], [2, 2], [0, 2]], [1, 1]],
    ['a mean that lies on a row which is not the median', [[0, 0], [-4, 0], [1, 1], [1, -1], [2, 0]], [1, 0]],
  ])('exactly, of %s', (name, rows, expected) => {
    if (name.startsWith('a mean')) expect(sumOfDistances(rows, gm(rows))).toBeLessThan(sumOfDistances(rows, [0, 0]));
    else expect(gm(rows)).toEqual(expected);
  });

  it.each([1e-320, 1e-300, 1e-160, 1e150, 1e300, 1.7e308])('at values of about %s', (size) => {
    const rows = [[0.5, 0.25], [-0.5, 1], [0.125, -0.75], [1, 1], [-1, -0.5]];
    const expected = gm(rows);
    const got = gm(rows.map((row) => row.map((value) => value * size))).map((value) => value / size);
    // The subnormals near 1e-320 hold four digits.
    expect(relativeError(got, expected)).toBeLessThan(size < 1e-310 ? 1e-3 : ROUNDING);
  });

  it('with a row at 1e300 beside ordinary ones', () => {
    const near = scatteredRows(3, 6, 2);
    const far = gm([...near, [1e300, 0]]);
    expect(relativeError(gm([...near, [1e15, 0]]), far)).toBeLessThan(PROMISED);
  });

  it("lies on Torricelli's point: three rows seen under 120 degrees", () => {
    const rows = [[0, 0], [4, 0], [1, 3]];
    const z = gm(rows);
    const pull = rows.map((row) => row.map((value, k) => (value - z[k]!) / Math.hypot(row[0]! - z[0]!, row[1]! - z[1]!)));
    for (const [a, b] of [[0, 1], [1, 2], [2, 0]] as const) expect(pull[a]![0]! * pull[b]![0]! + pull[a]![1]! * pull[b]![1]!).toBeCloseTo(-0.5, 14);
  });
});

describe('Weiszfeld as others run it', () => {
  it('stops after its iterations', () => {
    const rows = vectorsFrom(scatteredRows(8, 9, 3));
    const after = (iterations: number) => parseAggregator(`gm:notebook,max-iterations=${iterations},tolerance=0`).aggregate(rows, { byzantine: 0 });
    const exact = parseAggregator('gm').aggregate(rows, { byzantine: 0 });
    expect(relativeError(after(2), exact)).toBeGreaterThan(1e-4);
    expect(relativeError(after(500), exact)).toBeLessThan(ROUNDING);
  });

  it('takes a distance of 0 as 1, or the smallest distance', () => {
    const rows = vectorsFrom([[0], [-3], [3]]);
    const oneStep = (options: string) => parseAggregator(`gm:${options},max-iterations=1`).aggregate(rows, { byzantine: 0 })[0];
    // From 0, on the first row: (0/d - 3/3 + 3/3) stays 0; from 0 over [0, 6] with d = 1: (6/6) / (1 + 1/6) = 6/7.
    expect(oneStep('notebook')).toBe(0);
    const two = vectorsFrom([[0], [6]]);
    expect(parseAggregator('gm:notebook,start=zero,max-iterations=1').aggregate(two, { byzantine: 0 })[0]).toBeCloseTo(6 / 7, 15);
    expect(parseAggregator('gm:byzfl,max-iterations=1').aggregate(two, { byzantine: 0 })[0]).toBeCloseTo(1 / (10 + 1 / 6), 15);
  });
});
