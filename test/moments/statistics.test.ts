// Statistics against those of network_moments in PyTorch, which sums in another order: 1e-12 of the largest value.
import { beforeAll, describe, expect, it } from 'vitest';
import { openCore, type Core } from '../../src/core/index.js';
import { fitGaussian, gaussianity, type GaussianFit } from '../../src/moments/gaussianity.js';
import { cubeRoot } from '../../src/moments/plain-functions.js';
import {
  area, ascending, histogram, histogramBins, hypothesisTest, interpolated, interquartileRange, kurtosisTest, pdfSimilarity, percentile, skewnessTest, type Curve,
} from '../../src/moments/statistics.js';
import { Generator } from '../../src/random/index.js';
import { Tensor } from '../../src/tensor/index.js';
import { expectNear, libraryCases, type LibraryArray } from './library-fixture.js';

const NEAR = 1e-12;

let core: Core;
beforeAll(async () => {
  core = await openCore({ kernels: 'all' });
});

interface WrittenHistogram { values: LibraryArray; lower: number; upper: number }

interface StatisticsCase {
  sample: LibraryArray;
  percentages: number[];
  percentiles: number[];
  quartileRange: number;
  bins: number;
  binsAtLeast50: number;
  histogram: WrittenHistogram;
  histogramOf12: WrittenHistogram;
  points: LibraryArray;
  histogramAtPoints: LibraryArray;
  fit: { xs: LibraryArray; pdf: LibraryArray; fit: LibraryArray; mean: number; std: number; similarity: number };
  fitOf3SigmasUncorrected: { similarity: number; pdf: LibraryArray; fit: LibraryArray };
}

function expectHistogram(found: Curve, wanted: WrittenHistogram, what: string): void {
  expect([found.lower, found.upper]).toEqual([wanted.lower, wanted.upper]);
  expectNear(found.values, wanted.values, NEAR, what);
}

const statistics = libraryCases<StatisticsCase>('statistics').map((found) => [found.name, found] as const);
/** The library's density of a single bin is 0. */
const binned = statistics.filter(([, { bins }]) => bins > 1);

