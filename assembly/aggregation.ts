// Sums over explicit rows [count, dimension], `stride` values from one row to the next: each column in float64, rows in
// order, rounded to T once. Sums of a segment of columns stay in L1 while rows stream past them, four at a time: a walk
// down the columns instead would touch a page a row, and from about 64 rows on took four times as long.
import { multiplyAdd } from './profile';
import { loadPairOr, storePair } from './vector';

/** Columns of a segment. */
const SEGMENT: i32 = 512;

// What a value adds to its column's sum.
const WEIGHTED: i32 = 0;
const PLAIN: i32 = 1;
const SQUARED_DEVIATION: i32 = 2;

/** sum + the term of a pair of values. */
// @ts-ignore: decorator
@inline
function addTerm<T>(term: i32, sum: v128, value: usize, available: i32, weight: v128, mean: v128): v128 {
  const pair = loadPairOr<T>(value, available, 0);
  if (term == WEIGHTED) return multiplyAdd<f64>(weight, pair, sum);
  if (term == PLAIN) return f64x2.add(sum, pair);
  const deviation = f64x2.sub(pair, mean);
  return f64x2.add(sum, f64x2.mul(deviation, deviation));
}

/** A row's weight in both lanes; no other term has one. */
// @ts-ignore: decorator
@inline
function weightOf(term: i32, weights: usize, row: i32): v128 {
  return term == WEIGHTED ? v128.load64_splat(weights + <usize>row * 8) : f64x2.splat(1);
}

/** One pair of columns of four rows. */
// @ts-ignore: decorator
@inline
function addFour<T>(term: i32, row: usize, apart: usize, available: i32, w0: v128, w1: v128, w2: v128, w3: v128, sums: usize, means: usize): void {
  const mean = term == SQUARED_DEVIATION ? v128.load(means) : w0;
  const row2 = row + 2 * apart;
  let sum = v128.load(sums);
  sum = addTerm<T>(term, sum, row, available, w0, mean);
  sum = addTerm<T>(term, sum, row + apart, available, w1, mean);
  sum = addTerm<T>(term, sum, row2, available, w2, mean);
  v128.store(sums, addTerm<T>(term, sum, row2 + apart, available, w3, mean));
}

/** One pair of columns of one row. */
// @ts-ignore: decorator
@inline
function addOne<T>(term: i32, row: usize, available: i32, weight: v128, sums: usize, means: usize): void {
  const mean = term == SQUARED_DEVIATION ? v128.load(means) : weight;
  v128.store(sums, addTerm<T>(term, v128.load(sums), row, available, weight, mean));
}

/** sums[columns] += the terms of all rows, first to last; sums, and means where the term takes them, are whole pairs of float64. */
// @ts-ignore: decorator
@inline
function addRows<T>(term: i32, rows: usize, apart: usize, count: i32, columns: i32, weights: usize, sums: usize, means: usize): void {
  const pair = 2 * sizeof<T>();
  let row = 0;
  for (; row <= count - 4; row += 4) {
    const w0 = weightOf(term, weights, row), w1 = weightOf(term, weights, row + 1);
    const w2 = weightOf(term, weights, row + 2), w3 = weightOf(term, weights, row + 3);
    let from = rows, left = columns;
    let at: usize = 0;
    for (; left >= 2; left -= 2) {
      addFour<T>(term, from, apart, 2, w0, w1, w2, w3, sums + at, means + at);
      from += pair;
      at += 16;
    }
    if (left > 0) addFour<T>(term, from, apart, 1, w0, w1, w2, w3, sums + at, means + at);
    rows += 4 * apart;
  }
  for (; row < count; row++) {
    const weight = weightOf(term, weights, row);
    let from = rows, left = columns;
    let at: usize = 0;
    for (; left >= 2; left -= 2) {
      addOne<T>(term, from, 2, weight, sums + at, means + at);
      from += pair;
      at += 16;
    }
    if (left > 0) addOne<T>(term, from, 1, weight, sums + at, means + at);
    rows += apart;
  }
}

