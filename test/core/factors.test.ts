// Kernels over the factors of messages against the same rules over the messages written out.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openCore } from '../../src/core/index.js';
import { aggregations } from '../../src/core/threads/aggregation-cuts.js';
import { Blocks, uniform } from './blocks.js';

const core = await openCore({ kernels: 'all' });
const { kernels } = core;

interface Shape {
  workers: number;
  batch: number;
  outputs: number;
  inputs: number;
}

interface Factors extends Shape {
  delta: number[];
  input: number[];
  offset: number;
}

/** Sixteenths: sums of their products are exact in float32, in any order. */
const sixteenth = (value: number) => Math.round(value * 16) / 16;

/** Inputs of which a part is zero in runs of columns, as in images; `special` deltas are NaN and infinite here and there. */
function factorsOf(shape: Shape, zeros: number, special: boolean, seed: number): Factors {
  const { workers, batch, outputs, inputs } = shape;
  const next = uniform(seed);
  let isZero = false;
  const input = Array.from({ length: workers * batch * inputs }, (_, at) => {
    if (at % 7 === 0) isZero = next() < zeros;
    return isZero ? 0 : sixteenth(next() - 0.3);
  });
  const delta = Array.from({ length: workers * batch * outputs }, () =>
    special && next() < 0.01 ? [NaN, Infinity, -Infinity][Math.floor(next() * 3)]! : sixteenth(next() - 0.5));
  return { ...shape, delta, input, offset: next() < 0.5 ? 0 : -0.5 };
}

/** The messages, as outer_rows writes them. */
function messagesOf(blocks: Blocks, { workers, batch, outputs, inputs, delta, input, offset }: Factors): number[][] {
  const dimension = outputs * (inputs + 1);
  const rows = blocks.space(4 * workers * dimension);
  kernels.outer_rows_f32(blocks.rows([delta], delta.length), blocks.rows([input], input.length), workers, batch, outputs, inputs, offset, rows, dimension);
  const values = blocks.read(rows, workers * dimension);
  return Array.from({ length: workers }, (_, worker) => values.slice(worker * dimension, (worker + 1) * dimension));
}

/** Bits, except that a zero has no sign: a factored kernel leaves zeros out of its sums. */
const unsigned = (values: readonly number[]) => values.map((value) => value + 0);

interface Copies {
  repeats: number;
  weights: number[];
  added: number[] | undefined;
}

function factoredMedian(blocks: Blocks, { workers, batch, outputs, inputs, delta, input, offset }: Factors, { repeats, weights, added }: Copies, even: number, per: number): number[] {
  const dimension = outputs * (inputs + 1);
  const output = blocks.space(4 * dimension);
  const given = [blocks.rows([delta], delta.length), blocks.rows([input], input.length), blocks.rows([weights], workers), added === undefined ? 0 : blocks.rows([added], dimension)] as const;
  const scratch = blocks.space(kernels.factored_median_scratch_f32(workers, batch, outputs));
  for (let first = 0; first < inputs; first += per) {
    kernels.factored_median_f32(
      given[0], given[1], workers, batch, outputs, inputs, offset, repeats, given[2], given[3], even, first, Math.min(inputs, first + per), output, scratch,
    );
  }
  return blocks.read(output, dimension);
}

function writtenMedian(blocks: Blocks, messages: readonly number[][], { repeats, weights, added }: Copies, even: number): number[] {
  const dimension = messages[0]!.length;
  const repeated = messages[0]!.map((_, at) => messages.reduce((sum, row, worker) => sum + weights[worker]! * row[at]!, 0) + (added?.[at] ?? 0));
  const output = blocks.space(4 * dimension);
  const scratch = blocks.space(kernels.aggregation_order_scratch_f32(messages.length));
  kernels.aggregation_clamped_median_f32(blocks.rows([...messages], dimension), messages.length, dimension, dimension, repeats, blocks.rows([repeated], dimension), even, output, scratch);
  return blocks.read(output, dimension);
}

const SHAPES: readonly (readonly [outputs: number, inputs: number])[] = [[1, 1], [10, 50], [50, 33], [17, 9], [4, 4], [33, 66]];

describe('the median of messages from their factors', () => {
  it.each([0, 0.5, 0.9, 1])('is that of the written messages and copies of their combination, %d of the inputs zero', (zeros) => {
    for (const workers of [1, 2, 8, 9, 17, 50, 70, 130]) {
      SHAPES.forEach(([outputs, inputs], index) => {
        const seed = workers * 31 + index;
        const factors = factorsOf({ workers, batch: 1 + (seed % 5), outputs, inputs }, zeros, seed % 4 === 0, seed);
        const next = uniform(seed + 1);
        const added = seed % 2 === 0 ? undefined : Array.from({ length: outputs * (inputs + 1) }, () => sixteenth(next() - 0.5));
        for (const repeats of [0, 1, Math.floor(workers / 2), 2 * workers + 1]) {
          const blocks = new Blocks(core, 'f32');
          const copies = { repeats, weights: Array.from({ length: workers }, () => sixteenth(next() - 0.5)), added };
          const even = (seed + repeats) % 3;
          const expected = writtenMedian(blocks, messagesOf(blocks, factors), copies, even);
          expect(unsigned(factoredMedian(blocks, factors, copies, even, inputs)), `${workers} workers, ${outputs} x ${inputs}, ${repeats} copies`).toEqual(unsigned(expected));
          blocks.dispose();
        }
      });
    }
  });

  it('has the same bits however its columns are cut, and whatever the order of the workers', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 90 }), fc.constantFrom(4, 8, 16, 20, 64), fc.nat(), (workers, inputs, per, seed) => {
        const blocks = new Blocks(core, 'f32');
        const [batch, outputs] = [3, 11];
        const factors = factorsOf({ workers, batch, outputs, inputs }, 0.6, false, seed);
        const copies = { repeats: 5, weights: new Array<number>(workers).fill(-0.25), added: undefined };
        const whole = factoredMedian(blocks, factors, copies, 1, inputs);
        expect(factoredMedian(blocks, factors, copies, 1, per)).toEqual(whole);
        const order = Array.from({ length: workers }, (_, worker) => (worker * 7 + seed) % workers);
        if (new Set(order).size === workers) {
          const part = (values: number[], size: number) => order.flatMap((worker) => values.slice(worker * size, (worker + 1) * size));
          const moved = { ...factors, delta: part(factors.delta, batch * outputs), input: part(factors.input, batch * inputs) };
          expect(factoredMedian(blocks, moved, copies, 1, inputs)).toEqual(whole);
        }
        blocks.dispose();
      }),
      { numRuns: 60 },
    );
  });
});