describe("the library's statistics", () => {
  it.each(statistics)('quantiles and bins: %s', (name, found) => {
    const sorted = ascending(found.sample.values as number[]);
    expectNear(found.percentages.map((q) => percentile(sorted, q)), found.percentiles, NEAR, name);
    expect(interquartileRange(sorted)).toBeCloseTo(found.quartileRange, 12);
    expect(histogramBins(sorted)).toBe(found.bins);
    expect(histogramBins(sorted, 50)).toBe(found.binsAtLeast50);
    expectHistogram(histogram(sorted, 12), found.histogramOf12, `${name}: 12 bins`);
  });

  it.each(binned)('histogram and fit: %s', (name, found) => {
    const sorted = ascending(found.sample.values as number[]);
    const density = histogram(sorted);
    expectHistogram(density, found.histogram, name);
    expectNear((found.points.values as number[]).map(interpolated(density, 0)), found.histogramAtPoints, NEAR, `${name}: between`);
    const fit = fitGaussian(core, found.sample.values as number[]);
    for (const part of ['xs', 'pdf', 'fit'] as const) expectNear(fit[part], found.fit[part], NEAR, `${name}: ${part}`);
    expectNear([fit.mean, fit.std, fit.similarity], [found.fit.mean, found.fit.std, found.fit.similarity], NEAR, name);
    const uncorrected = fitGaussian(core, found.sample.values as number[], { sigmas: 3, correct: false });
    expect(uncorrected.similarity).toBeCloseTo(found.fitOf3SigmasUncorrected.similarity, 12);
    expectNear(uncorrected.fit, found.fitOf3SigmasUncorrected.fit, NEAR, `${name}: uncorrected`);
  });

  it.each(libraryCases<{ values: LibraryArray; others: LibraryArray; bounds: [number, number]; plainArea: number; similarity: number }>('areas'))('areas: $name', (found) => {
    const [values, others] = [found.values, found.others].map((array) => Float64Array.from(array.values as number[])) as [Float64Array, Float64Array];
    const [lower, upper] = found.bounds;
    expect(area({ values, lower, upper })).toBeCloseTo(found.plainArea, 13);
    expect(pdfSimilarity(values, others, lower, upper)).toBeCloseTo(found.similarity, 13);
  });

  it.each(libraryCases<{ rows: LibraryArray; gaussianity: LibraryArray; threshold: number; gaussianityAboveThreshold: LibraryArray }>('gaussianity'))('gaussianity of columns: $name', (found) => {
    const rows = Tensor.from(core, found.rows.values as number[], found.rows.shape, 'float64');
    expectNear(gaussianity(core, rows), found.gaussianity, NEAR, found.name);
    expectNear(gaussianity(core, rows, { threshold: found.threshold }), found.gaussianityAboveThreshold, NEAR, found.name);
    rows.dispose();
  });

  interface Scores { statistic: LibraryArray; probability: LibraryArray }
  interface NormalityCase { rows: LibraryArray; skewness: Scores; kurtosis: Scores; hypothesis: Scores; ofAll: Record<'skewness' | 'kurtosis' | 'hypothesis', [number, number]> }
  const tests = { skewness: skewnessTest, kurtosis: kurtosisTest, hypothesis: hypothesisTest };

  it.each(libraryCases<NormalityCase>('normality'))('tests of normality: $name', (found) => {
    const [count, size] = found.rows.shape as [number, number];
    for (const name of ['skewness', 'kurtosis', 'hypothesis'] as const) {
      const results = Array.from({ length: size }, (_, column) => tests[name](core, Array.from({ length: count }, (_row, row) => found.rows.values[row * size + column]!)));
      expectNear(results.map(({ statistic }) => statistic), found[name].statistic, NEAR, `${name} statistic`);
      expectNear(results.map(({ pValue }) => pValue), found[name].probability, NEAR, `${name} p`);
      const all = tests[name](core, found.rows.values as number[]);
      expect(all.statistic).toBeCloseTo(found.ofAll[name][0], 9);
      expect(all.pValue).toBeCloseTo(found.ofAll[name][1], 14);
    }
  });
});

describe("the library's faults in statistics", () => {
  interface Fault { sample: LibraryArray; faulty: { bins: number; histogram: LibraryArray; similarity: number | null } }
  const fault = (wanted: string) => libraryCases<Fault>('faults').find(({ name }) => name === wanted)!;

  it('a quartile range of 0 gave one bin of density 0 and a similarity of NaN; here the bins are Sturges\'s', () => {
    const { sample, faulty } = fault('histogram: quartile range zero');
    expect([faulty.bins, faulty.histogram.values, faulty.similarity]).toEqual([1, [0], null]);
    const sorted = ascending(sample.values as number[]);
    expect(interquartileRange(sorted)).toBe(0);
    expect(histogramBins(sorted)).toBe(Math.ceil(Math.log2(sorted.length)) + 1);
    expect(area(histogram(sorted))).toBeCloseTo(1, 12);
    const { similarity } = fitGaussian(core, sorted);
    expect(similarity).toBeGreaterThan(0);
    expect(similarity).toBeLessThan(1);
  });

  it('one bin by the rule gave NaN too; here a density has at least two', () => {
    const [, found] = statistics.find(([, { bins }]) => bins === 1)!;
    expect(found.fit.similarity).toBeNull();
    expect(fitGaussian(core, found.sample.values as number[]).similarity).toBeGreaterThan(0);
  });

  it('equal samples fit entirely, as in the library, but without NaN', () => {
    const { sample, faulty } = fault('histogram: constant sample');
    expect(faulty.similarity).toBe(1);
    const fit: GaussianFit = fitGaussian(core, sample.values as number[]);
    expect([fit.std, fit.similarity]).toEqual([0, 1]);
    expect([...fit.pdf, ...fit.fit, ...fit.xs].every(Number.isFinite)).toBe(true);
    expect(histogram(ascending([3, 3, 3]), 4)).toEqual({ values: Float64Array.of(0, 0, 1, 0), lower: 3, upper: 3 });
  });
});

