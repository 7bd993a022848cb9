// Rows of float64 values, and the arithmetic that every rule shares. Sums run over columns from left to right and over
// rows from first to last.

/** n vectors of d float64 values, row after row: values [count * dimension]. */
export interface Vectors {
  readonly count: number;
  readonly dimension: number;
  readonly values: Float64Array;
}

/**
 * Copies rows into one block.
 * @throws RangeError for no rows, an empty row or rows of different lengths, TypeError for a value that is no number;
 *   both name the row, counting from 0
 */
export function vectorsFrom(rows: readonly ArrayLike<number>[]): Vectors {
  const dimension = rows[0]?.length ?? 0;
  if (rows.length === 0) throw new RangeError('vectors: expected at least one row, got none');
  if (dimension === 0) throw new RangeError('vectors: expected rows of at least one value, got an empty row 0');
  const values = new Float64Array(rows.length * dimension);
  rows.forEach((row, index) => {
    if (row.length !== dimension) throw new RangeError(`vectors: expected ${dimension} values in every row, as in row 0, got ${row.length} in row ${index}`);
    for (let column = 0; column < dimension; column++) {
      const value: unknown = row[column];
      if (typeof value !== 'number') throw new TypeError(`vectors: expected numbers, got ${JSON.stringify(value)} in row ${index}, column ${column}`);
      values[index * dimension + column] = value;
    }
  });
  return { count: rows.length, dimension, values };
}

/** Some rows of a block, copied in the order given. */
export function takeRows(vectors: Vectors, rows: ArrayLike<number>): Vectors {
  const { dimension } = vectors;
  const values = new Float64Array(rows.length * dimension);
  for (let index = 0; index < rows.length; index++) values.set(rowOf(vectors, rows[index]!), index * dimension);
  return { count: rows.length, dimension, values };
}

/** The rows of both blocks, the first block's first. @throws RangeError when their dimensions differ */
export function stackRows(above: Vectors, below: Vectors): Vectors {
  if (above.dimension !== below.dimension) throw new RangeError(`vectors: expected rows of ${above.dimension} values below, got ${below.dimension}`);
  const values = new Float64Array(above.values.length + below.values.length);
  values.set(above.values);
  values.set(below.values, above.values.length);
  return { count: above.count + below.count, dimension: above.dimension, values };
}

/** One row as a view [dimension], not a copy. */
export function rowOf({ dimension, values }: Vectors, row: number): Float64Array {
  return values.subarray(row * dimension, (row + 1) * dimension);
}

export function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let column = 0; column < a.length; column++) sum += a[column]! * b[column]!;
  return sum;
}

/** ||a - b||^2; Infinity where a value is NaN or infinite. */
export function squaredDistance(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let column = 0; column < a.length; column++) {
    const difference = a[column]! - b[column]!;
    sum += difference * difference;
  }
  return Number.isNaN(sum) ? Infinity : sum;
}

/** Euclidean norm, also where squares overflow or vanish; Infinity where a value is NaN or infinite. */
export function normOf(a: Float64Array): number {
  const sum = dot(a, a);
  if (sum > 1 / 2 ** 900 && sum < Infinity) return Math.sqrt(sum);
  const largest = a.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  if (largest === 0) return 0;
  if (!(largest < Infinity)) return Infinity;
  return largest * Math.sqrt(a.reduce((squares, value) => squares + (value / largest) * (value / largest), 0));
}

/** ||a - b||, without making the difference where its square neither overflows nor vanishes. */
export function distanceOf(a: Float64Array, b: Float64Array): number {
  const square = squaredDistance(a, b);
  return square > 1 / 2 ** 900 && square < Infinity ? Math.sqrt(square) : normOf(difference(a, b));
}

export function difference(a: Float64Array, b: Float64Array): Float64Array {
  return a.map((value, column) => value - b[column]!);
}

/** The index of the largest key, the lowest of equal ones. */
export function indexOfLargest(keys: ArrayLike<number>): number {
  let best = 0;
  for (let index = 1; index < keys.length; index++) if (keys[index]! > keys[best]!) best = index;
  return best;
}

export function indices(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}

/** Indices of the rows without NaN and infinities. */
export function finiteRows(vectors: Vectors): number[] {
  return indices(vectors.count).filter((row) => isFiniteRow(rowOf(vectors, row)));
}

/** Squared distances between all rows [count, count]: 0 from a row to itself, Infinity to and from a row that is not finite. */
export function squaredDistances(vectors: Vectors): Float64Array {
  const { count } = vectors;
  const distances = new Float64Array(count * count);
  for (let i = 0; i < count; i++) {
    const row = rowOf(vectors, i);
    if (!isFiniteRow(row)) distances[i * count + i] = Infinity;
    for (let j = i + 1; j < count; j++) {
      distances[i * count + j] = squaredDistance(row, rowOf(vectors, j));
      distances[j * count + i] = distances[i * count + j]!;
    }
  }
  return distances;
}

export function isFiniteRow(row: Float64Array): boolean {
  return row.every(Number.isFinite);
}

/** The mean of some rows [dimension], added in the order given (default: all, first to last). */
export function meanOfRows(vectors: Vectors, rows?: ArrayLike<number>): Float64Array {
  const { dimension } = vectors;
  const count = rows?.length ?? vectors.count;
  const mean = new Float64Array(dimension);
  for (let index = 0; index < count; index++) {
    const row = rowOf(vectors, rows?.[index] ?? index);
    for (let column = 0; column < dimension; column++) mean[column]! += row[column]!;
  }
  for (let column = 0; column < dimension; column++) mean[column]! /= count;
  return mean;
}

/** Indices of the `count` smallest keys, in ascending index; of equal keys the lowest index is taken first. */
export function smallest(keys: ArrayLike<number>, count: number): number[] {
  const order = indices(keys.length).sort((a, b) => (keys[a]! < keys[b]! ? -1 : keys[a]! > keys[b]! ? 1 : a - b));
  return order.slice(0, count).sort((a, b) => a - b);
}
