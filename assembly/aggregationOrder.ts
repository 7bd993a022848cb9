// Rules that treat each coordinate by itself, over explicit rows [count, dimension], `stride` values from one row to the
// next. NaN counts as larger than any number and -0 as smaller than +0, as in a sort by TypedArray.prototype.sort; sums
// run from the smallest value up, in float64. So the order of the rows changes no bit.
import {
  blockColumns, fromKeys, halfOf, larger, LINE, planNetwork, rankLine, smaller, sortBlock, sortScratchBytes, spareLines, toKeys, wantLines, wantNothing, wantRank,
} from './aggregationSort';

/** An even number of values has as its median the lower (0) or the upper (2) of the middle two, or their mean (1). */
const LOWER: i32 = 0;
const BOTH: i32 = 1;
const UPPER: i32 = 2;

// What is made of a block of sorted columns.
const MIDDLE: i32 = 0;
const CLAMPED: i32 = 1;
const TRIMMED: i32 = 2;
const AROUND_MEDIAN: i32 = 3;

/** The pair of values `half` (0 or 1) of a vector as float64; a float64 vector is one pair. */
// @ts-ignore: decorator
@inline
function pairOf<T>(values: v128, half: i32): v128 {
  if (sizeof<T>() == 8) return values;
  if (half == 0) return f64x2.promote_low_f32x4(values);
  return f64x2.promote_low_f32x4(v128.shuffle<f64>(values, values, 1, 1));
}

/** The vector of T that two float64 pairs round to; float64 has one pair. */
// @ts-ignore: decorator
@inline
function fromPairs<T>(first: v128, second: v128): v128 {
  if (sizeof<T>() == 8) return first;
  return v128.shuffle<f64>(f32x4.demote_f64x2_zero(first), f32x4.demote_f64x2_zero(second), 0, 2);
}

/** Median in float64 from the middle values: the mean of equal ones (infinities too) is what they are. */
// @ts-ignore: decorator
@inline
function middlePair(lower: v128, upper: v128, even: i32): v128 {
  if (even == LOWER) return lower;
  if (even == UPPER) return upper;
  const mean = f64x2.div(f64x2.add(lower, upper), f64x2.splat(2));
  return v128.bitselect(lower, mean, f64x2.eq(lower, upper));
}

/** Median in T from the keys of the middle values. */
// @ts-ignore: decorator
@inline
function middleOf<T>(lowerKeys: v128, upperKeys: v128, even: i32): v128 {
  const lower = fromKeys<T>(lowerKeys);
  if (even == LOWER) return lower;
  const upper = fromKeys<T>(upperKeys);
  if (even == UPPER) return upper;
  return fromPairs<T>(middlePair(pairOf<T>(lower, 0), pairOf<T>(upper, 0), BOTH), middlePair(pairOf<T>(lower, 1), pairOf<T>(upper, 1), BOTH));
}

/** The median of all columns, from the keys of the middle values. */
function middleLine<T>(lower: usize, upper: usize, even: i32, output: usize): void {
  for (let at: usize = 0; at < LINE; at += 16) v128.store(output + at, middleOf<T>(v128.load(lower + at), v128.load(upper + at), even));
}

/** line = keys of rank `rank` among two sorted parts and `repeats` copies of the values `repeated`. */
function rankAmongRepeats<T>(first: usize, count: i32, second: usize, others: i32, rank: i32, repeats: i32, repeated: usize, line: usize): void {
  for (let at: usize = 0; at < LINE; at += 16) v128.store(line + at, toKeys<T>(v128.load(repeated + at)));
  const bound = line + LINE;
  if (rank >= repeats) {
    rankLine<T>(first, count, second, others, rank - repeats, bound);
    for (let at: usize = 0; at < LINE; at += 16) v128.store(line + at, larger<T>(v128.load(line + at), v128.load(bound + at)));
  }
  if (rank < count + others) {
    rankLine<T>(first, count, second, others, rank, bound);
    for (let at: usize = 0; at < LINE; at += 16) v128.store(line + at, smaller<T>(v128.load(line + at), v128.load(bound + at)));
  }
}

/** Mean of the ranks [first, end). */
function meanLine<T>(block: usize, first: i32, end: i32, output: usize): void {
  const number = f64x2.splat(<f64>(end - first));
  for (let at: usize = 0; at < LINE; at += 16) {
    let sum0 = f64x2.splat(0), sum1 = sum0;
    for (let rank = first; rank < end; rank++) {
      const values = fromKeys<T>(v128.load(block + <usize>rank * LINE + at));
      sum0 = f64x2.add(sum0, pairOf<T>(values, 0));
      if (sizeof<T>() == 4) sum1 = f64x2.add(sum1, pairOf<T>(values, 1));
    }
    v128.store(output + at, fromPairs<T>(f64x2.div(sum0, number), f64x2.div(sum1, number)));
  }
}

/** The pair `half` of the vector of rank `rank`, from keys. */
// @ts-ignore: decorator
@inline
function rankedPair<T>(block: usize, rank: i32, half: i32): v128 {
  return pairOf<T>(fromKeys<T>(v128.load(block + <usize>rank * LINE)), half);
}

