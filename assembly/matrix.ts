// Copies and measures of float64 matrices that factorizations need. Row strides count elements.

/** to[rows][columns] = factor from[rows][columns]; either may be a part of a wider matrix. */
export function matrix_scale_f64(from: usize, fromRow: i32, rows: i32, columns: i32, factor: f64, to: usize, toRow: i32): void {
  const factors = f64x2.splat(factor);
  for (let row = 0; row < rows; row++) {
    let source = from + (<usize>row * <usize>fromRow << 3), target = to + (<usize>row * <usize>toRow << 3);
    for (let left = columns; left > 0; left -= 2) {
      if (left > 1) v128.store(target, f64x2.mul(v128.load(source), factors));
      else store<f64>(target, load<f64>(source) * factor);
      source += 16;
      target += 16;
    }
  }
}

/** Rows and columns of a square that is turned at once: its lines stay in L1. */
const SQUARE: i32 = 16;

/** to[columns][rows] = from[rows][columns]^T. */
export function matrix_transpose_f64(from: usize, fromRow: i32, rows: i32, columns: i32, to: usize, toRow: i32): void {
  for (let top = 0; top < rows; top += SQUARE) {
    const bottom = min(rows, top + SQUARE);
    for (let left = 0; left < columns; left += SQUARE) {
      const right = min(columns, left + SQUARE);
      for (let row = top; row < bottom; row++) {
        const source = from + (<usize>row * <usize>fromRow << 3);
        for (let column = left; column < right; column++) {
          store<f64>(to + (<usize>column * <usize>toRow + <usize>row << 3), load<f64>(source + (<usize>column << 3)));
        }
      }
    }
  }
}

/** The largest magnitude of values[count], 0 for none; NaN when one of them is NaN. */
export function matrix_largest_f64(values: usize, count: i32): f64 {
  let largest: f64 = 0;
  for (let i = 0; i < count; i++) {
    const magnitude = abs<f64>(load<f64>(values + (<usize>i << 3)));
    if (magnitude != magnitude) return magnitude;
    largest = max<f64>(largest, magnitude);
  }
  return largest;
}
