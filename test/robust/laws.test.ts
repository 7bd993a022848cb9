// What holds of rules in general, over scattered rows.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseAggregator, parsePreAggregators, vectorsFrom, type AggregationContext } from '../../src/robust/index.js';
import { relativeError, scatteredRows, someRows } from './robust-fixture.js';

// Sums in another order, on values moved or scaled; selections do not hang on it.
const ROUNDING = 1e-9;
const RUNS = { numRuns: 40 };

const aggregate = (text: string, rows: number[][], byzantine: number, context: Partial<AggregationContext> = {}) =>
  [...parseAggregator(text).aggregate(vectorsFrom(rows), { byzantine, ...context })];

const COORDINATE_WISE = ['median', 'median:mean', 'trimmed-mean', 'meamed'];
/** The mean of n - f rows, or one row. */
const SELECTING = ['krum', 'multi-krum', 'mda', 'monna', 'smea', 'faba', 'cge'];
const ALL = ['mean', ...COORDINATE_WISE, ...SELECTING, 'gm', 'gm:notebook', 'bulyan', 'centered-clipping', 'caf', 'fltrust'];

describe('the order of the rows does not matter', () => {
  // Not to MoNNA and FLTrust, which trust row 0; nor where ties are the rule, so that the lowest index decides: MDA, whose
  // subsets share their farthest pair, and Bulyan, whose last picks count one neighbour, who counts them.
  it.each(ALL.filter((text) => !['monna', 'fltrust', 'mda', 'bulyan'].includes(text)))('to %s', (text) => {
    fc.assert(fc.property(someRows(7), fc.integer({ min: 1, max: 2 }), fc.integer({ min: 1, max: 11 }), (rows, byzantine, turn) => {
      const turned = [...rows.slice(turn % rows.length), ...rows.slice(0, turn % rows.length)].reverse();
      expect(relativeError(aggregate(text, turned, byzantine), aggregate(text, rows, byzantine))).toBeLessThan(ROUNDING);
    }), RUNS);
  });

  it.each(COORDINATE_WISE)('to a single bit of %s', (text) => {
    fc.assert(fc.property(someRows(7), (rows) => {
      expect(aggregate(text, rows.toReversed(), 2)).toEqual(aggregate(text, rows, 2));
    }), RUNS);
  });
});

describe('moving all rows moves the result', () => {
  it.each(ALL.filter((text) => !['centered-clipping', 'cge', 'fltrust'].includes(text)))('of %s', (text) => {
    fc.assert(fc.property(someRows(7), fc.constantFrom(-7.25, 0.5, 12), (rows, shift) => {
      const moved = aggregate(text, rows.map((row) => row.map((value) => value + shift)), 1);
      expect(relativeError(moved, aggregate(text, rows, 1).map((value) => value + shift))).toBeLessThan(text === 'gm:notebook' ? 1e-4 : ROUNDING);
    }), RUNS);
  });
});

describe('scaling all rows by a power of two scales the result, bit for bit', () => {
  // gm:notebook and centred clipping have thresholds of their own.
  it.each(ALL.filter((text) => !['centered-clipping', 'gm:notebook'].includes(text)))('of %s', (text) => {
    fc.assert(fc.property(someRows(7), fc.constantFrom(2, 2 ** -20, 2 ** 600, 2 ** -800, 2 ** 1018), (rows, scale) => {
      expect(aggregate(text, rows.map((row) => row.map((value) => value * scale)), 1)).toEqual(aggregate(text, rows, 1).map((value) => value * scale));
    }), RUNS);
  });

  it('of nearest-neighbour mixing and ARC', () => {
    fc.assert(fc.property(someRows(7), fc.constantFrom('nnm', 'arc'), fc.constantFrom(2 ** 600, 2 ** -800), (rows, text, scale) => {
      const transform = (given: number[][]) => parsePreAggregators(text)[0]!.transform(vectorsFrom(given), { byzantine: 2 }).values;
      const error = relativeError(transform(rows.map((row) => row.map((value) => value * scale))).map((value) => value / scale), transform(rows));
      expect(error).toBeLessThan(ROUNDING);
    }), RUNS);
  });
});