/** Where, of `low` and a `high` value farther up the sorted column, the high one is strictly nearer the median. */
// @ts-ignore: decorator
@inline
function highIsNearer(low: v128, high: v128, median: v128): v128 {
  return f64x2.lt(f64x2.sub(high, median), f64x2.sub(median, low));
}

/**
 * Mean of the `nearest` values nearest the median, of two equally near the lower: a window of the sorted column, which
 * moves up past rank r when rank r + nearest is nearer than r. NaN where the median is.
 */
// @ts-ignore: decorator
@inline
function meanAroundMedian<T>(block: usize, count: i32, lower: i32, upper: i32, nearest: i32, even: i32, half: i32): v128 {
  const median = middlePair(rankedPair<T>(block, lower, half), rankedPair<T>(block, upper, half), even);
  let sum = f64x2.splat(0);
  for (let rank = 0; rank < count; rank++) {
    const value = rankedPair<T>(block, rank, half);
    let taken = f64x2.eq(f64x2.splat(0), f64x2.splat(0));
    if (rank >= nearest) taken = highIsNearer(rankedPair<T>(block, rank - nearest, half), value, median);
    if (rank + nearest < count) taken = v128.andnot(taken, highIsNearer(value, rankedPair<T>(block, rank + nearest, half), median));
    sum = f64x2.add(sum, v128.and(value, taken));
  }
  return v128.bitselect(f64x2.div(sum, f64x2.splat(<f64>nearest)), median, f64x2.eq(median, median));
}

function aroundMedianLine<T>(block: usize, count: i32, lower: i32, upper: i32, nearest: i32, even: i32, output: usize): void {
  for (let at: usize = 0; at < LINE; at += 16) {
    const first = meanAroundMedian<T>(block + at, count, lower, upper, nearest, even, 0);
    const second = sizeof<T>() == 8 ? first : meanAroundMedian<T>(block + at, count, lower, upper, nearest, even, 1);
    v128.store(output + at, fromPairs<T>(first, second));
  }
}

// Rules that need a rank or two sort a block in two halves, and write the ranks' keys to spare lines.

function medianLine<T>(scratch: usize, half: i32, count: i32, lower: i32, upper: i32, even: i32, output: usize): void {
  const low = scratch + spareLines(count), high = low + LINE, second = scratch + <usize>half * LINE;
  if (even != UPPER) rankLine<T>(scratch, half, second, count - half, lower, low);
  if (even != LOWER) rankLine<T>(scratch, half, second, count - half, upper, high);
  middleLine<T>(low, high, even, output);
}

/**
 * output = the median of two sorted parts and `repeats` copies of the values `repeated`; three lines of scratch at `spare`.
 * lower, upper: the ranks of the middle values.
 */
export function clampedLine<T>(
  first: usize, count: i32, second: usize, others: i32, lower: i32, upper: i32, repeats: i32, repeated: usize, even: i32,
  spare: usize, output: usize,
): void {
  const high = spare + LINE;
  if (even != UPPER) rankAmongRepeats<T>(first, count, second, others, lower, repeats, repeated, spare);
  if (even != LOWER) rankAmongRepeats<T>(first, count, second, others, upper, repeats, repeated, high);
  middleLine<T>(spare, high, even, output);
}

/**
 * output[dimension] = the rule's end, of each column sorted in two halves as far as the marked lines need.
 * first, second: ranks of the middle values, or for TRIMMED the ranks [first, second) that it takes the mean of; number:
 * copies of the row `repeated` for CLAMPED, values taken for AROUND_MEDIAN.
 */
function eachColumn<T>(
  rule: i32, rows: usize, half: i32, count: i32, dimension: i32, stride: i32, first: i32, second: i32, number: i32, repeated: usize, even: i32,
  output: usize, scratch: usize,
): void {
  const listEnd = planNetwork(half, count, scratch);
  const spare = scratch + spareLines(count), edge = spare + 3 * LINE;
  for (let column = 0; column < dimension; column += blockColumns<T>()) {
    const offset = <usize>column * sizeof<T>();
    const bytes = <usize>min(blockColumns<T>(), dimension - column) * sizeof<T>();
    sortBlock<T>(rows + offset, count, <usize>stride * sizeof<T>(), bytes, scratch, listEnd);
    // Columns over the edge go through a line of scratch.
    const over = bytes < LINE;
    const to = over ? edge : output + offset;
    if (rule == CLAMPED) {
      if (over) memory.copy(edge, repeated + offset, bytes);
      clampedLine<T>(scratch, half, scratch + <usize>half * LINE, count - half, first, second, number, over ? edge : repeated + offset, even, spare, to);
    } else if (rule == MIDDLE) medianLine<T>(scratch, half, count, first, second, even, to);
    else if (rule == TRIMMED) meanLine<T>(scratch, first, second, to);
    else aroundMedianLine<T>(scratch, count, first, second, number, even, to);
    if (over) memory.copy(output + offset, edge, bytes);
  }
}

