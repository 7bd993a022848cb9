// Rows of a matrix, chosen by index.

/** output [count, columns] = the rows of input [?, columns] that int32 indices [count] name. */
export function rows_gather_f32(input: usize, indices: usize, count: i32, columns: i32, output: usize): void {
  const bytes = <usize>columns << 2;
  for (let i = 0; i < count; i++) {
    memory.copy(output, input + <usize>load<i32>(indices + (<usize>i << 2)) * bytes, bytes);
    output += bytes;
  }
}
