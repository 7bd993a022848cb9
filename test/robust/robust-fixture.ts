// test/reference/fixtures/robust.json, made by test/reference/robust.py; and rows for the tests of laws.
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect } from 'vitest';
import type { NormalSource } from '../../src/robust/index.js';

interface Fixture {
  medians: { name: string; rows: number[][]; median: number[] }[];
  notebook: { attack: string; seed: number; honest: number[][]; byzantine: number[][]; mean: number[]; gm: number[]; krum: number[]; median: number[] }[];
  rules: { byzantine: number; rows: number[][]; aggregators: Record<string, number[]>; preAggregators: Record<string, number[][]> }[];
  quantiles: { p: number; z: number }[];
}

export const fixture = JSON.parse(readFileSync(new URL('../reference/fixtures/robust.json', import.meta.url), 'utf8')) as Fixture;

/** Euclidean distance over the norm of what is expected. */
export function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  expect(actual.length).toBe(expected.length);
  const norm = (value: (index: number) => number) => Math.sqrt(Array.from(expected, (_, index) => value(index) ** 2).reduce((sum, square) => sum + square, 0));
  return norm((index) => actual[index]! - expected[index]!) / (norm((index) => expected[index]!) || 1);
}

export const noNormals: NormalSource = { normals: (count) => new Float64Array(count) };

/** Scattered rows of ordinary values: no ties. A sum of uniforms, so that most are near the middle and some far out. */
export function scatteredRows(seed: number, count: number, dimension: number): number[][] {
  let state = seed >>> 0;
  const uniform = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return Array.from({ length: count }, () => Array.from({ length: dimension }, () => 4 * (uniform() + uniform() + uniform() - 1.5) + 0.3));
}

/** n rows from `least` to 12, of 1 to 5 values. */
export function someRows(least: number, leastDimension = 1): fc.Arbitrary<number[][]> {
  return fc.tuple(fc.integer(), fc.integer({ min: least, max: 12 }), fc.integer({ min: leastDimension, max: 5 }))
    .map(([seed, count, dimension]) => scatteredRows(seed, count, dimension));
}
