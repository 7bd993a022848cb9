// Aggregation kernels against plain definitions in float64, and past the ends of what they may write.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openCore } from '../../src/core/index.js';
import { aggregations } from '../../src/core/threads/aggregation-cuts.js';
import { Blocks, rounded, sizeOf, uniform, type Rows, type Suffix } from './blocks.js';

type Even = 0 | 1 | 2;

const core = await openCore({ kernels: 'all' });
const EVENS: readonly Even[] = [0, 1, 2];

const KINDS: Record<string, (next: () => number, row: number, count: number) => number> = {
  random: (next) => next() - 0.5,
  tied: (next) => Math.floor(next() * 4) / 3 - 0.5,
  constant: () => -0.7,
  sorted: (_, row) => row / 7 - 2,
  reversed: (_, row, count) => (count - row) / 7 - 2,
  wide: (next) => (next() - 0.5) * 2 ** Math.floor(next() * 80 - 40),
  special: (next) => [NaN, Infinity, -Infinity, -0, 0, next() - 0.5, next() - 0.5, next() - 0.5][Math.floor(next() * 8)]!,
  'mostly NaN': (next) => (next() < 0.6 ? NaN : next()),
};

function rowsOf(kind: string, count: number, dimension: number, suffix: Suffix, seed: number): Rows {
  const next = uniform(seed);
  return Array.from({ length: count }, (_, row) => rounded(Array.from({ length: dimension }, () => KINDS[kind]!(next, row, count)), suffix));
}

function withBlocks<Result>(suffix: Suffix, use: (blocks: Blocks) => Result): Result {
  const blocks = new Blocks(core, suffix);
  const result = use(blocks);
  blocks.dispose();
  return result;
}

type Rule = 'median' | 'clamped_median' | 'trimmed_mean' | 'mean_around_median';

/** A rule's output; `given` are its arguments between the stride and the output, rows among them. */
function applied(rule: Rule, rows: Rows, stride: number, suffix: Suffix, given: (number | number[])[]): number[] {
  return withBlocks(suffix, (blocks) => {
    const [count, dimension] = [rows.length, rows[0]!.length];
    const output = blocks.space(dimension * sizeOf(suffix));
    const scratch = blocks.space(core.kernels[`aggregation_order_scratch_${suffix}`](count));
    const args = given.map((value) => (Array.isArray(value) ? blocks.rows([value], value.length) : value));
    (core.kernels[`aggregation_${rule}_${suffix}`] as (...args: number[]) => void)(blocks.rows(rows, stride), count, dimension, stride, ...args, output, scratch);
    return blocks.read(output, dimension);
  });
}

// The definitions, of one sorted column: NaN last, -0 before +0.

function middleOf(sorted: Float64Array, even: Even): number {
  const lower = sorted[(sorted.length - 1) >> 1]!, upper = sorted[sorted.length >> 1]!;
  if (even !== 1) return even === 0 ? lower : upper;
  return lower === upper ? lower : (lower + upper) / 2;
}

function meanBetween(sorted: Float64Array, from: number, to: number): number {
  let sum = 0;
  for (let index = from; index < to; index++) sum += sorted[index]!;
  return sum / (to - from);
}

/** Takes values outwards from the median one by one, of two equally near the lower first. */
function meanAroundMedian(sorted: Float64Array, nearest: number, even: Even): number {
  const median = middleOf(sorted, even);
  if (Number.isNaN(median)) return NaN;
  let to = sorted.findIndex((value) => value >= median);
  let from = to;
  while (to - from < nearest) {
    const below = from > 0 ? median - sorted[from - 1]! : Infinity;
    const above = to < sorted.length ? sorted[to]! - median : Infinity;
    if (from > 0 && (to === sorted.length || !(above < below))) from--;
    else to++;
  }
  return meanBetween(sorted, from, to);
}

function sortedColumns(rows: Rows): Float64Array[] {
  return rows[0]!.map((_, column) => Float64Array.from(rows, (row) => row[column]!).sort());
}

/** Every rule at settings that reach its ends, against its definition. */
function compareRules(rows: Rows, stride: number, suffix: Suffix, repeated: number[]): void {
  const sorted = sortedColumns(rows), count = rows.length;
  const compare = (rule: Rule, given: (number | number[])[], expected: (column: Float64Array, index: number) => number) =>
    expect(applied(rule, rows, stride, suffix, given), `${rule} of ${count} rows`).toEqual(rounded(sorted.map(expected), suffix));
  for (const trim of new Set([0, count >> 2, (count - 1) >> 1])) compare('trimmed_mean', [trim], (column) => meanBetween(column, trim, count - trim));
  for (const even of EVENS) {
    compare('median', [even], (column) => middleOf(column, even));
    for (const nearest of new Set([1, (count + 1) >> 1, count - (count >> 2), count])) {
      compare('mean_around_median', [nearest, even], (column) => meanAroundMedian(column, nearest, even));
    }
    for (const repeats of [0, 1, count >> 1, count, 2 * count + 1]) {
      compare('clamped_median', [repeats, repeated, even], (column, index) => middleOf(Float64Array.from([...column, ...new Array<number>(repeats).fill(repeated[index]!)]).sort(), even));
    }
  }
}

