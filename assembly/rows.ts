// Rows of a matrix, chosen by index.

function gather<T>(input: usize, indices: usize, count: i32, columns: i32, output: usize): void {
  const bytes = <usize>columns * sizeof<T>();
  for (let i = 0; i < count; i++) {
    memory.copy(output, input + <usize>load<i32>(indices + (<usize>i << 2)) * bytes, bytes);
    output += bytes;
  }
}

/** output [count, columns] = the rows of input [?, columns] that int32 indices [count] name. */
export function rows_gather_f32(input: usize, indices: usize, count: i32, columns: i32, output: usize): void {
  gather<f32>(input, indices, count, columns, output);
}

export function rows_gather_f64(input: usize, indices: usize, count: i32, columns: i32, output: usize): void {
  gather<f64>(input, indices, count, columns, output);
}
