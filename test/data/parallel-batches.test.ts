// Parts, batches and padding against PyTorch's (test/reference/parallel.py), and the laws of batches by length.
import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { openCore, type Core } from '../../src/core/index.js';
import { bucketedBatches, collate, orderedPairBatches, shuffledPairBatches, splitPairs } from '../../src/data/parallel-batches.js';
import { Generator } from '../../src/random/index.js';
import { expectExactly, type Drawn } from '../random/fixture.js';

interface Step {
  batch: number[];
  drawn: string;
}

interface Fixture {
  splits: { seed: number; count: number; fractions: number[]; sizes: number[]; parts: Drawn[] }[];
  runs: {
    seed: number; count: number; batch: number; drop_last: boolean; train: number[]; test: number[]; example: number[]; initialised: string;
    epochs: { train: Step[]; test: Step[] }[]; after: string;
  }[];
  padded: { sequences: number[][]; shape: [number, number]; ids: number[] }[];
}

const fixture = JSON.parse(readFileSync(new URL('../reference/fixtures/parallel.json', import.meta.url), 'utf8')) as Fixture;

let core: Core;
beforeAll(async () => {
  core = await openCore();
});

function withGenerator<T>(seed: number, use: (generator: Generator) => T): T {
  const generator = new Generator(core, seed);
  try {
    return use(generator);
  } finally {
    generator.dispose();
  }
}

describe('splitPairs', () => {
  it("is PyTorch's random_split by fractions", () => {
    expect(fixture.splits.length).toBe(9);
    for (const { seed, count, fractions, sizes, parts } of fixture.splits) {
      const got = withGenerator(seed, (generator) => splitPairs(count, fractions, generator));
      expect(got.map((part) => part.length), `${count}`).toEqual(sizes);
      for (const [part, indices] of got.entries()) expectExactly(indices, parts[part], `${count} part ${part}`);
    }
  });

  it("gives the notebook's 178,487 and 44,621 of 223,108 pairs", () => {
    expect(withGenerator(1, (generator) => splitPairs(223_108, [0.8, 0.2], generator)).map((part) => part.length)).toEqual([178_487, 44_621]);
  });

  it.each<[string, number, number[], string]>([
    ['no pairs', 0, [0.8, 0.2], 'splitPairs: count: expected a whole number of at least 1, got 0'],
    ['less than all', 10, [0.8, 0.1], 'splitPairs: expected fractions from 0 to 1 that add up to 1, not above it, got [0.8, 0.1]'],
    ['more than all', 10, [1.2, -0.2], 'splitPairs: expected fractions from 0 to 1 that add up to 1, not above it, got [1.2, -0.2]'],
    ['not a number', 10, [NaN, 0.5], 'splitPairs: expected fractions from 0 to 1 that add up to 1, not above it, got [NaN, 0.5]'],
    ['a part without pairs', 3, [0.9, 0.1], 'splitPairs: expected fractions that leave no part empty, got 0.1 of 3, which is none'],
  ])('refuses %s', (_, count, fractions, message) => {
    withGenerator(1, (generator) => {
      expect(() => splitPairs(count, fractions, generator)).toThrow(new RangeError(message));
      expect(generator.state()).toEqual(withGenerator(1, (fresh) => fresh.state()));
    });
  });
});

describe("the loaders' batches", () => {
  it("are the notebook's, drawn when PyTorch draws", () => {
    expect(fixture.runs.length).toBe(6);
    for (const { seed, count, batch, drop_last: dropLast, ...expected } of fixture.runs) {
      withGenerator(seed, (global) => {
        const draw = () => String(global.randomInt64());
        const [train, test] = splitPairs(count, [0.8, 0.2], global);
        const pick = (part: Int32Array, batches: Int32Array[]) => batches.map((indices) => ({ batch: Array.from(indices, (index) => part[index]), drawn: draw() }));
        const shuffled = () => shuffledPairBatches(global, train.length, batch, { dropLast });
        const example = Array.from(shuffled()[0], (index) => train[index]);
        const got = {
          train: [...train], test: [...test], example, initialised: draw(),
          epochs: [0, 1].map(() => ({ train: pick(train, shuffled()), test: pick(test, orderedPairBatches(global, test.length, batch, { dropLast })) })),
          after: draw(),
        };
        expect(got, `seed ${seed}`).toEqual(expected);
      });
    }
  });

  it('refuse sizes of nothing', () => {
    withGenerator(1, (generator) => {
      expect(() => shuffledPairBatches(generator, 0, 2)).toThrow(/expected a whole number of at least 1, got 0/);
      expect(() => shuffledPairBatches(generator, 2, 0)).toThrow(new RangeError('shuffledPairBatches: batchSize: expected a whole number of at least 1, got 0'));
      expect(() => orderedPairBatches(generator, 0, 2)).toThrow(new RangeError('orderedPairBatches: count: expected a whole number of at least 1, got 0'));
      expect(() => orderedPairBatches(generator, 2, 1.5)).toThrow(new RangeError('orderedPairBatches: batchSize: expected a whole number of at least 1, got 1.5'));
    });
  });
});