describe.each<Suffix>(['f32', 'f64'])('rules by coordinate, %s', (suffix) => {
  it.each(Object.keys(KINDS))('follow their definitions for 1 to 70 rows: %s', (kind) => {
    for (let count = 1; count <= 70; count++) {
      const dimension = [1, 3, 7, 8, 9, 15, 16, 17, 35][count % 9]!;
      const rows = rowsOf(kind, count + 1, dimension, suffix, count);
      compareRules(rows.slice(1), dimension + (count % 3), suffix, rows[0]!);
    }
  });

  it('follow their definitions for many rows', () => {
    for (const count of [100, 129, 500, 1023, 1024]) {
      const rows = rowsOf('special', count + 1, 17, suffix, count);
      compareRules(rows.slice(1), 17, suffix, rows[0]!);
    }
  });

  it('have the same bits in any order of the rows', () => {
    const kinds = fc.constantFrom(...Object.keys(KINDS));
    fc.assert(
      fc.property(kinds, fc.integer({ min: 2, max: 90 }), fc.nat(), (kind, count, seed) => {
        const rows = rowsOf(kind, count, 19, suffix, seed);
        const next = uniform(seed + 1);
        const shuffled = rows.map((row) => ({ row, key: next() })).sort((a, b) => a.key - b.key).map(({ row }) => row);
        for (const [rule, given] of [['median', [1]], ['trimmed_mean', [(count - 1) >> 2]], ['mean_around_median', [(count + 1) >> 1, 0]]] as const) {
          expect(applied(rule, shuffled, 19, suffix, [...given])).toEqual(applied(rule, rows, 19, suffix, [...given]));
        }
      }),
      { numRuns: 40 },
    );
  });
});

function gramOf(rows: Rows, stride: number, suffix: Suffix): number[] {
  return withBlocks(suffix, (blocks) => {
    const count = rows.length;
    const output = blocks.space(count * count * 8);
    const scratch = blocks.space(core.kernels[`aggregation_gram_scratch_${suffix}`](count));
    core.kernels[`aggregation_gram_${suffix}`](blocks.rows(rows, stride), count, rows[0]!.length, stride, output, scratch);
    return blocks.read(output, count * count, 'f64');
  });
}

function crossGramOf(a: Rows, b: Rows, suffix: Suffix): number[] {
  return withBlocks(suffix, (blocks) => {
    const dimension = a[0]!.length;
    const output = blocks.space(a.length * b.length * 8);
    const scratch = blocks.space(core.kernels[`aggregation_cross_gram_scratch_${suffix}`](a.length, b.length));
    const [first, second] = [blocks.rows(a, dimension + 1), blocks.rows(b, dimension)];
    core.kernels[`aggregation_cross_gram_${suffix}`](first, a.length, dimension + 1, second, b.length, dimension, dimension, output, scratch);
    return blocks.read(output, a.length * b.length, 'f64');
  });
}

function products(a: Rows, b: Rows, term: (product: number) => number = (product) => product): number[] {
  return a.flatMap((row) => b.map((other) => row.reduce((sum, value, column) => sum + term(value * other[column]!), 0)));
}

