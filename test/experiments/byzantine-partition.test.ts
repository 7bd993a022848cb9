// Which worker holds which samples: the laws of every kind, the notebook's cut, the Dirichlet distribution's moments, refusals.
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openCore, type Core } from '../../src/core/index.js';
import { dirichletProportions, PARTITIONS, partitionSamples, requirePartition } from '../../src/experiments/byzantine/partition.js';
import { Generator } from '../../src/random/index.js';

let core: Core;
let generator: Generator;
beforeAll(async () => {
  core = await openCore({ kernels: 'all' });
  generator = new Generator(core, 0);
});
afterAll(() => generator.dispose());

/** A partition drawn from a fresh seed. */
function part(partition: string, labels: ArrayLike<number>, workers: number, seed = 1): number[][] {
  generator.seed(seed);
  return partitionSamples(partition, labels, workers, generator).map((samples) => Array.from(samples));
}

const sizesOf = (parts: readonly (readonly number[])[]) => parts.map(({ length }) => length);
const ascending = (a: number, b: number) => a - b;
/** Labels that lie in no order: 0 to 9. */
const mixedLabels = (count: number) => Array.from({ length: count }, (_, sample) => (sample * 7 + (sample >> 3)) % 10);

const partition = fc.oneof(
  fc.constantFrom('contiguous', 'iid', 'sorted', 'dirichlet:1e-300', 'dirichlet:1e300', 'gamma-similarity:0', 'gamma-similarity:1'),
  fc.double({ min: 0.001, max: 100, noNaN: true }).map((alpha) => `dirichlet:${alpha}`),
  fc.double({ min: 0, max: 1, noNaN: true }).map((gamma) => `gamma-similarity:${gamma}`),
);
const labelsAndWorkers = fc.array(fc.constantFrom(-1, 0, 1, 2, 3.5), { minLength: 1, maxLength: 60 }).chain((labels) => fc.tuple(fc.constant(labels), fc.integer({ min: 1, max: labels.length })));

describe('every kind', () => {
  it('gives every sample to exactly one worker, and every worker a sample', () => {
    fc.assert(
      fc.property(partition, labelsAndWorkers, fc.nat(), (text, [labels, workers], seed) => {
        const parts = part(text, labels, workers, seed);
        expect(parts).toHaveLength(workers);
        expect(Math.min(...sizesOf(parts))).toBeGreaterThan(0);
        expect(parts.flat().sort(ascending)).toEqual(labels.map((_, sample) => sample));
      }),
      { numRuns: 400 },
    );
  });

  it('depends on labels, text and seed alone', () => {
    const labels = mixedLabels(100);
    for (const text of ['contiguous', 'iid', 'sorted', 'dirichlet:0.3', 'gamma-similarity:0.5']) {
      expect(part(text, Float64Array.from(labels), 7, 5)).toEqual(part(text, labels, 7, 5));
      const isRandom = text !== 'contiguous' && text !== 'sorted';
      expect(JSON.stringify(part(text, labels, 7, 5)) !== JSON.stringify(part(text, labels, 7, 6)), text).toBe(isRandom);
    }
  });

  it('draws nothing where nothing is random', () => {
    for (const text of ['contiguous', 'sorted']) {
      const before = generator.state();
      partitionSamples(text, mixedLabels(10), 3, generator);
      expect(generator.state()).toEqual(before);
    }
  });
});

describe('blocks', () => {
  it("are the notebook's pieces: (i * len(dataset)) // honestSize", () => {
    expect(part('contiguous', new Uint8Array(11), 4)).toEqual([[0, 1], [2, 3, 4], [5, 6, 7], [8, 9, 10]]);
    const fifty = part('contiguous', new Uint8Array(60_000), 50);
    fifty.forEach((samples, worker) => expect([samples.length, samples[0], samples.at(-1)]).toEqual([1200, 1200 * worker, 1200 * worker + 1199]));
  });

  it('differ by one sample at most', () => {
    fc.assert(
      fc.property(fc.constantFrom('contiguous', 'iid', 'sorted'), labelsAndWorkers, (text, [labels, workers]) => {
        const sizes = sizesOf(part(text, labels, workers));
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
      }),
    );
  });

  it("of `iid` are torch's randperm, cut in order", () => {
    generator.seed(3);
    const order = Array.from(generator.randperm(25));
    const parts = part('iid', new Uint8Array(25), 4, 3);
    expect(parts.flat()).toEqual(order);
    expect(sizesOf(parts)).toEqual([6, 6, 6, 7]);
  });

  it('of `sorted` go by label, and by number within a label', () => {
    expect(part('sorted', [10, 9, -1, 10, 9, 0.5], 3)).toEqual([[2, 5], [1, 4], [0, 3]]);
    const labels = mixedLabels(200);
    expect(part('sorted', labels, 9).flat()).toEqual(labels.map((_, sample) => sample).sort((a, b) => labels[a]! - labels[b]! || a - b));
  });
});

