// Every rule against what is published or was computed elsewhere.
import { describe, expect, it } from 'vitest';
import { parseAggregator, parseAttack, parsePreAggregators, stackRows, vectorsFrom, type Vectors } from '../../src/robust/index.js';
import { fixture, noNormals, relativeError } from './robust-fixture.js';

// The same formulas in another order of sums.
const ROUNDING = 1e-12;
// Eigenvectors by another method, and what hangs on them.
const EIGENVECTORS = 1e-9;
// ByzFL's documentation shows eight digits, and four of clipped rows.
const PRINTED = 1e-8;

const ROWS = vectorsFrom([[1, 2, 3], [4, 5, 6], [7, 8, 9]]);
const aggregate = (text: string, vectors: Vectors, byzantine: number, trusted = 0) => parseAggregator(text).aggregate(vectors, { byzantine, trusted });
const rowsOf = ({ count, dimension, values }: Vectors) => Array.from({ length: count }, (_, row) => [...values.subarray(row * dimension, (row + 1) * dimension)]);

describe("ByzFL's documented values", () => {
  it.each([
    ['mean', [4, 5, 6]], ['median', [4, 5, 6]], ['trimmed-mean', [4, 5, 6]], ['centered-clipping:variant=byzfl', [4, 5, 6]], ['caf', [4, 5, 6]],
    ['gm:byzfl', [3.78788764, 4.78788764, 5.78788764]], ['krum:variant=byzfl', [1, 2, 3]], ['multi-krum:neighbours=n-f-1', [2.5, 3.5, 4.5]],
    ['mda', [2.5, 3.5, 4.5]], ['meamed', [2.5, 3.5, 4.5]], ['smea', [2.5, 3.5, 4.5]], ['monna', [2.5, 3.5, 4.5]],
  ])('%s', (text, expected) => {
    const got = aggregate(text, ROWS, 1, text === 'monna' ? 1 : 0);
    expect(Math.max(...expected.map((value, k) => Math.abs(value - got[k]!)))).toBeLessThan(PRINTED);
  });

  it('of pre-aggregators', () => {
    const transformed = (text: string) => rowsOf(parsePreAggregators(text)[0]!.transform(ROWS, { byzantine: 1 }));
    expect(transformed('nnm')).toEqual([[2.5, 3.5, 4.5], [2.5, 3.5, 4.5], [5.5, 6.5, 7.5]]);
    const clipped = transformed('clipping:2');
    [0.5345, 1.069, 1.6036].forEach((value, k) => expect(clipped[0]![k]).toBeCloseTo(value, 4));
    for (const row of clipped) expect(Math.hypot(...row)).toBeCloseTo(2, 14);
    const adapted = transformed('arc');
    expect(adapted.slice(0, 2)).toEqual([[1, 2, 3], [4, 5, 6]]);
    [4.41, 5.04, 5.6701].forEach((value, k) => expect(adapted[2]![k]).toBeCloseTo(value, 4));
  });

  it.each([['sign-flip', [-4, -5, -6]], ['ipm', [-8, -10, -12]], ['ipm:2', [-8, -10, -12]], ['alie', [8.5, 9.5, 10.5]], ['alie:tau=1.5', [8.5, 9.5, 10.5]]])('of the attack %s', (text, expected) => {
    expect(rowsOf(parseAttack(text).craft(ROWS, 2, { generator: noNormals, step: 0 }))).toEqual([expected, expected]);
  });
});

describe("the notebook's functions, as PyTorch has them in float64", () => {
  it.each(fixture.notebook)('mean, gm, Krum_ and median under $attack, seed $seed', ({ honest, byzantine, ...expected }) => {
    const rows = stackRows(vectorsFrom(honest), vectorsFrom(byzantine));
    const f = byzantine.length;
    expect([...aggregate('median', rows, f)]).toEqual(expected.median);
    expect([...aggregate('krum:variant=notebook', rows, f)]).toEqual(expected.krum);
    // Sums that cancel: the error is held against the rows, not against the result.
    const size = Math.max(...honest.flat().map(Math.abs), ...byzantine.flat().map(Math.abs));
    expected.mean.forEach((value, k) => expect(Math.abs(aggregate('mean', rows, f)[k]! - value) / size).toBeLessThan(ROUNDING));
    expected.gm.forEach((value, k) => expect(Math.abs(aggregate('gm:notebook', rows, f)[k]! - value) / size).toBeLessThan(ROUNDING));
  });

  it('Krum_ never looks at the attackers', () => {
    const { honest, byzantine } = fixture.notebook[0]!;
    const moved = byzantine.map((row) => row.map((value) => value * 1e6 + 1));
    const krum = (attackers: number[][]) => aggregate('krum:variant=notebook', vectorsFrom([...honest, ...attackers]), attackers.length);
    expect(krum(moved)).toEqual(krum(byzantine));
    expect(honest).toContainEqual([...krum(byzantine)]);
  });
});

