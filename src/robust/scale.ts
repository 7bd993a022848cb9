// Powers of two that bring extreme values into the middle of float64's range, so that squares neither overflow nor vanish.
import type { Vectors } from './vectors.js';

/** Within these bounds the fourth power of a distance is a normal float64. */
const LARGE = 2 ** 200;
const SMALL = 1 / 2 ** 200;
const LARGEST_POWER = 2 ** 1023;

/** Largest finite absolute value, 0 where there is none. */
export function largestValue({ values }: Vectors): number {
  let largest = 0;
  for (const value of values) {
    const size = Math.abs(value);
    if (size > largest && size < Infinity) largest = size;
  }
  return largest;
}

/** The power of two that brings a positive size into [1, 2), or as near as float64's powers come. */
export function powerFor(size: number): number {
  let power = 1;
  while (size * power >= 2) power /= 2;
  while (size * power < 1 && power < LARGEST_POWER) power *= 2;
  return power;
}

export function scaledBy(vectors: Vectors, power: number): Vectors {
  return { ...vectors, values: vectors.values.map((value) => value * power) };
}

/**
 * A rule with rule(s x) = s rule(x), applied so that very large and very small vectors lose nothing. A power of two changes
 * no bit of ordinary values, so those take the direct way.
 */
export function acrossScales(vectors: Vectors, rule: (vectors: Vectors) => Float64Array): Float64Array {
  const largest = largestValue(vectors);
  if (largest === 0 || (largest >= SMALL && largest <= LARGE)) return rule(vectors);
  const power = powerFor(largest);
  return rule(scaledBy(vectors, power)).map((value) => value / power);
}
