// Two matrices side by side.

// @ts-ignore: decorator
@inline
function concatenate<T>(a: usize, aColumns: i32, b: usize, bColumns: i32, rows: i32, output: usize): void {
  const aBytes = <usize>aColumns * sizeof<T>(), bBytes = <usize>bColumns * sizeof<T>();
  for (let row = 0; row < rows; row++) {
    memory.copy(output, a, aBytes);
    memory.copy(output + aBytes, b, bBytes);
    a += aBytes;
    b += bBytes;
    output += aBytes + bBytes;
  }
}

/** output [rows, aColumns + bColumns] = a [rows, aColumns] beside b [rows, bColumns]. */
export function columns_concatenate_f32(a: usize, aColumns: i32, b: usize, bColumns: i32, rows: i32, output: usize): void {
  concatenate<f32>(a, aColumns, b, bColumns, rows, output);
}
export function columns_concatenate_f64(a: usize, aColumns: i32, b: usize, bColumns: i32, rows: i32, output: usize): void {
  concatenate<f64>(a, aColumns, b, bColumns, rows, output);
}
