// test/reference/fixtures/moments.json, made by test/reference/moments.py: the functions of network_moments restated in PyTorch.
import { readFileSync } from 'node:fs';
import { expect } from 'vitest';

export interface LibraryArray {
  shape: number[];
  /** null where PyTorch gave NaN. */
  values: (number | null)[];
}

const path = new URL('../reference/fixtures/moments.json', import.meta.url);
const fixture = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;

/** The cases of a section. */
export function libraryCases<T>(section: string): (T & { name: string })[] {
  return fixture[section] as (T & { name: string })[];
}

/** Values at most `tolerance` times the largest of them (or 1e-300) apart. */
export function expectNear(actual: ArrayLike<number>, expected: LibraryArray | readonly number[], tolerance: number, what: string): void {
  const values = Array.isArray(expected) ? (expected as readonly number[]) : (expected as LibraryArray).values;
  expect(actual.length, what).toBe(values.length);
  const largest = values.reduce<number>((most, value) => Math.max(most, Math.abs(value!)), 1e-300);
  values.forEach((value, i) => {
    expect(Math.abs(actual[i]! - value!) / largest, `${what}, value ${i}: ${actual[i]} against ${value}`).toBeLessThanOrEqual(tolerance);
  });
}
