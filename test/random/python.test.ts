import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PythonRandom } from '../../src/random/index.js';
import { fixture, type PythonCall } from './fixture.js';

function times<T>(count: number, draw: () => T): T[] {
  return Array.from({ length: count }, draw);
}

/** Integers beyond 2^53 are strings in the fixture. */
function written(value: number | bigint): number | string {
  return value > Number.MAX_SAFE_INTEGER || value < Number.MIN_SAFE_INTEGER ? String(value) : Number(value);
}

function draw(random: PythonRandom, { op, args }: PythonCall): unknown {
  const { low, high, count, stop, bits, n, k } = args as Record<string, unknown> as Record<string, number>;
  const { weights } = args as { weights?: number[] };
  const range = () => times(n!, () => 0).map((_, i) => i);
  switch (op) {
    case 'random': return times(count!, () => random.random());
    case 'randint':
      if (typeof high === 'string') return times(count!, () => written(random.randint(BigInt(low!), BigInt(high))));
      return times(count!, () => random.randint(low!, high!));
    case 'randrange': return times(count!, () => random.randrange(stop!));
    case 'sample': return random.sample(range(), k!);
    case 'choices': return random.choices(range(), k!, weights);
    case 'choice': return times(count!, () => random.choice(range()));
    case 'shuffle': return random.shuffle(range());
    case 'getrandbits': return times(count!, () => written(random.getrandbits(bits!)));
    case 'uniform': return times(count!, () => random.uniform(low!, high!));
    default: throw new Error(`random.json: no test for Python's ${op}`);
  }
}

describe("Python's random", () => {
  it.each(fixture.python)('$name', ({ seed, calls }) => {
    const random = new PythonRandom(typeof seed === 'string' ? BigInt(seed) : seed);
    for (const call of calls) {
      if (call.op === 'gauss') {
        // Not offered; two values take two draws of random().
        const { count } = call.args as Record<string, number>;
        times(2 * Math.ceil(count! / 2), () => random.random());
      } else {
        expect(draw(random, call), `${call.op} ${JSON.stringify(call.args)}`).toEqual(call.result);
      }
    }
  });

  it('takes number and bigint bounds alike', () => {
    fc.assert(fc.property(fc.integer(), fc.maxSafeInteger(), fc.maxSafeInteger(), (seed, a, b) => {
      const [low, high] = [Math.min(a, b), Math.max(a, b)];
      const value = new PythonRandom(seed).randint(low, high);
      expect(BigInt(value)).toBe(new PythonRandom(seed).randint(BigInt(low), BigInt(high)));
      expect(value >= low && value <= high).toBe(true);
    }));
  });

  it('shuffles to a permutation and samples distinct values', () => {
    fc.assert(fc.property(fc.integer(), fc.uniqueArray(fc.integer(), { maxLength: 200 }), fc.nat(), (seed, values, k) => {
      const random = new PythonRandom(seed);
      expect(random.shuffle([...values]).sort()).toEqual([...values].sort());
      const sample = random.sample(values, k % (values.length + 1));
      expect(new Set(sample).size).toBe(sample.length);
      expect(sample.every((value) => values.includes(value))).toBe(true);
    }));
  });

  it('goes on from a state', () => {
    fc.assert(fc.property(fc.bigInt(), fc.nat({ max: 2000 }), (seed, skipped) => {
      const random = new PythonRandom(seed);
      times(skipped, () => random.getrandbits(32));
      const copy = new PythonRandom(0);
      copy.restore(random.state());
      expect(times(700, () => copy.random())).toEqual(times(700, () => random.random()));
    }), { numRuns: 20 });
  });

  it('refuses what has no meaning', () => {
    const random = new PythonRandom(1);
    expect(() => new PythonRandom(1.5)).toThrow('seed: expected a whole number, got 1.5');
    expect(() => random.randint(3, 2)).toThrow('randint: expected low <= high, got 3 and 2');
    expect(() => random.randrange(0)).toThrow('randrange: stop: expected a whole number of at least 1, got 0');
    expect(() => random.sample([1, 2], 3)).toThrow('sample: expected a count of at most 2, the number of values, got 3');
    expect(() => random.choices([], 1)).toThrow('choices: expected at least one value, got none');
    expect(() => random.choices([1, 2], 1, [1])).toThrow('choices: expected 2 weights, got 1');
    expect(() => random.choices([1], 1, [0])).toThrow('choices: expected weights that add up to more than 0, got a sum of 0');
    expect(() => random.choice([])).toThrow('choice: expected at least one value, got none');
    expect(() => random.getrandbits(-1)).toThrow('getrandbits: bits: expected a whole number of at least 0, got -1');
    expect(() => random.restore([1, 2])).toThrow("state of Python's random: expected 625 values, got 2");
  });
});
