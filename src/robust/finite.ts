// What happens to rows that hold NaN or an infinity.
import { indices, isFiniteRow, rowOf, takeRows, type Vectors } from './vectors.js';

export const NON_FINITE_POLICIES = ['error', 'drop', 'keep'] as const;

/**
 * error: such a row is refused (the default).
 * drop: it counts as Byzantine and is left out; f goes down by one for each.
 * keep: coordinate-wise rules sort NaN above all numbers; its distance and norm count as infinite, so that rules which
 * select rows never select it, and rules which weigh rows by distance or direction give it no weight. Means of all rows
 * (mean, bucketing) become NaN or infinite.
 */
export type NonFinitePolicy = (typeof NON_FINITE_POLICIES)[number];

/** Indices of the rows that are not finite. */
export function nonFiniteRows(vectors: Vectors): number[] {
  return indices(vectors.count).filter((row) => !isFiniteRow(rowOf(vectors, row)));
}

export interface Admitted {
  vectors: Vectors;
  byzantine: number;
  trusted: number;
}

/**
 * Applies a policy to the rows that a rule is given.
 * @throws RangeError under error for a value that is not finite, naming row and column; under drop for more such rows
 *   than f, or for the trusted row itself
 */
export function admit(what: string, given: Admitted, policy: NonFinitePolicy): Admitted {
  if (policy === 'keep' || given.vectors.values.every(Number.isFinite)) return given;
  const { vectors, byzantine, trusted } = given;
  const refused = nonFiniteRows(vectors);
  if (policy === 'error') {
    const row = refused[0]!;
    const column = rowOf(vectors, row).findIndex((value) => !Number.isFinite(value));
    throw new RangeError(`${what}: expected finite values, got ${rowOf(vectors, row)[column]} in row ${row}, column ${column} (counting from 0)`);
  }
  if (refused.length > byzantine) {
    throw new RangeError(`${what}: expected at most f = ${byzantine} rows that are not finite, got ${refused.length}: rows ${refused.join(', ')} (counting from 0)`);
  }
  if (refused.includes(trusted)) throw new RangeError(`${what}: expected the trusted row ${trusted} to be finite, got NaN or an infinity in it`);
  const kept = indices(vectors.count).filter((row) => !refused.includes(row));
  return {
    vectors: takeRows(vectors, kept),
    byzantine: byzantine - refused.length,
    trusted: trusted - refused.filter((row) => row < trusted).length,
  };
}
