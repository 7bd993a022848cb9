// Rows added where indices say: the gradient of rows that were gathered.
import { lanes } from './profile';
import { loadPart, storePart } from './vector';

// @ts-ignore: decorator
@inline
function addRow<T>(from: usize, to: usize, columns: i32): void {
  let left = columns;
  for (; left >= lanes<T>(); left -= lanes<T>()) {
    v128.store(to, v128.add<T>(v128.load(to), v128.load(from)));
    from += 16;
    to += 16;
  }
  if (left > 0) storePart<T>(to, v128.add<T>(loadPart<T>(to, left, <T>0), loadPart<T>(from, left, <T>0)), left);
}

// @ts-ignore: decorator
@inline
function scatter<T>(input: usize, indices: usize, count: i32, columns: i32, first: i32, rows: i32, output: usize): void {
  const bytes = <usize>columns * sizeof<T>();
  memory.fill(output, 0, <usize>rows * bytes);
  for (let i = 0; i < count; i++) {
    const row = load<i32>(indices + (<usize>i << 2)) - first;
    if (<u32>row < <u32>rows) addRow<T>(input, output + <usize>row * bytes, columns);
    input += bytes;
  }
}

/**
 * output [rows, columns] = the sums of those rows of input [count, columns] whose int32 index is first + row, added to zeros in
 * order of position; rows that no index names are zero.
 */
export function rows_scatter_f32(input: usize, indices: usize, count: i32, columns: i32, first: i32, rows: i32, output: usize): void {
  scatter<f32>(input, indices, count, columns, first, rows, output);
}
export function rows_scatter_f64(input: usize, indices: usize, count: i32, columns: i32, first: i32, rows: i32, output: usize): void {
  scatter<f64>(input, indices, count, columns, first, rows, output);
}