describe('gamma-similarity', () => {
  const labels = mixedLabels(103);

  it('is `iid` at 1 and `sorted` at 0', () => {
    expect(part('gamma-similarity:1', labels, 6, 2)).toEqual(part('iid', labels, 6, 2));
    expect(part('gamma-similarity:0', labels, 6, 2)).toEqual(part('sorted', labels, 6, 2));
  });

  it('cuts the first floor(gamma N) of a permutation, then the others by label', () => {
    generator.seed(9);
    const order = Array.from(generator.randperm(103));
    const shuffled = order.slice(0, 30);
    const rest = order.slice(30).sort((a, b) => labels[a]! - labels[b]! || a - b);
    const parts = part('gamma-similarity:0.3', labels, 5, 9);
    expect(parts.flatMap((samples) => samples.slice(0, 6))).toEqual(shuffled);
    expect(parts.flatMap((samples) => samples.slice(6))).toEqual(rest);
    expect(sizesOf(parts)).toEqual([20, 21, 20, 21, 21]);
  });

  it('moves a sample from the richest to a worker without one', () => {
    // Two blocks of floor(i 2 / 4) leave workers 0 and 2 without a sample; 1, then 3, hold two and give their last one.
    const parts = part('gamma-similarity:0.5', [3, 2, 1, 0], 4, 4);
    expect(sizesOf(parts)).toEqual([1, 1, 1, 1]);
    generator.seed(4);
    const order = Array.from(generator.randperm(4));
    const rest = order.slice(2).sort((a, b) => b - a);
    expect(parts).toEqual([[rest[0]], [order[0]], [rest[1]], [order[1]]]);
  });
});

describe('dirichlet', () => {
  it("cuts each class at floor(n (p_1 + ... + p_i)), as ByzFL's dirichlet_niid", () => {
    const labels = mixedLabels(500);
    const workers = 6;
    generator.seed(8);
    const proportions = dirichletProportions(generator, 0.7, 10, workers);
    const expected: number[][] = Array.from({ length: workers }, () => []);
    for (let label = 0; label < 10; label++) {
      const samples = labels.flatMap((each, sample) => (each === label ? [sample] : []));
      const ends = Array.from({ length: workers - 1 }, (_, i) => Math.floor(samples.length * proportions.slice(label * workers, label * workers + i + 1).reduce((a, b) => a + b, 0)));
      expected.forEach((list, worker) => list.push(...samples.slice(worker === 0 ? 0 : ends[worker - 1], worker === workers - 1 ? samples.length : ends[worker])));
    }
    expect(Math.min(...sizesOf(expected))).toBeGreaterThan(0);
    expect(part('dirichlet:0.7', labels, workers, 8)).toEqual(expected);
  });

  it('fills the workers that a small alpha leaves without a sample', () => {
    // One class and one worker who takes it whole: the others get its last samples, by ascending number.
    const parts = part('dirichlet:1e-9', new Uint8Array(20), 4, 1);
    const winner = sizesOf(parts).indexOf(17);
    expect(parts[winner]).toEqual(Array.from({ length: 17 }, (_, sample) => sample));
    expect(parts.filter((_, worker) => worker !== winner)).toEqual([[19], [18], [17]]);
  });

  // Each of `draws` independent rows gives a mean, a mean square and, for the covariance, a mean product, all of known
  // expectation; the bound is five of the sample's own standard errors, passed by chance once in 1.7 million.
  const STANDARD_ERRORS = 5;

  function expectMean(values: number[], expected: number, what: string): void {
    const mean = values.reduce((a, b) => a + b, 0) / values.length;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
    expect(Math.abs(mean - expected), `${what}: ${mean} for ${expected}`).toBeLessThan(STANDARD_ERRORS * Math.sqrt(variance / values.length));
  }

  it.each([[0.05, 3], [0.3, 5], [0.9, 4], [1, 5], [1.5, 2], [10, 10], [300, 3]])('has the moments of Dirichlet(%f) over %i', (alpha, extent) => {
    const draws = 20_000;
    generator.seed(123);
    const proportions = dirichletProportions(generator, alpha, draws, extent);
    const column = (at: number) => Array.from({ length: draws }, (_, row) => proportions[row * extent + at]!);
    const [first, last] = [column(0), column(extent - 1)];
    // E p_i = 1 / K, E p_i^2 = (alpha + 1) / (K (K alpha + 1)), E p_i p_j = alpha / (K (K alpha + 1)).
    const denominator = extent * (extent * alpha + 1);
    for (const [values, what] of [[first, 'first'], [last, 'last']] as const) {
      expectMean(values, 1 / extent, `mean of the ${what}`);
      expectMean(values.map((p) => p * p), (alpha + 1) / denominator, `mean square of the ${what}`);
      expectMean(values.map((p) => p * p * p), ((alpha + 1) * (alpha + 2)) / (denominator * (extent * alpha + 2)), `mean cube of the ${what}`);
    }
    expectMean(first.map((p, row) => p * last[row]!), alpha / denominator, 'mean product');
  });

  it('adds up to 1 for the least and the largest alpha there are', () => {
    for (const alpha of [5e-324, 1e-300, 1e-9, 0.01, 1, 1e9, 1e300, Number.MAX_VALUE]) {
      const proportions = dirichletProportions(generator, alpha, 50, 7);
      for (let row = 0; row < 50; row++) {
        const sum = proportions.subarray(row * 7, row * 7 + 7).reduce((a, b) => a + b, 0);
        // Seven quotients and six sums, each rounded by at most 2^-53 of something below 1.
        expect(Math.abs(sum - 1), `alpha ${alpha}`).toBeLessThanOrEqual(13 * 2 ** -53);
      }
      if (alpha >= 1e300) proportions.forEach((p) => expect(Math.abs(p - 1 / 7)).toBeLessThanOrEqual(2 ** -53));
    }
  });
});

