// The searches behind MDA and SMEA against every subset, and the eigenvalues behind CAF and SMEA.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { largestEigenpair } from '../../src/robust/eigen.js';
import { minimumDiameterRows } from '../../src/robust/minimum-diameter.js';
import { parseAggregator, vectorsFrom } from '../../src/robust/index.js';
import { scatteredRows } from './robust-fixture.js';

function subsetsOf(count: number, size: number, from = 0): number[][] {
  if (size === 0) return [[]];
  return Array.from({ length: Math.max(0, count - from) }, (_, k) => from + k).flatMap((first) => subsetsOf(count, size - 1, first + 1).map((rest) => [first, ...rest]));
}

describe('minimum diameter', () => {
  const diameterOf = (rows: number[][], members: number[]) =>
    members.reduce((most, i) => members.reduce((inner, j) => Math.max(inner, rows[i]!.reduce((sum, value, k) => sum + (value - rows[j]![k]!) * (value - rows[j]![k]!), 0)), most), 0);

  it('is the least of all subsets, and the first of those', () => {
    const grid = fc.array(fc.tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 3 })), { minLength: 3, maxLength: 9 });
    const scattered = fc.tuple(fc.integer(), fc.integer({ min: 3, max: 9 })).map(([seed, count]) => scatteredRows(seed, count, 3));
    fc.assert(fc.property(fc.oneof(grid, scattered), fc.integer({ min: 0, max: 4 }), (rows: number[][], wanted) => {
      const byzantine = Math.min(wanted, (rows.length - 1) >> 1);
      let best: number[] = [];
      let least = Infinity;
      for (const members of subsetsOf(rows.length, rows.length - byzantine)) if (diameterOf(rows, members) < least) [best, least] = [members, diameterOf(rows, members)];
      expect(minimumDiameterRows(vectorsFrom(rows), byzantine)).toEqual(best);
    }), { numRuns: 60 });
  });

  it.each([[30, 10], [30, 14], [70, 20]])('is found for %d rows with f = %d', (count, byzantine) => {
    const rows = scatteredRows(count, count, 20);
    const started = performance.now();
    expect(minimumDiameterRows(vectorsFrom(rows), byzantine)).toHaveLength(count - byzantine);
    // Well under a second here; a busy machine gets ten times that.
    expect(performance.now() - started).toBeLessThan(10_000);
  });

  it('gives up with a word where the search would take too long', () => {
    expect(() => minimumDiameterRows(vectorsFrom(scatteredRows(3, 220, 40)), 100)).toThrow('mda: expected a search of at most 100000 branches, got more');
  });
});

describe('SMEA', () => {
  it('refuses more subsets than it would try', () => {
    const rule = parseAggregator('smea');
    expect(() => rule.aggregate(vectorsFrom(scatteredRows(1, 40, 2)), { byzantine: 10 })).toThrow('smea: expected at most 50000 subsets of n - f rows, got 847660528 with n = 40 and f = 10; take a smaller f, or caf');
  });
});

describe('the largest eigenpair', () => {
  const products = (rows: number[][]) => Float64Array.from(rows.flatMap((a) => rows.map((b) => a.reduce((sum, value, k) => sum + value * b[k]!, 0))));
  /** ||A v - lambda v|| / lambda, and whether any Rayleigh quotient beats lambda. */
  function expectLargest(matrix: Float64Array, size: number): void {
    const { value, vector } = largestEigenpair(matrix, size);
    const times = (v: ArrayLike<number>) => Float64Array.from({ length: size }, (_, row) => Array.from(v).reduce((sum, entry, k) => sum + matrix[row * size + k]! * entry, 0));
    const residual = Math.hypot(...times(vector).map((entry, k) => entry - value * vector[k]!));
    // The bound at which the iteration stops.
    expect(residual).toBeLessThanOrEqual(1e-12 * value);
    expect(Math.hypot(...vector)).toBeCloseTo(1, 13);
    const unit = (v: Float64Array) => v.map((entry) => entry / Math.hypot(...v));
    let power = unit(vector.map((entry, k) => entry + 0.1 * Math.sin(k + 1)));
    for (let step = 0; step < 50; step++) {
      const next = times(power);
      expect(Math.hypot(...next)).toBeLessThanOrEqual(value * (1 + 1e-12));
      power = unit(next);
    }
  }

  it.each([1, 2, 3, 10, 32, 33, 60, 130])('of a random matrix of size %d', (size) => {
    expectLargest(products(scatteredRows(size, size, 8)), size);
    expectLargest(products(scatteredRows(size, size, size + 5).map((row) => row.map((value) => value - 0.3))), size);
  });

  it('of a multiple eigenvalue, of rank one, of separate blocks', () => {
    for (const size of [5, 40]) {
      const diagonal = new Float64Array(size * size);
      for (let k = 0; k < size; k++) diagonal[k * size + k] = k < 3 ? 2 : 1;
      expect(largestEigenpair(diagonal, size).value).toBeCloseTo(2, 14);
      expect(largestEigenpair(new Float64Array(size * size).fill(1), size).value).toBeCloseTo(size, 12);
      // The largest diagonal entry is in the block of the smaller eigenvalue.
      const blocks = new Float64Array(size * size);
      blocks[0] = 2;
      for (const [i, j] of [[1, 1], [1, 2], [2, 1], [2, 2]] as const) blocks[i * size + j] = 1.9;
      expect(largestEigenpair(blocks, size).value).toBeCloseTo(3.8, 14);
      expect(largestEigenpair(new Float64Array(size * size), size).value).toBe(0);
    }
  });
});
