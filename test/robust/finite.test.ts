// Bounds on f, and rows that hold NaN or infinities.
import { describe, expect, it } from 'vitest';
import { aggregateThrough, parseAggregator, parsePreAggregators, vectorsFrom, type AggregationContext } from '../../src/robust/index.js';
import { scatteredRows } from './robust-fixture.js';

const SELECTING = ['krum', 'multi-krum', 'bulyan', 'mda', 'monna', 'caf', 'smea', 'faba', 'cge', 'fltrust'];
const WEIGHING = ['gm', 'gm:notebook', 'gm:byzfl', 'centered-clipping'];
const COORDINATE_WISE = ['median', 'trimmed-mean', 'meamed'];
const ALL = ['mean', ...SELECTING, ...WEIGHING, ...COORDINATE_WISE];

const good = scatteredRows(9, 10, 3);
const BAD = [[NaN, 1, 2], [Infinity, 0, 0], [1, -Infinity, Infinity], [NaN, NaN, NaN]];
const aggregate = (text: string, rows: number[][], context: Partial<AggregationContext> = {}) => [...parseAggregator(text).aggregate(vectorsFrom(rows), { byzantine: 1, ...context })];

describe('vectors', () => {
  it.each([
    [[], 'expected at least one row, got none'], [[[]], 'got an empty row 0'], [[[1, 2], [3]], 'expected 2 values in every row, as in row 0, got 1 in row 1'], [[[1], []], 'got 0 in row 1'],
    [[[1], ['x' as unknown as number]], 'expected numbers, got "x" in row 1, column 0'],
  ])('refuse %j', (rows, message) => {
    expect(() => vectorsFrom(rows)).toThrow(message);
  });
});

describe('too large an f', () => {
  it.each([
    ['median', 2, 4, '2f < n'], ['gm', 2, 4, '2f < n'], ['trimmed-mean', 1, 2, '2f < n'], ['meamed', 3, 6, '2f < n'], ['mda', 1, 2, '2f < n'], ['smea', 2, 3, '2f < n'], ['cge', 2, 4, '2f < n'],
    ['faba', 2, 4, '2f < n'], ['monna', 2, 4, '2f < n'], ['caf', 2, 4, '2f < n'], ['krum', 2, 6, '2f + 2 < n'], ['krum', 0, 2, '2f + 2 < n'], ['krum:n-f-1', 2, 4, '2f < n'],
    ['krum:variant=notebook', 3, 3, 'f < n'], ['multi-krum', 3, 8, '2f + 2 < n'], ['multi-krum:9', 1, 9, '2f + 2 < n and 9 <= n - f'], ['bulyan', 2, 10, '4f + 3 <= n'], ['fltrust', 0, 1, 'n >= 2 and f < n'],
    ['trimmed-mean:0.2', 2, 9, 'f <= floor(0.2 n)'], ['mean', 4, 3, 'f <= n'],
  ])('%s refuses %d of %d', (text, byzantine, count, bound) => {
    const rule = parseAggregator(text);
    const message = `${rule.name}: expected ${bound}, got f = ${byzantine} with n = ${count}`;
    expect(() => rule.check(count, byzantine)).toThrow(message);
    expect(() => rule.aggregate(vectorsFrom(scatteredRows(1, count, 2)), { byzantine })).toThrow(message);
  });

  it.each([['median', 2, 5], ['krum', 2, 7], ['bulyan', 2, 11], ['trimmed-mean:0.2', 2, 10], ['mean', 3, 3], ['multi-krum:8', 1, 9]])('%s admits %d of %d', (text, byzantine, count) => {
    expect(parseAggregator(text).aggregate(vectorsFrom(scatteredRows(1, count, 2)), { byzantine }).every(Number.isFinite)).toBe(true);
  });

  it('is refused by pre-aggregators too', () => {
    expect(() => parsePreAggregators('nnm')[0]!.check(4, 2)).toThrow('nnm: expected 2f < n, got f = 2 with n = 4');
    expect(() => parsePreAggregators('arc')[0]!.transform(vectorsFrom([[1], [2]]), { byzantine: 1 })).toThrow('arc: expected 2f < n');
  });

  it.each([-1, 1.5, NaN])('f = %s is none', (byzantine) => {
    for (const text of ALL) expect(() => aggregate(text, good, { byzantine })).toThrow(/: expected f to be a whole number of at least 0, got /);
  });

  it.each([-1, 10, 0.5])('row %s cannot be trusted', (trusted) => {
    expect(() => aggregate('monna', good, { trusted })).toThrow(`monna: expected a trusted row from 0 to 9, got ${trusted}`);
  });
});