function median<T>(rows: usize, count: i32, dimension: i32, stride: i32, even: i32, output: usize, scratch: usize): void {
  const half = halfOf(count), lower = (count - 1) >> 1, upper = count >> 1;
  wantNothing(count, scratch);
  if (even != UPPER) wantRank(lower, half, count, scratch);
  if (even != LOWER) wantRank(upper, half, count, scratch);
  eachColumn<T>(MIDDLE, rows, half, count, dimension, stride, lower, upper, 0, 0, even, output, scratch);
}

/** Marks what the ranks of `clampedLine` need of a block sorted in two halves. */
export function wantClamped(half: i32, count: i32, repeats: i32, even: i32, scratch: usize): void {
  const lower = (count + repeats - 1) >> 1, upper = (count + repeats) >> 1;
  wantNothing(count, scratch);
  for (let rank = even == UPPER ? upper : lower; rank <= (even == LOWER ? lower : upper); rank++) {
    wantRank(rank, half, count, scratch);
    wantRank(rank - repeats, half, count, scratch);
  }
}

export function clampedMedian<T>(
  rows: usize, count: i32, dimension: i32, stride: i32, repeats: i32, repeated: usize, even: i32, output: usize, scratch: usize,
): void {
  const half = halfOf(count);
  wantClamped(half, count, repeats, even, scratch);
  eachColumn<T>(CLAMPED, rows, half, count, dimension, stride, (count + repeats - 1) >> 1, (count + repeats) >> 1, repeats, repeated, even, output, scratch);
}

function trimmedMean<T>(rows: usize, count: i32, dimension: i32, stride: i32, trim: i32, output: usize, scratch: usize): void {
  wantNothing(count, scratch);
  wantLines(trim, count - trim, count, scratch);
  eachColumn<T>(TRIMMED, rows, count, count, dimension, stride, trim, count - trim, 0, 0, LOWER, output, scratch);
}

function meanAround<T>(rows: usize, count: i32, dimension: i32, stride: i32, nearest: i32, even: i32, output: usize, scratch: usize): void {
  wantNothing(count, scratch);
  wantLines(0, count, count, scratch);
  eachColumn<T>(AROUND_MEDIAN, rows, count, count, dimension, stride, (count - 1) >> 1, count >> 1, nearest, 0, even, output, scratch);
}

/** Bytes of scratch, 64-byte aligned, that the rules below take for `count` rows, 1 to 1024. */
export function aggregation_order_scratch_f32(count: i32): usize {
  return sortScratchBytes(count);
}
export function aggregation_order_scratch_f64(count: i32): usize {
  return sortScratchBytes(count);
}

/** Median of every column; even: 0 the lower of two middle values, 1 their mean, 2 the upper. */
export function aggregation_median_f32(rows: usize, count: i32, dimension: i32, stride: i32, even: i32, output: usize, scratch: usize): void {
  median<f32>(rows, count, dimension, stride, even, output, scratch);
}
export function aggregation_median_f64(rows: usize, count: i32, dimension: i32, stride: i32, even: i32, output: usize, scratch: usize): void {
  median<f64>(rows, count, dimension, stride, even, output, scratch);
}

/**
 * Median of every column of the rows and `repeats` copies of one more row, repeated [dimension]. With h sorted, rank r of
 * all is min(max(repeated, h[r - repeats]), h[r]), where an index out of range bounds nothing: two ranks of h suffice.
 */
export function aggregation_clamped_median_f32(
  rows: usize, count: i32, dimension: i32, stride: i32, repeats: i32, repeated: usize, even: i32, output: usize, scratch: usize,
): void {
  clampedMedian<f32>(rows, count, dimension, stride, repeats, repeated, even, output, scratch);
}
export function aggregation_clamped_median_f64(
  rows: usize, count: i32, dimension: i32, stride: i32, repeats: i32, repeated: usize, even: i32, output: usize, scratch: usize,
): void {
  clampedMedian<f64>(rows, count, dimension, stride, repeats, repeated, even, output, scratch);
}

/** Mean of every column without its `trim` smallest and `trim` largest values, 2 trim < count. */
export function aggregation_trimmed_mean_f32(rows: usize, count: i32, dimension: i32, stride: i32, trim: i32, output: usize, scratch: usize): void {
  trimmedMean<f32>(rows, count, dimension, stride, trim, output, scratch);
}
export function aggregation_trimmed_mean_f64(rows: usize, count: i32, dimension: i32, stride: i32, trim: i32, output: usize, scratch: usize): void {
  trimmedMean<f64>(rows, count, dimension, stride, trim, output, scratch);
}

/** Mean of the `nearest` (1 to count) values of every column nearest its median, of two equally near the lower. */
export function aggregation_mean_around_median_f32(
  rows: usize, count: i32, dimension: i32, stride: i32, nearest: i32, even: i32, output: usize, scratch: usize,
): void {
  meanAround<f32>(rows, count, dimension, stride, nearest, even, output, scratch);
}
export function aggregation_mean_around_median_f64(
  rows: usize, count: i32, dimension: i32, stride: i32, nearest: i32, even: i32, output: usize, scratch: usize,
): void {
  meanAround<f64>(rows, count, dimension, stride, nearest, even, output, scratch);
}
