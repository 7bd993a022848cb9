// Transposing copies that the matrix products' packing shares.
import { lanes } from './profile';

/**
 * Reads lanes<T>() consecutive values from each of four lines and writes them transposed: value k of
 * the four lines side by side at to + k * stride.
 */
// @ts-ignore: decorator
@inline
function transposeFourLines<T>(line0: usize, line1: usize, line2: usize, line3: usize, to: usize, stride: usize): void {
  const a = v128.load(line0), b = v128.load(line1), c = v128.load(line2), d = v128.load(line3);
  if (sizeof<T>() == 4) {
    const ab = v128.shuffle<f32>(a, b, 0, 4, 1, 5), cd = v128.shuffle<f32>(c, d, 0, 4, 1, 5);
    const ab2 = v128.shuffle<f32>(a, b, 2, 6, 3, 7), cd2 = v128.shuffle<f32>(c, d, 2, 6, 3, 7);
    v128.store(to, v128.shuffle<f64>(ab, cd, 0, 2));
    v128.store(to + stride, v128.shuffle<f64>(ab, cd, 1, 3));
    v128.store(to + 2 * stride, v128.shuffle<f64>(ab2, cd2, 0, 2));
    v128.store(to + 3 * stride, v128.shuffle<f64>(ab2, cd2, 1, 3));
  } else {
    v128.store(to, v128.shuffle<f64>(a, b, 0, 2));
    v128.store(to, v128.shuffle<f64>(c, d, 0, 2), 16);
    v128.store(to + stride, v128.shuffle<f64>(a, b, 1, 3));
    v128.store(to + stride, v128.shuffle<f64>(c, d, 1, 3), 16);
  }
}

/** Copies four lines of `depth` consecutive values into to[k][4], k-th values side by side `stride` bytes apart. */
// @ts-ignore: decorator
@inline
export function interleaveFourLines<T>(line: usize, lineStride: usize, depth: i32, to: usize, stride: usize): void {
  const size = sizeof<T>();
  let line1 = line + lineStride, line2 = line1 + lineStride, line3 = line2 + lineStride;
  let k = 0;
  for (; k <= depth - lanes<T>(); k += lanes<T>()) {
    transposeFourLines<T>(line, line1, line2, line3, to, stride);
    line += 16; line1 += 16; line2 += 16; line3 += 16;
    to += stride * <usize>lanes<T>();
  }
  for (; k < depth; k++) {
    store<T>(to, load<T>(line));
    store<T>(to + size, load<T>(line1));
    store<T>(to + 2 * size, load<T>(line2));
    store<T>(to + 3 * size, load<T>(line3));
    line += size; line1 += size; line2 += size; line3 += size;
    to += stride;
  }
}