function factoredProducts(blocks: Blocks, { workers, batch, outputs, inputs, delta, input, offset }: Factors, rows: number[][], stride: number): number[] {
  const output = blocks.space(8 * workers * rows.length);
  core.memory.f64(output, workers * rows.length).fill(0);
  const scratch = blocks.space(kernels.factored_products_scratch_f32(workers, batch, outputs, rows.length));
  kernels.factored_products_f32(
    blocks.rows([delta], delta.length), blocks.rows([input], input.length), workers, batch, outputs, inputs, offset, blocks.rows(rows, stride), rows.length, stride,
    output, rows.length, scratch,
  );
  return blocks.read(output, workers * rows.length, 'f64');
}

describe('inner products of messages with rows, from their factors', () => {
  it.each([0, 0.6, 1])('are exact where every sum is, %d of the inputs zero', (zeros) => {
    for (const workers of [1, 2, 3, 9, 50]) {
      for (const [outputs, inputs] of [...SHAPES, [130, 20], [300, 7]] as const) {
        for (const count of [1, 4, 5, 20]) {
          const blocks = new Blocks(core, 'f32');
          const factors = factorsOf({ workers, batch: 1 + (workers % 3), outputs, inputs }, zeros, false, workers + outputs + count);
          const next = uniform(count);
          const rows = Array.from({ length: count }, () => Array.from({ length: outputs * (inputs + 1) }, () => Math.floor(next() * 5) - 2));
          const expected = messagesOf(blocks, factors).flatMap((message) => rows.map((row) => message.reduce((sum, value, at) => sum + value * row[at]!, 0)));
          expect(factoredProducts(blocks, factors, rows, outputs * (inputs + 1) + 3)).toEqual(expected);
          blocks.dispose();
        }
      }
    }
  });

  it('stay near those of random rows', () => {
    const blocks = new Blocks(core, 'f32');
    const factors = factorsOf({ workers: 13, batch: 5, outputs: 50, inputs: 300 }, 0.5, false, 3);
    factors.offset = -0.42;
    const next = uniform(5);
    const rows = Array.from({ length: 7 }, () => Array.from({ length: 50 * 301 }, () => Math.fround(next() - 0.5)));
    const got = factoredProducts(blocks, factors, rows, 50 * 301);
    messagesOf(blocks, factors).forEach((message, worker) => rows.forEach((row, index) => {
      const terms = message.map((value, at) => value * row[at]!);
      const bound = terms.reduce((sum, term) => sum + Math.abs(term), 0);
      // A chunk of 50 units adds 50 products a lane in float32, each off by half a unit in the last place; messages and totals by a few.
      expect(Math.abs(got[worker * 7 + index]! - terms.reduce((sum, term) => sum + term, 0))).toBeLessThan(100 * 2 ** -24 * bound);
    }));
    blocks.dispose();
  });

  it('carry NaN and infinities to the products of their messages', () => {
    const blocks = new Blocks(core, 'f32');
    const factors = factorsOf({ workers: 6, batch: 2, outputs: 9, inputs: 21 }, 0.7, false, 8);
    factors.delta[2 * 9 + 4] = NaN;
    factors.delta[8 * 9 + 1] = Infinity;
    const rows = Array.from({ length: 5 }, () => new Array<number>(9 * 22).fill(1));
    const got = factoredProducts(blocks, factors, rows, 9 * 22);
    for (let worker = 0; worker < 6; worker++) expect(got.slice(worker * 5, worker * 5 + 5).every(Number.isFinite), `worker ${worker}`).toBe(worker !== 1 && worker !== 4);
    blocks.dispose();
  });
});

it('are shared among threads by columns, and by rows', () => {
  const cuts = aggregations('f32', 4);
  const median = cuts.factored_median_f32!([1, 2, 50, 5, 50, 784, 0, 20, 3, 0, 0, 0, 784, 4, 5])!;
  expect(Array.from({ length: median.parts }, (_, part) => median.narrow(part).slice(11, 13))).toEqual([[0, 128], [128, 256], [256, 384], [384, 512], [512, 640], [640, 768], [768, 784]]);
  const products = cuts.factored_products_f32!([1, 2, 50, 5, 50, 784, 0, 1000, 20, 39_760, 2000, 20, 5])!;
  expect(Array.from({ length: products.parts }, (_, part) => [7, 8, 10].map((at) => products.narrow(part)[at]!))).toEqual([[1000, 12, 2000], [1000 + 12 * 39_760 * 4, 8, 2096]]);
  expect([cuts.factored_median_f32!([1, 2, 50, 5, 50, 64, 0, 20, 3, 0, 0, 0, 64, 4, 5]), aggregations('f64', 8).factored_median_f32]).toEqual([undefined, undefined]);
});
