// What the softmaxes and losses of a row share, called once a row. Exponentials are taken in T; their sum is float64 and adds
// column i to lane i mod lanes, ascending, then lane to lane.
import { exp } from './math/exp';
import { highHalf, lowHalf } from './math/vector';
import { lanes } from './profile';
import { loadPart, storePart, sumPair } from './vector';

/** Largest value of a row. A NaN is passed over here, and reaches the result through the sum of exponentials. */
export function rowMaximum<T>(row: usize, columns: i32): T {
  let largest = v128.splat<T>(<T>-Infinity);
  let left = columns;
  for (; left >= lanes<T>(); left -= lanes<T>()) {
    largest = v128.pmax<T>(largest, v128.load(row));
    row += 16;
  }
  if (left > 0) largest = v128.pmax<T>(largest, loadPart<T>(row, left, <T>-Infinity));
  let result = max<T>(v128.extract_lane<T>(largest, 0), v128.extract_lane<T>(largest, 1));
  if (sizeof<T>() == 4) {
    result = max<T>(result, max<T>(<T>f32x4.extract_lane(largest, 2), <T>f32x4.extract_lane(largest, 3)));
  }
  return result;
}

/** sum + the lanes of `terms`, as float64. */
// @ts-ignore: decorator
@inline
function addLanes<T>(sum: v128, terms: v128): v128 {
  if (sizeof<T>() == 4) return f64x2.add(sum, f64x2.add(lowHalf(terms), highHalf(terms)));
  return f64x2.add(sum, terms);
}

/** Sum of exp(x - largest) over a row; keeps the terms at `output` unless that is 0. */
export function sumOfExponentials<T>(row: usize, columns: i32, largest: T, output: usize): f64 {
  const shift = v128.splat<T>(largest);
  let sum = f64x2.splat(0);
  let left = columns;
  for (; left >= lanes<T>(); left -= lanes<T>()) {
    const terms = exp<T>(v128.sub<T>(v128.load(row), shift));
    sum = addLanes<T>(sum, terms);
    if (output) {
      v128.store(output, terms);
      output += 16;
    }
    row += 16;
  }
  if (left > 0) {
    const terms = exp<T>(v128.sub<T>(loadPart<T>(row, left, <T>-Infinity), shift));
    sum = addLanes<T>(sum, terms);
    if (output) storePart<T>(output, terms, left);
  }
  return sumPair(sum);
}

/** output[columns] = row[columns] * factor, or / factor. */
export function scaleRow<T>(divide: bool, row: usize, columns: i32, factor: T, output: usize): void {
  const scale = v128.splat<T>(factor);
  let left = columns;
  for (; left >= lanes<T>(); left -= lanes<T>()) {
    const x = v128.load(row);
    v128.store(output, divide ? v128.div<T>(x, scale) : v128.mul<T>(x, scale));
    row += 16;
    output += 16;
  }
  if (left > 0) {
    const x = loadPart<T>(row, left, <T>0);
    storePart<T>(output, divide ? v128.div<T>(x, scale) : v128.mul<T>(x, scale), left);
  }
}