describe('the result stays among the rows', () => {
  it.each(ALL.filter((text) => !['centered-clipping', 'fltrust'].includes(text)))('of %s, coordinate by coordinate', (text) => {
    fc.assert(fc.property(someRows(7), (rows) => {
      aggregate(text, rows, 1).forEach((value, k) => {
        const column = rows.map((row) => row[k]!);
        expect(value).toBeGreaterThanOrEqual(Math.min(...column) - ROUNDING);
        expect(value).toBeLessThanOrEqual(Math.max(...column) + ROUNDING);
      });
    }), RUNS);
  });

  it.each(ALL.filter((text) => !['mean', 'gm', 'gm:notebook', 'centered-clipping', 'fltrust'].includes(text)))('of %s, among the honest ones when f others are far away', (text) => {
    fc.assert(fc.property(someRows(7), fc.constantFrom(1e4, -1e9), (honest, far) => {
      const attackers = honest[0]!.map((value) => value + far);
      aggregate(text, [...honest, attackers], 1).forEach((value, k) => {
        const column = honest.map((row) => row[k]!);
        expect(value).toBeGreaterThanOrEqual(Math.min(...column) - ROUNDING);
        expect(value).toBeLessThanOrEqual(Math.max(...column) + ROUNDING);
      });
    }), RUNS);
  });

  it('of the geometric median, within 2 (n - f) / (n - 2f) radii of the honest mean, wherever f rows are', () => {
    fc.assert(fc.property(someRows(5), fc.integer(), (honest, seed) => {
      const [byzantine, count] = [2, honest.length + 2];
      const attackers = scatteredRows(seed, byzantine, honest[0]!.length).map((row) => row.map((value) => value * 1e6));
      const mean = aggregate('mean', honest, 0);
      const distance = (row: number[]) => Math.hypot(...row.map((value, k) => value - mean[k]!));
      const radius = Math.max(...honest.map(distance));
      expect(distance(aggregate('gm', [...honest, ...attackers], byzantine))).toBeLessThanOrEqual((2 * (count - byzantine) / (count - 2 * byzantine)) * radius);
    }), RUNS);
  });
});

describe('rows that all agree', () => {
  it.each(ALL)('are what %s gives', (text) => {
    fc.assert(fc.property(someRows(1), fc.integer({ min: 7, max: 9 }), ([row], count) => {
      const center = Float64Array.from(row!);
      const got = aggregate(text, Array.from({ length: count }, () => row!), 1, text === 'centered-clipping' ? { state: { center } } : {});
      // A sum of n equal values over n, each rounded.
      expect(relativeError(got, row!)).toBeLessThan(1e-14);
    }), RUNS);
  });
});

describe('small and degenerate input', () => {
  it.each(ALL.filter((text) => !['krum', 'multi-krum', 'bulyan', 'fltrust', 'centered-clipping'].includes(text)))('one row: %s gives it', (text) => {
    expect(aggregate(text, [[0.1, -7]], 0)).toEqual([0.1, -7]);
  });

  it.each(ALL)('zeros: %s gives zeros', (text) => {
    expect(aggregate(text, Array.from({ length: 7 }, () => [0, 0, 0]), 1)).toEqual([0, 0, 0]);
  });

  it.each(ALL)('ties and duplicates on a small grid: %s gives the same twice, and a finite result', (text) => {
    fc.assert(fc.property(fc.array(fc.tuple(fc.integer({ min: -1, max: 1 }), fc.integer({ min: -1, max: 1 })), { minLength: 7, maxLength: 11 }), (rows) => {
      const once = aggregate(text, rows, 1);
      expect(once.every(Number.isFinite)).toBe(true);
      expect(aggregate(text, rows, 1)).toEqual(once);
    }), RUNS);
  });

  it.each([
    // Equal scores, distances, norms: the row of the lowest index.
    ['krum:variant=byzfl', [[0], [1], [2], [3]], 1, [1]], ['mda', [[0], [1], [2]], 1, [0.5]], ['smea', [[0], [1], [2]], 1, [0.5]], ['cge', [[3], [-3], [3]], 1, [0]],
    ['monna', [[0], [1], [-1]], 1, [0.5]], ['faba', [[0], [1], [2]], 1, [1.5]], ['meamed', [[0], [1], [2]], 1, [0.5]],
  ])('of ties %s takes the first', (text, rows, byzantine, expected) => {
    expect(aggregate(text, rows, byzantine)).toEqual(expected);
  });

  it('leaves the rows it is given alone', () => {
    for (const text of ALL) {
      const vectors = vectorsFrom(scatteredRows(4, 9, 3));
      parseAggregator(text).aggregate(vectors, { byzantine: 1 });
      expect(vectors).toEqual(vectorsFrom(scatteredRows(4, 9, 3)));
    }
  });
});