describe.each<Suffix>(['f32', 'f64'])('Gram matrices, %s', (suffix) => {
  it('are exact where every sum is a whole number that the type holds', () => {
    for (const [count, dimension] of [[1, 1], [2, 3], [3, 4], [4, 5], [5, 511], [7, 512], [17, 513], [18, 1030], [35, 40], [70, 77]] as const) {
      const next = uniform(count);
      const rows = Array.from({ length: count }, () => Array.from({ length: dimension }, () => Math.floor(next() * 9) - 4));
      expect(gramOf(rows, dimension + (count % 2), suffix)).toEqual(products(rows, rows));
      const few = rows.slice(0, 1 + (count >> 2));
      expect(crossGramOf(few, rows, suffix)).toEqual(products(few, rows));
    }
  });

  it('stay within their bound, and are symmetric', () => {
    // 512 / lanes products and sums a lane, each off by half a unit in the last place; then a few float64 sums.
    const relative = suffix === 'f32' ? 128 * 2 ** -24 + 2 ** -45 : 270 * 2 ** -53;
    for (const dimension of [40, 700, 5003]) {
      const rows = rowsOf('random', 13, dimension, suffix, dimension);
      const got = gramOf(rows, dimension, suffix), exact = products(rows, rows), bounds = products(rows, rows, Math.abs);
      got.forEach((value, index) => expect(Math.abs(value - exact[index]!)).toBeLessThanOrEqual(relative * bounds[index]!));
      expect(got).toEqual(got.map((_, index) => got[(index % 13) * 13 + Math.floor(index / 13)]));
      expect(crossGramOf(rows.slice(2, 6), rows, suffix)).toEqual(got.slice(2 * 13, 6 * 13));
    }
  });

  it('carry NaN and infinities to the products of their rows alone', () => {
    const rows = rowsOf('random', 6, 530, suffix, 8);
    const clean = gramOf(rows, 530, suffix);
    rows[1]![529] = NaN;
    rows[4]![3] = Infinity;
    gramOf(rows, 530, suffix).forEach((value, index) => {
      const [row, column] = [Math.floor(index / 6), index % 6];
      if (row === 1 || column === 1) expect(value).toBeNaN();
      else if (row === 4 || column === 4) expect(Math.abs(value)).toBe(Infinity);
      else expect(value).toBe(clean[index]);
    });
  });

  it('have bands of rows, none empty, whatever their number', () => {
    for (let count = 16; count <= 1024; count++) {
      const cut = aggregations(suffix, sizeOf(suffix))[`aggregation_gram_${suffix}`]!([0, count, 1 << 20, 1 << 20, 0, 0])!;
      const bands = Array.from({ length: cut.parts }, (_, part) => cut.narrow(part).slice(4, 6));
      bands.forEach(([first, end], part) => {
        expect([first! % 4, end! > first!, first]).toEqual([0, true, part === 0 ? 0 : bands[part - 1]![1]]);
      });
      expect(bands.at(-1)![1]).toBe(count);
    }
  });
});

describe.each<Suffix>(['f32', 'f64'])('sums of rows, %s', (suffix) => {
  const shapes = [[1, 1], [2, 2], [3, 5], [4, 511], [5, 512], [7, 513], [50, 33], [70, 1027]] as const;

  it('weigh the rows in order, in float64', () => {
    for (const kind of ['random', 'wide', 'special']) {
      for (const [count, dimension] of shapes) {
        const rows = rowsOf(kind, count, dimension, suffix, count);
        const weights = Array.from({ length: count }, (_, row) => (row % 5 === 0 ? 0 : 1 / (row + 1)));
        const expected = rows[0]!.map((_, column) => rows.reduce((sum, row, index) => sum + weights[index]! * row[column]!, 0));
        const got = withBlocks(suffix, (blocks) => {
          const output = blocks.space(dimension * sizeOf(suffix));
          const scratch = blocks.space(core.kernels[`aggregation_sum_scratch_${suffix}`]());
          core.kernels[`aggregation_weighted_sum_${suffix}`](blocks.rows(rows, dimension + 3), count, dimension, dimension + 3, blocks.rows([weights], count, 'f64'), output, scratch);
          return blocks.read(output, dimension);
        });
        expect(got).toEqual(rounded(expected, suffix));
      }
    }
  });

  it('give mean and deviation in two passes, in float64', () => {
    for (const ddof of [0, 1]) {
      for (const [count, dimension] of shapes) {
        const rows = rowsOf('wide', count, dimension, suffix, count + ddof);
        const means = rows[0]!.map((_, column) => rows.reduce((sum, row) => sum + row[column]!, 0) / count);
        const deviations = means.map((mean, column) => Math.sqrt(rows.reduce((sum, row) => sum + (row[column]! - mean) * (row[column]! - mean), 0) / (count - ddof)));
        const got = withBlocks(suffix, (blocks) => {
          const [mean, deviation] = [blocks.space(dimension * sizeOf(suffix)), blocks.space(dimension * sizeOf(suffix))];
          const scratch = blocks.space(core.kernels[`aggregation_sum_scratch_${suffix}`]());
          core.kernels[`aggregation_mean_deviation_${suffix}`](blocks.rows(rows, dimension), count, dimension, dimension, ddof, mean, deviation, scratch);
          return [blocks.read(mean, dimension), blocks.read(deviation, dimension)];
        });
        expect(got).toEqual([rounded(means, suffix), rounded(deviations, suffix)]);
      }
    }
  });
});
