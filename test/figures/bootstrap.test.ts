import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bootstrapMean } from '../../src/figures/index.js';

/** SplitMix32 in whole numbers of any size: what the generator's 32-bit tricks must agree with. */
function* plainSplitMix32(seed: number): Generator<bigint> {
  const word = (value: bigint) => BigInt.asUintN(32, value);
  for (let state = word(BigInt(seed) + 0x9e3779b9n); ; state = word(state + 0x9e3779b9n)) {
    let mixed = word((state ^ (state >> 16n)) * 0x85ebca6bn);
    mixed = word((mixed ^ (mixed >> 13n)) * 0xc2b2ae35n);
    yield mixed ^ (mixed >> 16n);
  }
}

/** The interval by its definition: all resampled means, sorted, quantiles as NumPy's default takes them. */
function plainInterval(values: readonly number[], confidence: number, resamples: number, seed: number) {
  const words = plainSplitMix32(seed);
  const means = Array.from({ length: resamples }, () => {
    let sum = 0;
    for (let i = 0; i < values.length; i++) sum += values[Number(((words.next().value as bigint) * BigInt(values.length)) >> 32n)]!;
    return sum / values.length;
  }).sort((a, b) => a - b);
  const quantile = (share: number) => {
    const place = share * (resamples - 1);
    const [below, above] = [means[Math.floor(place)]!, means[Math.min(resamples - 1, Math.floor(place) + 1)]!];
    return below + (place - Math.floor(place)) * (above - below);
  };
  return { low: quantile((1 - confidence) / 2), high: quantile((1 + confidence) / 2) };
}

const values = fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 2, maxLength: 30 });

/** Values in [0, 1) of another generator (Park and Miller's), for made-up samples. */
function uniformSource(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 48271) % 2147483647) / 2147483647;
}

describe('bootstrapMean', () => {
  it('is the interval of its definition, bit for bit', () => {
    fc.assert(fc.property(values, fc.integer({ min: 1, max: 60 }), fc.integer(), fc.double({ min: 0.01, max: 0.99, noNaN: true }), (sample, resamples, seed, confidence) => {
      const { low, high } = bootstrapMean(sample, { resamples, seed, confidence });
      expect({ low, high }).toEqual(plainInterval(sample, confidence, resamples, seed));
    }));
  });

  it('depends on nothing but values and options', () => {
    const sample = [3, 1, 4, 1, 5, 9, 2, 6];
    expect(bootstrapMean(sample)).toEqual(bootstrapMean(sample, { confidence: 0.95, resamples: 2000, seed: 0 }));
    expect(bootstrapMean(sample, { seed: 1 })).not.toEqual(bootstrapMean(sample, { seed: 2 }));
  });

  it('lies within the sample, low below high', () => {
    fc.assert(fc.property(values, (sample) => {
      const { low, high, mean } = bootstrapMean(sample, { resamples: 200 });
      // Sums round: a mean of equal values may differ from them by a few parts in 2^52.
      const slack = 1e-12 * Math.max(...sample.map(Math.abs));
      expect(low).toBeLessThanOrEqual(high);
      for (const value of [low, high, mean]) {
        expect(value).toBeGreaterThanOrEqual(Math.min(...sample) - slack);
        expect(value).toBeLessThanOrEqual(Math.max(...sample) + slack);
      }
    }));
  });

  it('leaves NaN out; one value is its own interval; none gives NaN', () => {
    expect(bootstrapMean([NaN, 1, NaN, 2, 4])).toEqual(bootstrapMean([1, 2, 4]));
    expect(bootstrapMean([NaN, 7])).toEqual({ mean: 7, low: 7, high: 7 });
    expect(bootstrapMean([NaN])).toEqual({ mean: NaN, low: NaN, high: NaN });
    expect(bootstrapMean([])).toEqual({ mean: NaN, low: NaN, high: NaN });
  });

  it('grows with confidence and shrinks as one over the square root of n', () => {
    const next = uniformSource(5);
    const sample = Array.from({ length: 1600 }, next);
    const width = (n: number, confidence = 0.95) => {
      const { low, high } = bootstrapMean(sample.slice(0, n), { confidence });
      return high - low;
    };
    expect(width(100, 0.99)).toBeGreaterThan(width(100, 0.8));
    // Sixteen times the values, a quarter of the width; a fifth either way is the spread of two sampled widths.
    expect(width(100) / width(1600)).toBeGreaterThan(4 * 0.8);
    expect(width(100) / width(1600)).toBeLessThan(4 * 1.2);
  });

  it('covers the true mean about as often as it says', () => {
    const next = uniformSource(11);
    let covered = 0;
    for (let trial = 0; trial < 400; trial++) {
      const { low, high } = bootstrapMean(Array.from({ length: 30 }, next), { resamples: 400, seed: trial });
      if (low <= 0.5 && 0.5 <= high) covered++;
    }
    // 400 trials at 0.95 spread by 0.011; the percentile interval of 30 values is known to be short by 1 to 2 percent.
    expect(covered / 400).toBeGreaterThan(0.9);
    expect(covered / 400).toBeLessThan(0.985);
  });

  it.each([
    [{ confidence: 1 }, 'confidence between 0 and 1, got 1'], [{ confidence: NaN }, 'got NaN'], [{ resamples: 0 }, 'resamples to be a whole number of at least 1, got 0'],
    [{ resamples: 1.5 }, 'got 1.5'], [{ seed: 0.5 }, 'seed to be a whole number, got 0.5'],
  ])('refuses %j', (options, message) => {
    expect(() => bootstrapMean([1, 2], options)).toThrow(message);
  });
});
