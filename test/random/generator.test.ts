import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { openCore, type Core } from '../../src/core/index.js';
import { Generator, GENERATOR_STATE_BYTES, randomSplit, shuffledBatches, shuffledOrder } from '../../src/random/index.js';
import { Tensor } from '../../src/tensor/tensor.js';

let core: Core;
beforeAll(async () => {
  core = await openCore();
});

function withGenerator<T>(seed: number | bigint, body: (generator: Generator) => T): T {
  const generator = new Generator(core, seed);
  try {
    return body(generator);
  } finally {
    generator.dispose();
  }
}

/** One of every kind of draw, and how much of it. */
const draws: ((generator: Generator, size: number) => unknown)[] = [
  (generator, size) => taken(generator.rand([size])),
  (generator, size) => taken(generator.rand([size], 'float64')),
  (generator, size) => taken(generator.randn([size])),
  (generator, size) => taken(generator.randn([size], 'float64')),
  (generator, size) => taken(generator.uniform([size], -2, 3)),
  (generator, size) => taken(generator.uniform([size], -2, 3, 'float64')),
  (generator, size) => taken(generator.bernoulli(0.3, [size])),
  (generator, size) => taken(generator.dropoutMask(0.3, [size], 'float64')),
  (generator, size) => Array.from(generator.randperm(size)),
  (generator, size) => Array.from(generator.randint(-4, 9, size)),
  (generator, size) => Array.from(generator.randint(0, 2 ** 40, size)),
  (generator) => generator.randomInt64(),
];

function taken(tensor: Tensor): number[] {
  const values = Array.from(tensor.toArray());
  tensor.dispose();
  return values;
}

const seeds = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n });
const sizes = fc.nat({ max: 1500 });
const calls = fc.array(fc.tuple(fc.nat({ max: draws.length - 1 }), fc.nat({ max: 700 })), { maxLength: 6 });

/** Plain toEqual takes milliseconds over 5056 bytes. */
function hex(state: Uint8Array): string {
  return Buffer.from(state).toString('hex');
}

function run(generator: Generator, plan: [number, number][]): unknown[] {
  return plan.map(([kind, size]) => draws[kind]!(generator, size));
}

describe('normals of mean 0', () => {
  it('are the standard ones times the deviation, rounded once, whatever the deviation', () => {
    for (const std of [30, 0.05, 1e-38, 3e38, 1 / 3]) {
      const [standard, scaled] = [new Generator(core, 9).randn([4000]).toArray(), new Generator(core, 9).normal([4000], 0, std).toArray()];
      expect(Array.from(scaled)).toEqual(Array.from(standard, (value) => Math.fround(value * Math.fround(std)) + 0));
    }
  });
});

