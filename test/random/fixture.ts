// test/reference/fixtures/random.json, made by test/reference/random_stream.py with PyTorch 1.13.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect } from 'vitest';

export interface Drawn {
  values?: (number | string)[];
  sha256?: string;
  first?: (number | string)[];
  last?: (number | string)[];
}

export interface Parameter extends Drawn {
  name: string;
  shape: number[];
}

export interface Call {
  op: string;
  // Each op has its own; see random_stream.py.
  args: Record<string, never>;
  dtype: string;
  size: number;
  result: Drawn & { parameters: Parameter[]; parts: Drawn[]; epochs: Drawn[]; base64: string };
}

export interface Case {
  name: string;
  seed: number;
  calls: Call[];
}

export interface PythonCall {
  op: string;
  args: Record<string, never>;
  result: unknown;
}

interface Fixture {
  cases: Case[];
  python: { name: string; seed: number | string; calls: PythonCall[] }[];
}

const path = new URL('../reference/fixtures/random.json', import.meta.url);
export const fixture = JSON.parse(readFileSync(path, 'utf8')) as Fixture;

export type Numbers = Float32Array | Float64Array | Int32Array | readonly (number | bigint)[];

function int64Bytes(values: Iterable<number | bigint>): Uint8Array {
  return new Uint8Array(BigInt64Array.from(values, BigInt).buffer);
}

export function sha256(actual: Numbers): string {
  const isFloat = actual instanceof Float32Array || actual instanceof Float64Array;
  const bytes = isFloat ? new Uint8Array(actual.buffer, actual.byteOffset, actual.byteLength) : int64Bytes(actual);
  return createHash('sha256').update(bytes).digest('hex');
}

/** Every bit as PyTorch has it. Integers are compared as int64. */
export function expectExactly(actual: Numbers, expected: Drawn, what: string): void {
  const plain = Array.from(actual as ArrayLike<number | bigint>, (value) => (typeof value === 'bigint' ? String(value) : value));
  const isText = typeof (expected.values ?? expected.first)?.[0] === 'string';
  const shown = isText ? plain.map(String) : plain.map((value) => Number(value));
  if (expected.values !== undefined) {
    expect(shown, what).toEqual(expected.values);
    return;
  }
  expect(shown.slice(0, expected.first!.length), what).toEqual(expected.first);
  expect(sha256(actual), what).toBe(expected.sha256);
}

/** Largest difference from the values that the fixture gives: all, or the first and last few. */
export function largestDifference(actual: Float32Array | Float64Array, expected: Drawn): number {
  const given = (expected.values ?? [...expected.first!, ...expected.last!]) as number[];
  const mine = expected.values ? actual : [...actual.slice(0, expected.first!.length), ...actual.slice(-expected.last!.length)];
  expect(mine.length).toBe(given.length);
  return given.reduce((most, value, i) => Math.max(most, Math.abs(value - mine[i]!)), 0);
}