/** sums[columns] /= divisor, and their square roots if `rooted`. */
function divideSums(sums: usize, columns: i32, divisor: f64, rooted: bool): void {
  for (let column = 0; column < columns; column += 2) {
    const quotient = f64x2.div(v128.load(sums), f64x2.splat(divisor));
    v128.store(sums, rooted ? f64x2.sqrt(quotient) : quotient);
    sums += 16;
  }
}

/** output[columns] = sums rounded to T. */
function storeSums<T>(sums: usize, columns: i32, output: usize): void {
  for (let column = 0; column < columns; column += 2) {
    storePair<T>(output + <usize>column * sizeof<T>(), v128.load(sums + <usize>column * 8), columns - column);
  }
}

function weightedSum<T>(rows: usize, count: i32, dimension: i32, stride: i32, weights: usize, output: usize, sums: usize): void {
  for (let column = 0; column < dimension; column += SEGMENT) {
    const columns = min(SEGMENT, dimension - column);
    memory.fill(sums, 0, <usize>SEGMENT * 8);
    addRows<T>(WEIGHTED, rows + <usize>column * sizeof<T>(), <usize>stride * sizeof<T>(), count, columns, weights, sums, sums);
    storeSums<T>(sums, columns, output + <usize>column * sizeof<T>());
  }
}

function meanDeviation<T>(rows: usize, count: i32, dimension: i32, stride: i32, ddof: i32, mean: usize, deviation: usize, scratch: usize): void {
  const means = scratch, squares = scratch + <usize>SEGMENT * 8;
  for (let column = 0; column < dimension; column += SEGMENT) {
    const columns = min(SEGMENT, dimension - column);
    const offset = <usize>column * sizeof<T>(), apart = <usize>stride * sizeof<T>();
    memory.fill(scratch, 0, 2 * <usize>SEGMENT * 8);
    addRows<T>(PLAIN, rows + offset, apart, count, columns, 0, means, means);
    divideSums(means, columns, <f64>count, false);
    addRows<T>(SQUARED_DEVIATION, rows + offset, apart, count, columns, 0, squares, means);
    divideSums(squares, columns, <f64>(count - ddof), true);
    storeSums<T>(means, columns, mean + offset);
    storeSums<T>(squares, columns, deviation + offset);
  }
}

/** Bytes of scratch, 16-byte aligned, of a weighted sum or of mean and deviation. */
export function aggregation_sum_scratch_f32(): usize {
  return 2 * <usize>SEGMENT * 8;
}
export function aggregation_sum_scratch_f64(): usize {
  return 2 * <usize>SEGMENT * 8;
}

/** output[dimension] = sum of weights[i] rows[i], float64 weights [count]. A weight of 0 does not hide a row's infinity or NaN. */
export function aggregation_weighted_sum_f32(rows: usize, count: i32, dimension: i32, stride: i32, weights: usize, output: usize, scratch: usize): void {
  weightedSum<f32>(rows, count, dimension, stride, weights, output, scratch);
}
export function aggregation_weighted_sum_f64(rows: usize, count: i32, dimension: i32, stride: i32, weights: usize, output: usize, scratch: usize): void {
  weightedSum<f64>(rows, count, dimension, stride, weights, output, scratch);
}

/** mean[dimension], and deviation[dimension] = sqrt(sum of (value - mean)^2 / (count - ddof)) about the mean before its rounding to T. */
export function aggregation_mean_deviation_f32(
  rows: usize, count: i32, dimension: i32, stride: i32, ddof: i32, mean: usize, deviation: usize, scratch: usize,
): void {
  meanDeviation<f32>(rows, count, dimension, stride, ddof, mean, deviation, scratch);
}
export function aggregation_mean_deviation_f64(
  rows: usize, count: i32, dimension: i32, stride: i32, ddof: i32, mean: usize, deviation: usize, scratch: usize,
): void {
  meanDeviation<f64>(rows, count, dimension, stride, ddof, mean, deviation, scratch);
}