describe('Generator', () => {
  it('goes on from a saved state, and a clone beside it, whatever was drawn before', () => {
    fc.assert(fc.property(seeds, calls, calls, (seed, before, after) => withGenerator(seed, (generator) => {
      run(generator, before);
      const saved = generator.state();
      const clone = generator.clone();
      const expected = run(generator, after);
      const end = hex(generator.state());
      expect(run(clone, after)).toEqual(expected);
      expect(hex(clone.state())).toBe(end);
      clone.dispose();
      withGenerator(0, (other) => {
        other.restore(saved);
        expect(hex(other.state())).toBe(hex(saved));
        expect(run(other, after)).toEqual(expected);
        expect(hex(other.state())).toBe(end);
        expect(other.initialSeed).toBe(BigInt.asUintN(64, seed));
      });
    })), { numRuns: 60 });
  });

  it('draws the same values in one fill as in several', () => {
    fc.assert(fc.property(seeds, fc.constantFrom(0, 1, 4, 5, 6, 9), sizes, sizes, (seed, kind, first, second) => {
      const draw = draws[kind]!;
      const whole = withGenerator(seed, (generator) => draw(generator, first + second));
      const parts = withGenerator(seed, (generator) => [draw(generator, first), draw(generator, second)].flat());
      expect(parts).toEqual(whole);
    }));
  });

  it('permutes', () => {
    fc.assert(fc.property(seeds, sizes, (seed, n) => withGenerator(seed, (generator) => {
      expect(generator.randperm(n).sort()).toEqual(Int32Array.from({ length: n }, (_, i) => i));
    })));
  });

  it('keeps uniforms and integers within their bounds', () => {
    fc.assert(fc.property(seeds, fc.integer(), fc.integer(), (seed, a, b) => withGenerator(seed, (generator) => {
      const [low, high] = [Math.min(a, b), Math.max(a, b) + 1];
      for (const value of generator.randint(low, high, 50)) expect(value >= low && value < high).toBe(true);
      for (const value of taken(generator.uniform([50], low, high, 'float64'))) expect(value >= low && value <= high).toBe(true);
      for (const value of taken(generator.rand([50]))) expect(value >= 0 && value < 1).toBe(true);
    })));
  });

  it('rounds a uniform once, as a fused multiply-add does', () => {
    // Exact in integers: r = k / 2^53 (or 2^24), and every bound a multiple of 2^-60.
    const unit = 2 ** 60;
    const bound = fc.integer({ min: -(2 ** 50), max: 2 ** 50 });
    fc.assert(fc.property(seeds, bound, bound, fc.constantFrom(20, 40, 60), (seed, a, b, scale) => {
      const [from, to] = [Math.min(a, b) / 2 ** 60, Math.max(a, b) / 2 ** scale];
      if (from > to) return;
      const r = withGenerator(seed, (generator) => taken(generator.rand([8], 'float64')));
      const values = withGenerator(seed, (generator) => taken(generator.uniform([8], from, to, 'float64')));
      const whole = (x: number) => BigInt(x * unit);
      values.forEach((value, i) => {
        const exact = BigInt(r[i]! * 2 ** 53) * whole(to - from) + (whole(from) << 53n);
        expect(value).toBe(Number(exact) / 2 ** 113);
      });
    }));
  });

  it('gives dropout masks as PyTorch: scaled, and without a draw for 0 and 1', () => withGenerator(3, (generator) => {
    const before = generator.state();
    expect(taken(generator.dropoutMask(0, [3]))).toEqual([1, 1, 1]);
    expect(taken(generator.dropoutMask(1, [3]))).toEqual([0, 0, 0]);
    expect(hex(generator.state())).toBe(hex(before));
    expect(new Set(taken(generator.dropoutMask(0.2, [100])))).toEqual(new Set([0, Math.fround(1 / Math.fround(0.8))]));
  }));

  it('fills a tensor in place, returning it', () => withGenerator(3, (generator) => {
    const tensor = Tensor.zeros(core, [4, 5]);
    expect(generator.fillUniform(tensor, 2, 3)).toBe(tensor);
    expect(tensor.toArray().every((value) => value >= 2 && value <= 3)).toBe(true);
    tensor.dispose();
  }));

  it('takes seeds as torch.manual_seed: modulo 2^64', () => {
    const first = (seed: number | bigint) => withGenerator(seed, (generator) => [generator.initialSeed, ...taken(generator.rand([2]))]);
    expect(first(-5)).toEqual(first(2n ** 64n - 5n));
    expect(first(5000000000)).toEqual(first(5000000000n));
    expect(first(2 ** 32 + 7).slice(1)).toEqual(first(7).slice(1));
  });

  it('refuses what has no meaning, and stays as it was', () => withGenerator(1, (generator) => {
    const before = generator.state();
    const allocated = core.memory.allocatedBytes;
    expect(() => new Generator(core, 1.5)).toThrow('seed: expected a whole number up to 2^53 in size (or a bigint), got 1.5');
    expect(() => new Generator(core, '1' as never)).toThrow(TypeError);
    expect(() => generator.seed(2n ** 64n)).toThrow('seed: expected -2^63 <= seed < 2^64, got 18446744073709551616');
    expect(() => generator.rand([2, -1])).toThrow(RangeError);
    expect(() => generator.rand([2], 'float16' as never)).toThrow("rand: expected dtype 'float32' or 'float64', got float16");
    expect(() => generator.rand(3 as never)).toThrow('rand: expected a shape such as [2, 3], got 3');
    expect(() => generator.uniform([2], 1, 0)).toThrow('uniform: expected from <= to, finite and with a finite difference in float32, got 1 and 0');
    expect(() => generator.uniform([2], -3e38, 3e38)).toThrow(RangeError);
    expect(() => generator.normal([2], 0, -1)).toThrow('normal: expected a finite mean and a finite std of at least 0, got 0 and -1');
    expect(() => generator.randperm(-1)).toThrow('randperm: n: expected a whole number from 0 to 2147483647, got -1');
    expect(() => generator.randperm(2.5)).toThrow(RangeError);
    expect(() => generator.randint(3, 3, 1)).toThrow('randint: expected whole numbers with low < high, got 3 and 3');
    expect(() => generator.randint(0, 3, -1)).toThrow(RangeError);
    expect(() => generator.bernoulli(1.1, [2])).toThrow('bernoulli: p: expected a probability from 0 to 1, got 1.1');
    expect(() => generator.dropoutMask(NaN, [2])).toThrow(RangeError);
    expect(() => generator.restore(new Uint8Array(3))).toThrow('generator state: expected 5056 bytes, got 3');
    expect(() => generator.restore(new Uint8Array(GENERATOR_STATE_BYTES))).toThrow('expected a seeded generator');
    const wrong = generator.state();
    wrong[16] = 9;
    expect(() => generator.restore(wrong)).toThrow('generator state: expected left + next = 625 (or 1 and 0 when new), got 1 and 9');
    expect(() => randomSplit(generator, 10, [3, 6])).toThrow('randomSplit: expected sizes that add up to 10, got [3, 6], which is 9');
    expect(() => shuffledOrder(generator, 0)).toThrow('shuffledOrder: n: expected a whole number of at least 1, got 0');
    expect(hex(generator.state())).toBe(hex(before));
    expect(core.memory.allocatedBytes).toBe(allocated);
  }));

  it('is of no use after dispose()', () => {
    const generator = new Generator(core, 1);
    generator.dispose();
    generator.dispose();
    expect(() => generator.rand([1])).toThrow('generator: used after dispose()');
  });
});