describe('tests of normality', () => {
  it('reject a normal sample about as often as their level says, and an exponential one always', () => {
    const generator = new Generator(core, 5);
    const pValues = Array.from({ length: 400 }, () => {
      const sample = generator.randn([300], 'float64');
      const { pValue } = hypothesisTest(core, sample.toArray());
      sample.dispose();
      return pValue;
    });
    generator.dispose();
    const rejected = pValues.filter((p) => p < 0.05).length;
    // 400 trials at 0.05: 20 expected, standard deviation 4.4; the test's own approximation adds a little.
    expect(rejected).toBeGreaterThan(6);
    expect(rejected).toBeLessThan(38);
    expect(hypothesisTest(core, Array.from({ length: 200 }, (_, i) => -Math.log((i + 0.5) / 200))).pValue).toBeLessThan(1e-6);
  });

  it('are symmetric: a mirrored sample has the opposite skewness', () => {
    const sample = Array.from({ length: 50 }, (_, i) => (i % 7) ** 2 + i / 9);
    expect(skewnessTest(core, sample.map((x) => -x)).statistic).toBe(-skewnessTest(core, sample).statistic);
  });

  it('name samples they cannot judge', () => {
    expect(() => skewnessTest(core, [1, 2])).toThrow(new RangeError('skewnessTest: expected at least 8 samples, got 2'));
    expect(() => kurtosisTest(core, new Array(19).fill(1))).toThrow(new RangeError('kurtosisTest: expected at least 20 samples, got 19'));
    expect(() => hypothesisTest(core, new Array(30).fill(2))).toThrow(new RangeError('skewnessTest: expected finite samples that are not all equal, got a variance of 0'));
    expect(() => skewnessTest(core, [NaN, 1, 2, 3, 4, 5, 6, 7])).toThrow(RangeError);
  });
});

describe('bad samples', () => {
  it('are named', () => {
    expect(() => ascending([])).toThrow(new RangeError('samples: expected at least one, got none'));
    expect(() => ascending([1, NaN])).toThrow(new RangeError('samples: expected finite numbers, got NaN'));
    expect(() => ascending([-Infinity, 1])).toThrow(new RangeError('samples: expected finite numbers, got -Infinity'));
    expect(() => percentile(Float64Array.of(1), 101)).toThrow(new RangeError('percentile: expected q from 0 to 100, got 101'));
    expect(() => histogram(Float64Array.of(1, 2), 1)).toThrow(new RangeError('histogram: expected at least 2 bins, got 1'));
    expect(() => fitGaussian(core, [1])).toThrow(new RangeError('fitGaussian: expected at least 2 samples, got 1'));
    expect(() => pdfSimilarity(Float64Array.of(1), Float64Array.of(1, 2), 0, 1)).toThrow(RangeError);
  });
});

describe('cubeRoot', () => {
  it('is within 2 units in the last place at every scale', () => {
    for (let i = -300; i <= 300; i += 7) {
      for (const mantissa of [1, 1.7, 7.999]) {
        const x = mantissa * 10 ** i;
        expect(Math.abs(cubeRoot(x) / Math.cbrt(x) - 1)).toBeLessThan(2 ** -51);
        expect(cubeRoot(-x)).toBe(-cubeRoot(x));
      }
    }
    expect([cubeRoot(0), cubeRoot(27), cubeRoot(1e-300 / 1e24)].map((x) => x)).toEqual([0, 3, cubeRoot(1e-324)]);
  });
});