describe('bucketedBatches', () => {
  const settings = fc.record({
    lengths: fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 200 }),
    batchSize: fc.integer({ min: 1, max: 9 }),
    pool: fc.integer({ min: 1, max: 6 }),
    seed: fc.nat(1000),
  });
  const paddedTokens = (batches: Int32Array[], lengths: number[]) =>
    batches.reduce((sum, batch) => sum + batch.length * Math.max(...Array.from(batch, (index) => lengths[index])), 0);

  it('gives each pair once, in full batches but one', () => {
    fc.assert(fc.property(settings, ({ lengths, batchSize, pool, seed }) => {
      const batches = withGenerator(seed, (generator) => bucketedBatches(lengths, batchSize, generator, { pool }));
      expect(batches.flatMap((batch) => [...batch]).sort((a, b) => a - b)).toEqual(lengths.map((_, index) => index));
      const sizes = batches.map((batch) => batch.length).sort((a, b) => b - a);
      expect(sizes.slice(0, -1).every((size) => size === batchSize)).toBe(true);
      expect(sizes.length).toBe(Math.ceil(lengths.length / batchSize));
      const whole = withGenerator(seed, (generator) => bucketedBatches(lengths, batchSize, generator, { pool, dropLast: true }));
      expect(whole.map((batch) => batch.length)).toEqual(new Array(Math.floor(lengths.length / batchSize)).fill(batchSize));
      expect(new Set(whole.flatMap((batch) => [...batch])).size).toBe(whole.length * batchSize);
    }));
  });

  it('sorts by length within a pool: with one pool no batch overlaps another in length', () => {
    fc.assert(fc.property(settings, ({ lengths, batchSize, seed }) => {
      const batches = withGenerator(seed, (generator) => bucketedBatches(lengths, batchSize, generator, { pool: lengths.length }));
      const ranges = batches.map((batch) => Array.from(batch, (index) => lengths[index])).map((found) => [Math.min(...found), Math.max(...found)]);
      ranges.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
      for (let at = 1; at < ranges.length; at++) expect(ranges[at][0]).toBeGreaterThanOrEqual(ranges[at - 1][1]);
      const shuffled = withGenerator(seed, (generator) => shuffledPairBatches(generator, lengths.length, batchSize));
      if (lengths.length % batchSize === 0) expect(paddedTokens(batches, lengths)).toBeLessThanOrEqual(paddedTokens(shuffled, lengths));
    }));
  });

  it('is the same for the same seed, and in another order for another', () => {
    const lengths = Array.from({ length: 500 }, (_, index) => (index * 37) % 41);
    const batches = (seed: number) => withGenerator(seed, (generator) => bucketedBatches(lengths, 8, generator, { pool: 5 }));
    expect(batches(3)).toEqual(batches(3));
    expect(batches(3)).not.toEqual(batches(4));
    const first = batches(3).map((batch) => lengths[batch[0]]);
    expect(first).not.toEqual([...first].sort((a, b) => a - b));
  });

  it('takes a pool as large as one likes', () => {
    const batches = withGenerator(1, (generator) => bucketedBatches(new Int32Array(300_000), 1, generator, { pool: 1e9 }));
    expect(batches.length).toBe(300_000);
  });

  it('refuses sizes of nothing', () => {
    withGenerator(1, (generator) => {
      expect(() => bucketedBatches([], 2, generator)).toThrow(new RangeError('bucketedBatches: lengths.length: expected a whole number of at least 1, got 0'));
      expect(() => bucketedBatches([1], 0, generator)).toThrow(new RangeError('bucketedBatches: batchSize: expected a whole number of at least 1, got 0'));
      expect(() => bucketedBatches([1], 2, generator, { pool: 0 })).toThrow(new RangeError('bucketedBatches: pool: expected a whole number of at least 1, got 0'));
    });
  });
});

describe('collate', () => {
  it("is PyTorch's pad_sequence, time first", () => {
    expect(fixture.padded.length).toBe(5);
    for (const { sequences, shape, ids } of fixture.padded) {
      const got = collate(sequences, 3);
      expect([[...got.ids], got.steps, got.batch, [...got.lengths]]).toEqual([ids, ...shape, sequences.map((sequence) => sequence.length)]);
    }
  });

  it('gives every sequence back, and padding beyond it', () => {
    fc.assert(fc.property(fc.array(fc.array(fc.nat(9000)), { minLength: 1, maxLength: 8 }), (sequences) => {
      const { ids, lengths, steps, batch } = collate(sequences, -1);
      for (const [member, sequence] of sequences.entries()) {
        const column = Array.from({ length: steps }, (_, step) => ids[step * batch + member]);
        expect(column).toEqual([...sequence, ...new Array(steps - sequence.length).fill(-1)]);
        expect(lengths[member]).toBe(sequence.length);
      }
    }));
  });

  it('refuses no sequences and what is no id', () => {
    expect(() => collate([], 3)).toThrow(new RangeError('collate: sequences.length: expected a whole number of at least 1, got 0'));
    expect(() => collate([[1], [2, 0.5]], 3)).toThrow(new RangeError('collate: expected ids that are whole numbers of 32 bits, got 0.5 at 1 of sequence 1'));
    expect(() => collate([[2 ** 31]], 3)).toThrow(/got 2147483648 at 0 of sequence 0/);
    expect(() => collate([[1]], NaN)).toThrow(new RangeError('collate: expected padId to be a whole number of 32 bits, got NaN'));
  });
});