describe('the order of data', () => {
  it('splits every index to one part', () => {
    fc.assert(fc.property(seeds, fc.array(fc.nat({ max: 300 }), { maxLength: 5 }), (seed, parts) => withGenerator(seed, (generator) => {
      const total = parts.reduce((a, b) => a + b, 0);
      const split = randomSplit(generator, total, parts);
      expect(split.map(({ length }) => length)).toEqual(parts);
      expect(split.flatMap((part) => [...part]).sort((a, b) => a - b)).toEqual(Array.from({ length: total }, (_, i) => i));
    })));
  });

  // Draws so far, as torch.Generator.get_state shows them at each step of one DataLoader epoch over 10 items.
  it.each([
    { batchSize: 5, dropLast: false, drawn: [2, 11, 11, 20] },
    { batchSize: 4, dropLast: false, drawn: [2, 11, 11, 20, 20] },
    { batchSize: 4, dropLast: true, drawn: [2, 11, 11, 20] },
  ])('draws when a DataLoader draws: batches of $batchSize, dropLast $dropLast', ({ batchSize, dropLast, drawn }) => withGenerator(1, (generator) => {
    const position = () => new DataView(generator.state().buffer).getInt32(16, true);
    const batches = shuffledBatches(generator, 10, batchSize, { dropLast });
    const positions = [position()];
    const visited: number[] = [];
    for (let next = batches.next(); ; next = batches.next()) {
      positions.push(position());
      if (next.done) break;
      visited.push(...next.value);
    }
    expect(positions).toEqual(drawn);
    const order = withGenerator(1, (other) => Array.from(shuffledOrder(other, 10)));
    expect(visited).toEqual(dropLast ? order.slice(0, 8) : order);
  }));
});

describe('fillNearNormal', () => {
  const moments = fc.record({ mean: fc.double({ min: -100, max: 100, noNaN: true }), std: fc.double({ min: 0, max: 100, noNaN: true }) });

  it('draws what fillNormal draws and gives its values to within 1e-6 (|mean| + 6 std)', () => {
    fc.assert(fc.property(seeds, fc.nat({ max: 5000 }), moments, (seed, size, { mean, std }) => {
      const [exact, near] = [Tensor.zeros(core, [size], 'float32'), Tensor.zeros(core, [size], 'float32')];
      const states = [exact, near].map((tensor) => withGenerator(seed, (generator) => {
        if (tensor === exact) generator.fillNormal(tensor, mean, std);
        else generator.fillNearNormal(tensor, mean, std);
        return hex(generator.state());
      }));
      const [wanted, got] = [taken(exact), taken(near)];
      expect(states[1]).toBe(states[0]);
      const off = Math.max(0, ...wanted.map((value, at) => Math.abs(value - got[at]!)));
      expect(off).toBeLessThanOrEqual(1e-6 * (Math.abs(mean) + 6 * std));
    }), { numRuns: 60 });
  });

  it('says that float64 is not what it fills', () => {
    const tensor = Tensor.zeros(core, [16], 'float64');
    expect(() => withGenerator(1, (generator) => generator.fillNearNormal(tensor, 0, 1))).toThrow('expected a float32 tensor, got float64');
    tensor.dispose();
  });
});
