// Short vectors with the same inner products: rules that know no coordinates give the same answer on them.
import { describe, expect, it } from 'vitest';
import { openCore } from '../../src/core/index.js';
import { Generator } from '../../src/random/index.js';
import { aggregateThrough, parseAggregator, parseAttack, parsePreAggregators, Span, stackRows, vectorsFrom, type Vectors } from '../../src/robust/index.js';

const core = await openCore();

function randomRows(count: number, dimension: number, seed: number): Vectors {
  const generator = new Generator(core, seed);
  const drawn = generator.randn([count, dimension], 'float64');
  const values = drawn.toArray() as Float64Array;
  drawn.dispose();
  generator.dispose();
  return { count, dimension, values };
}

function gramOf({ count, dimension, values }: Vectors): Float64Array {
  const gram = new Float64Array(count * count);
  for (let row = 0; row < count; row++) {
    for (let other = 0; other < count; other++) {
      for (let column = 0; column < dimension; column++) gram[row * count + other]! += values[row * dimension + column]! * values[other * dimension + column]!;
    }
  }
  return gram;
}

function combined({ count, dimension, values }: Vectors, weights: Float64Array): Float64Array {
  const sum = new Float64Array(dimension);
  for (let row = 0; row < count; row++) for (let column = 0; column < dimension; column++) sum[column]! += weights[row]! * values[row * dimension + column]!;
  return sum;
}

function expectClose(got: Float64Array, want: Float64Array, relative: number): void {
  const largest = want.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-12);
  got.forEach((value, at) => expect(Math.abs(value - want[at]!), `value ${at}`).toBeLessThan(relative * largest));
}

const RULES = ['mean', 'gm', 'gm:variant=notebook', 'krum', 'multi-krum', 'mda', 'monna', 'caf', 'faba', 'cge', 'fltrust', 'centered-clipping'];

describe('a span', () => {
  it('has the inner products of the originals, in as many values as they need', () => {
    const rows = randomRows(7, 40, 1);
    const span = Span.fromGram(gramOf(rows), 7);
    expect(span.vectors.dimension).toBe(7);
    expectClose(gramOf(span.vectors), gramOf(rows), 1e-12);
    // Two rows and their sum and a copy span a plane.
    const [a, b] = [rows.values.slice(0, 40), rows.values.slice(40, 80)];
    const plane = vectorsFrom([a, b, a.map((value, at) => value + b[at]!), a]);
    expect(Span.fromGram(gramOf(plane), 4).vectors.dimension).toBe(2);
  });

  it.each(RULES)('lets %s give the weights of the vector that it gives on the originals', (text) => {
    const rows = randomRows(11, 60, 2);
    const rule = parseAggregator(text);
    const context = { byzantine: 2 };
    const span = Span.fromGram(gramOf(rows), rows.count);
    const weights = span.weightsOf(rule.aggregate(span.vectors, context));
    expectClose(combined(rows, weights), rule.aggregate(rows, context), 1e-8);
  });

  it('does the same through pre-aggregators, for attacks along the messages, and with repeated rows', () => {
    const honest = randomRows(9, 50, 3);
    for (const name of ['max-value', 'zero-gradient', 'sign-flip', 'ipm', 'mimic']) {
      const attack = parseAttack(name);
      const context = { generator: { normals: () => new Float64Array(0) }, step: 0 };
      const [pre, rule] = [parsePreAggregators('nnm,clipping:2,arc'), parseAggregator('gm')];
      const plain = aggregateThrough(pre, rule, stackRows(honest, attack.craft(honest, 3, context)), { byzantine: 3 });
      const span = Span.fromGram(gramOf(honest), honest.count);
      const short = aggregateThrough(pre, rule, stackRows(span.vectors, attack.craft(span.vectors, 3, context)), { byzantine: 3 });
      expectClose(combined(honest, span.weightsOf(short)), plain, 1e-8);
    }
  });

  it('of zeros is one zero, and gives zero weights', () => {
    const span = Span.fromGram(new Float64Array(9), 3);
    expect(span.vectors).toEqual({ count: 3, dimension: 1, values: new Float64Array(3) });
    expect(span.weightsOf(new Float64Array(1))).toEqual(new Float64Array(3));
  });
});
