// One-sided Jacobi rotations (Hestenes 1958): rows are turned in pairs until all are orthogonal; then their norms are the
// singular values. Small singular values come out as accurate, relatively, as the rows determine them.
import { inner } from './inner';
import { multiplyAdd } from './profile';
import { loadPart, storePart } from './vector';

/** (first, second)[count] := (c first - s second, s first + c second). */
function rotateRows(first: usize, second: usize, count: i32, cosine: f64, sine: f64): void {
  const c = f64x2.splat(cosine), s = f64x2.splat(sine), minus = f64x2.splat(-sine);
  let left = count;
  for (; left > 1; left -= 2) {
    const x = v128.load(first), y = v128.load(second);
    v128.store(first, multiplyAdd<f64>(minus, y, f64x2.mul(c, x)));
    v128.store(second, multiplyAdd<f64>(s, x, f64x2.mul(c, y)));
    first += 16;
    second += 16;
  }
  if (left == 0) return;
  const x = loadPart<f64>(first, 1, 0), y = loadPart<f64>(second, 1, 0);
  storePart<f64>(first, multiplyAdd<f64>(minus, y, f64x2.mul(c, x)), 1);
  storePart<f64>(second, multiplyAdd<f64>(s, x, f64x2.mul(c, y)), 1);
}

/**
 * One sweep over all pairs of the rows[count][length]; the same rotations turn beside[count][besideLength]. Pairs whose
 * inner product is at most tolerance times their norms' product, and rows whose square is at most `floor`, are left.
 * squares[count] is scratch: the rows' squares, summed anew in every sweep and within one carried on by what a rotation moves.
 * Returns the number of rotations.
 */
export function jacobi_sweep_f64(
  rows: usize, count: i32, length: i32, beside: usize, besideLength: i32, tolerance: f64, floor: f64, squares: usize,
): i32 {
  const row = <usize>length << 3, besideRow = <usize>besideLength << 3;
  let rotations = 0;
  for (let p = 0; p < count; p++) {
    const line = rows + <usize>p * row;
    store<f64>(squares + (<usize>p << 3), inner(line, line, length));
  }
  for (let p = 0; p < count - 1; p++) {
    for (let q = p + 1; q < count; q++) {
      const first = rows + <usize>p * row, second = rows + <usize>q * row;
      const a = load<f64>(squares + (<usize>p << 3)), b = load<f64>(squares + (<usize>q << 3));
      if (min<f64>(a, b) <= floor) continue;
      const product = inner(first, second, length);
      if (abs<f64>(product) <= tolerance * sqrt<f64>(a) * sqrt<f64>(b)) continue;
      const ratio = (b - a) / (2 * product), root = sqrt<f64>(1 + ratio * ratio);
      const tangent = 1 / (ratio < 0 ? ratio - root : ratio + root);
      const cosine = 1 / sqrt<f64>(1 + tangent * tangent), sine = cosine * tangent;
      rotateRows(first, second, length, cosine, sine);
      rotateRows(beside + <usize>p * besideRow, beside + <usize>q * besideRow, besideLength, cosine, sine);
      store<f64>(squares + (<usize>p << 3), a - tangent * product);
      store<f64>(squares + (<usize>q << 3), b + tangent * product);
      rotations++;
    }
  }
  return rotations;
}
