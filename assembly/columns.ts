// A range of a matrix's columns taken out, and put back among zeros.

// @ts-ignore: decorator
@inline
function takeColumns<T>(input: usize, rows: i32, columns: i32, start: i32, count: i32, output: usize): void {
  const bytes = <usize>count * sizeof<T>();
  input += <usize>start * sizeof<T>();
  for (let row = 0; row < rows; row++) {
    memory.copy(output, input, bytes);
    input += <usize>columns * sizeof<T>();
    output += bytes;
  }
}

// @ts-ignore: decorator
@inline
function placeColumns<T>(input: usize, rows: i32, columns: i32, start: i32, count: i32, output: usize): void {
  const bytes = <usize>count * sizeof<T>();
  memory.fill(output, 0, <usize>rows * <usize>columns * sizeof<T>());
  output += <usize>start * sizeof<T>();
  for (let row = 0; row < rows; row++) {
    memory.copy(output, input, bytes);
    input += bytes;
    output += <usize>columns * sizeof<T>();
  }
}

/** output [rows, count] = input [rows, columns], its columns start to start + count. */
export function columns_take_f32(input: usize, rows: i32, columns: i32, start: i32, count: i32, output: usize): void {
  takeColumns<f32>(input, rows, columns, start, count, output);
}
export function columns_take_f64(input: usize, rows: i32, columns: i32, start: i32, count: i32, output: usize): void {
  takeColumns<f64>(input, rows, columns, start, count, output);
}

/** output [rows, columns] = zeros, but for input [rows, count] at the columns from start. */
export function columns_place_f32(input: usize, rows: i32, columns: i32, start: i32, count: i32, output: usize): void {
  placeColumns<f32>(input, rows, columns, start, count, output);
}
export function columns_place_f64(input: usize, rows: i32, columns: i32, start: i32, count: i32, output: usize): void {
  placeColumns<f64>(input, rows, columns, start, count, output);
}