describe.each(BAD)('a row %s, %s, %s', (...bad) => {
  const rows = [...good.slice(0, 4), bad, ...good.slice(4)];

  it.each(ALL)('is refused by %s', (text) => {
    const column = bad.findIndex((value) => !Number.isFinite(value));
    expect(() => aggregate(text, rows)).toThrow(`: expected finite values, got ${bad[column]} in row 4, column ${column} (counting from 0)`);
  });

  it.each(ALL)('is left out of %s by drop, and f is one less', (text) => {
    expect(aggregate(text, rows, { byzantine: 2, nonFinite: 'drop' })).toEqual(aggregate(text, good, { byzantine: 1 }));
    expect(() => aggregate(text, rows, { byzantine: 0, nonFinite: 'drop' })).toThrow('expected at most f = 0 rows that are not finite, got 1: rows 4 (counting from 0)');
  });

  it.each(SELECTING)('is never selected by %s', (text) => {
    expect(aggregate(text, rows, { byzantine: 2, nonFinite: 'keep' }).every(Number.isFinite)).toBe(true);
    expect(() => aggregate(text, rows, { byzantine: 0, nonFinite: 'keep' })).toThrow('expected at most f = 0 rows that are not finite, got 1');
  });

  it.each(['mda', 'cge', 'smea', 'monna', 'multi-krum'])('counts as infinitely far for %s: as one Byzantine row that is left out', (text) => {
    // Krum's number of neighbours n - f - 2 and the number selected n - f are the same with it and without.
    expect(aggregate(text, rows, { byzantine: 2, nonFinite: 'keep' })).toEqual(aggregate(text, good, { byzantine: 1 }));
  });

  it.each(['gm', 'gm:notebook', 'gm:byzfl'])('has no pull in %s', (text) => {
    expect(aggregate(text, rows, { nonFinite: 'keep' })).toEqual(aggregate(text, good));
  });

  it('is sorted: NaN above all numbers, infinities at the ends', () => {
    const column = (k: number) => [...good.map((row) => row[k]!), Number.isNaN(bad[k]!) ? Infinity : bad[k]!].sort((a, b) => a - b);
    expect(aggregate('median', rows, { nonFinite: 'keep' })).toEqual([0, 1, 2].map((k) => column(k)[5]));
    for (const text of ['trimmed-mean', 'meamed']) expect(aggregate(text, rows, { nonFinite: 'keep' }).every(Number.isFinite)).toBe(true);
  });

  it('goes through pre-aggregators as it is, and stays unselected', () => {
    const context = { byzantine: 2, nonFinite: 'keep' } as const;
    const pre = parsePreAggregators('nnm,arc,clipping:2');
    const through = aggregateThrough(pre, parseAggregator('mda'), vectorsFrom(rows), context);
    expect(through.every(Number.isFinite)).toBe(true);
    const mixed = parsePreAggregators('nnm')[0]!.transform(vectorsFrom(rows), context);
    expect([...mixed.values.subarray(12, 15)]).toEqual(bad);
    expect(aggregateThrough(parsePreAggregators('nnm'), parseAggregator('gm'), vectorsFrom(rows), { byzantine: 2, nonFinite: 'drop' }))
      .toEqual(aggregateThrough(parsePreAggregators('nnm'), parseAggregator('gm'), vectorsFrom(good), { byzantine: 1 }));
  });
});

describe('the trusted row', () => {
  const rows = [[NaN, 0], [5, 5], [5, 6], [-1, -1]];
  it('is counted before rows are dropped', () => {
    expect(aggregate('monna', rows, { byzantine: 2, trusted: 1, nonFinite: 'drop' })).toEqual([5, 5.5]);
  });

  it('must be finite', () => {
    for (const nonFinite of ['drop', 'keep'] as const) expect(() => aggregate('fltrust', rows, { nonFinite })).toThrow('expected the trusted row 0 to be finite');
  });

  it('does not survive bucketing', () => {
    const context = { byzantine: 0, generator: { randperm: (n: number) => new Int32Array(n) } };
    expect(() => aggregateThrough(parsePreAggregators('bucketing'), parseAggregator('monna'), vectorsFrom([[1], [2]]), context)).toThrow('monna: expected pre-aggregators that keep the trusted row, got bucketing');
  });
});
