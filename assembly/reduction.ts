// Reductions to one number, in float64 whatever the operands' type; the order of a sum follows from
// `count` alone (see accumulateChunks). And the index of the largest value of a row.
import { accumulateChunks, PRODUCTS, SQUARES, VALUES } from './vector';

/** Index of the row's first maximum; a NaN counts as larger than any number, as in PyTorch's argmax. */
// @ts-ignore: decorator
@inline
function firstMaximum<T>(row: usize, columns: i32): i32 {
  let best = load<T>(row);
  let index = 0;
  if (best != best) return 0;
  for (let i = 1; i < columns; i++) {
    const value = load<T>(row + <usize>i * sizeof<T>());
    if (value != value) return i;
    if (value > best) {
      best = value;
      index = i;
    }
  }
  return index;
}

// @ts-ignore: decorator
@inline
function argmax<T>(input: usize, rows: i32, columns: i32, output: usize): void {
  for (let row = 0; row < rows; row++) {
    store<i32>(output, firstMaximum<T>(input, columns));
    input += <usize>columns * sizeof<T>();
    output += 4;
  }
}

/** Sum of input[count]. */
export function reduction_sum_f32(input: usize, count: i32): f64 {
  return accumulateChunks<f32>(VALUES, input, input, count);
}
export function reduction_sum_f64(input: usize, count: i32): f64 {
  return accumulateChunks<f64>(VALUES, input, input, count);
}

/** Sum of input[i]^2. */
export function reduction_sum_squares_f32(input: usize, count: i32): f64 {
  return accumulateChunks<f32>(SQUARES, input, input, count);
}
export function reduction_sum_squares_f64(input: usize, count: i32): f64 {
  return accumulateChunks<f64>(SQUARES, input, input, count);
}

/** Sum of a[i] * b[i]. */
export function reduction_dot_f32(a: usize, b: usize, count: i32): f64 {
  return accumulateChunks<f32>(PRODUCTS, a, b, count);
}
export function reduction_dot_f64(a: usize, b: usize, count: i32): f64 {
  return accumulateChunks<f64>(PRODUCTS, a, b, count);
}

/** input [rows, columns] (columns >= 1) -> int32 output [rows]. */
export function reduction_argmax_f32(input: usize, rows: i32, columns: i32, output: usize): void {
  argmax<f32>(input, rows, columns, output);
}
export function reduction_argmax_f64(input: usize, rows: i32, columns: i32, output: usize): void {
  argmax<f64>(input, rows, columns, output);
}