describe('what it refuses', () => {
  it.each([
    ['dirichlet', 'expected dirichlet:ALPHA, with a finite number above 0 for ALPHA, got "dirichlet"'],
    ['dirichlet:0', 'with a finite number above 0 for ALPHA, got "dirichlet:0"'],
    ['dirichlet:-1', 'with a finite number above 0 for ALPHA, got "dirichlet:-1"'],
    ['dirichlet:1e999', 'with a finite number above 0 for ALPHA, got "dirichlet:1e999"'],
    ['dirichlet:NaN', 'with a finite number above 0 for ALPHA, got "dirichlet:NaN"'],
    ['dirichlet:0.5:1', 'with a finite number above 0 for ALPHA, got "dirichlet:0.5:1"'],
    ['dirichlet:0x10', 'with a finite number above 0 for ALPHA, got "dirichlet:0x10"'],
    ['gamma-similarity:1.1', 'expected gamma-similarity:GAMMA, with a number from 0 to 1 for GAMMA, got "gamma-similarity:1.1"'],
    ['gamma-similarity:-0.1', 'with a number from 0 to 1 for GAMMA, got "gamma-similarity:-0.1"'],
    ['gamma-similarity:', 'with a number from 0 to 1 for GAMMA, got "gamma-similarity:"'],
    ['iid:3', 'expected iid alone, got "iid:3"'],
    ['dirichelt:0.5', 'got "dirichelt:0.5" (the nearest is dirichlet:ALPHA)'],
    ['uid', 'expected one of contiguous, iid, sorted, dirichlet:ALPHA, gamma-similarity:GAMMA; got "uid" (the nearest is iid)'],
    ['gamma:0.5', '(the nearest is gamma-similarity:GAMMA)'],
    ['Contiguous', '(the nearest is contiguous)'],
    ['', 'got ""'],
  ])('%j', (text, message) => {
    expect(() => requirePartition('--partition', text)).toThrow(expect.objectContaining({ name: 'ConfigurationError', message: expect.stringContaining(message) }));
    expect(() => requirePartition('--partition', text)).toThrow(/^--partition: expected /);
    expect(() => part(text, [0, 1], 2)).toThrow(message);
  });

  it('no kind as it is listed', () => {
    const texts = PARTITIONS.map(({ name, parameter }) => (parameter === undefined ? name : `${name}:0.5`));
    for (const text of texts) expect(requirePartition('--partition', text)).toBeUndefined();
    expect(texts).toHaveLength(5);
  });

  it('workers that outnumber samples, or are none', () => {
    for (const workers of [4, 0, -1, 1.5, NaN]) {
      expect(() => part('iid', [0, 1, 2], workers)).toThrow(`partition: expected from 1 to 3 workers for 3 samples, got ${workers}`);
    }
    expect(() => part('iid', [], 1)).toThrow('partition: expected at least one sample, got none');
  });

  it('labels that are not finite, before anything is drawn', () => {
    const before = generator.state();
    expect(() => partitionSamples('iid', [0, NaN, 2], 2, generator)).toThrow('partition: expected finite labels, got NaN for sample 1');
    expect(generator.state()).toEqual(before);
  });
});
