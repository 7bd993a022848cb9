// Coordinate-wise robust means (Yin et al. 2018, "Byzantine-Robust Distributed Learning").
import { add, div, type DType, type Lab } from 'isolab/edge';
import { expected, quote } from './requests.js';

type Method = 'mean' | 'median' | 'trimmed-mean';

/** Checked vectors [count][length] and how many to leave out at either end of each coordinate. */
export interface RobustMeanJob {
  vectors: Float64Array[];
  trim: number;
  dtype: DType;
}

function readVector(value: unknown, index: number, length: number | undefined, dtype: DType): Float64Array {
  if (!Array.isArray(value) || value.length === 0) throw expected(`vectors[${index}] to be a list of numbers`, quote(value));
  if (length !== undefined && value.length !== length) {
    throw expected(`vectors of one length, ${length} as the first`, `${value.length} numbers in vectors[${index}]`);
  }
  const vector = new Float64Array(value.length);
  value.forEach((number: unknown, coordinate) => {
    const rounded = typeof number !== 'number' ? NaN : dtype === 'float32' ? Math.fround(number) : number;
    if (!Number.isFinite(rounded)) throw expected(`finite ${dtype} numbers`, `${quote(number)} in vectors[${index}][${coordinate}]`);
    vector[coordinate] = rounded;
  });
  return vector;
}

function readTrim(method: Method, trim: unknown, count: number): number {
  if (method !== 'trimmed-mean') {
    if (trim !== undefined) throw expected(`trim with method "trimmed-mean" only`, `trim ${quote(trim)} with "${method}"`);
    return method === 'mean' ? 0 : Math.trunc((count - 1) / 2);
  }
  const most = Math.trunc((count - 1) / 2);
  if (typeof trim !== 'number' || !Number.isInteger(trim) || trim < 0 || trim > most) {
    throw expected(`trim, a whole number from 0 to ${most} for ${count} vectors`, quote(trim));
  }
  return trim;
}

/** @throws RequestError naming what was expected and what came */
export function readRobustMean(body: Record<string, unknown>): RobustMeanJob {
  const { vectors, method, trim, dtype = 'float64' } = body;
  if (dtype !== 'float32' && dtype !== 'float64') throw expected('dtype "float32" or "float64"', quote(dtype));
  if (method !== 'mean' && method !== 'median' && method !== 'trimmed-mean') {
    throw expected('method "mean", "median" or "trimmed-mean"', quote(method));
  }
  if (!Array.isArray(vectors) || vectors.length === 0) throw expected('vectors, a list of at least one vector', quote(vectors));
  const checked: Float64Array[] = [];
  vectors.forEach((vector, index) => checked.push(readVector(vector, index, checked[0]?.length, dtype)));
  return { vectors: checked, trim: readTrim(method, trim, checked.length), dtype };
}

/** Sorts each coordinate by itself: row k of the result holds every coordinate's k-th smallest value. */
function sortCoordinates(vectors: readonly Float64Array[]): Float64Array[] {
  const sorted = vectors.map((vector) => new Float64Array(vector.length));
  const column = new Float64Array(vectors.length);
  for (let coordinate = 0; coordinate < vectors[0]!.length; coordinate++) {
    vectors.forEach((vector, row) => (column[row] = vector[coordinate]!));
    // A typed array sorts its numbers in one total order, -0 before 0, in every engine.
    column.sort();
    column.forEach((value, row) => (sorted[row]![coordinate] = value));
  }
  return sorted;
}

/**
 * Mean of each coordinate's values without its `trim` smallest and largest: added in ascending order in float64,
 * divided, and rounded once to the dtype. The vectors' order does not matter. The median leaves one or two values.
 * @throws RequestError when a sum leaves float64, or a mean float32
 */
export function robustMean(lab: Lab, { vectors, trim, dtype }: RobustMeanJob): Float32Array | Float64Array {
  const kept = sortCoordinates(vectors).slice(trim, vectors.length - trim);
  const shape = [kept[0]!.length];
  const means = lab.step((tape) => {
    const rows = kept.map((row) => tape.from(row, shape, 'float64', 'vector'));
    const total = rows.reduce((sum, row) => add(tape, sum, row));
    const count = tape.from(new Float64Array(shape[0]!).fill(kept.length), shape, 'float64', 'count');
    return div(tape, total, count).toArray();
  }, { record: false });
  const result = dtype === 'float32' ? Float32Array.from(means) : means;
  const overflow = result.findIndex((value) => !Number.isFinite(value));
  if (overflow >= 0) throw expected(`vectors whose sum fits ${dtype}`, `an overflow in coordinate ${overflow}`);
  return result;
}