describe('rules by their definitions in NumPy', () => {
  const cases = fixture.rules.flatMap(({ rows, byzantine, aggregators, preAggregators }) => [
    ...Object.entries(aggregators).map(([text, expected]) => ({ text, rows, byzantine, shape: `${rows.length} x ${rows[0]!.length}`, expected })),
    ...Object.entries(preAggregators).map(([text, expected]) => ({ text, rows, byzantine, shape: `${rows.length} x ${rows[0]!.length}`, expected: expected.flat() })),
  ]);

  it.each(cases)('$text with f = $byzantine of $shape', ({ text, rows, byzantine, expected }) => {
    const isPre = Object.hasOwn(fixture.rules[0]!.preAggregators, text);
    const got = isPre ? parsePreAggregators(text)[0]!.transform(vectorsFrom(rows), { byzantine }).values : aggregate(text, vectorsFrom(rows), byzantine);
    expect(relativeError(got, expected)).toBeLessThan(text === 'caf' ? EIGENVECTORS : ROUNDING);
  });
});

describe('variants', () => {
  const rows = vectorsFrom([[1], [2], [4], [8], [16], [100]]);
  it.each([
    ['median', 4], ['median:even=lower', 4], ['median:mean', 6], ['median:upper', 8],
    ['trimmed-mean', 7.5], ['trimmed-mean:trim=0.2', 7.5], ['trimmed-mean:0.34', 6], ['trimmed-mean:0.49', 6],
    // Around 4: 1, 2, 4, 8, 16; around 6 and around 8: 1, 2, 4, 8, 16 too.
    ['meamed', 6.2], ['meamed:upper', 6.2],
    // Three neighbours: 1 + 9 + 49, 1 + 4 + 36, 4 + 9 + 16, ...; with power 1: 11, 9, 9. Four: 284, 237, 173, 165; 26, 23, 21, 25.
    ['krum', 4], ['krum:power=1', 2], ['krum:power=4', 4], ['krum:n-f-1', 8], ['krum:neighbours=n-f-1,power=1', 4], ['krum:neighbours=n-f', 16],
    ['multi-krum', 6.2], ['multi-krum:select=n-f-2', 7 / 3], ['multi-krum:2', 3], ['multi-krum:1', 4],
  ])('%s', (text, expected) => {
    expect(aggregate(text, rows, 1)[0]).toBeCloseTo(expected, 12);
  });

  it('centred clipping keeps its v from step to step', () => {
    const rule = parseAggregator('centered-clipping:tau=1,iterations=1');
    const state = {};
    const far = vectorsFrom([[10, 0], [10, 0], [10, 0]]);
    expect([...rule.aggregate(far, { byzantine: 1, state })]).toEqual([1, 0]);
    expect([...rule.aggregate(far, { byzantine: 1, state })]).toEqual([2, 0]);
    expect([...rule.aggregate(far, { byzantine: 1 })]).toEqual([1, 0]);
    expect(() => rule.aggregate(ROWS, { byzantine: 1, state })).toThrow('centered-clipping: expected a center of 3 values, got 2');
  });

  it('FLTrust gives zero when no row points along the trusted one', () => {
    expect([...aggregate('fltrust', vectorsFrom([[1, 0], [-1, 2], [0, 0], [0, 5]]), 1)]).toEqual([0, 0]);
    expect([...aggregate('fltrust', vectorsFrom([[3, 4], [30, 40], [-1, -1]]), 1)]).toEqual([3, 4]);
  });

  it('bucketing averages groups of a random order', () => {
    const drawn = { randperm: () => Int32Array.of(4, 2, 0, 1, 3) };
    const values = vectorsFrom([[1], [2], [4], [8], [16]]);
    const buckets = (size: number) => [...parsePreAggregators(`bucketing:${size}`)[0]!.transform(values, { byzantine: 0, generator: drawn }).values];
    expect(buckets(1)).toEqual([16, 4, 1, 2, 8]);
    expect(buckets(2)).toEqual([10, 1.5, 8]);
    expect(buckets(9)).toEqual([6.2]);
    expect(() => parsePreAggregators('bucketing')[0]!.transform(values, { byzantine: 0 })).toThrow('bucketing: expected a generator in the context, got none');
  });
});
