// One Householder reflector I - factor v v^T (LAPACK's dlarfg), of vectors that lie in rows.
import { inner } from './inner';
import { multiplyAdd } from './profile';
import { loadPart, storePart } from './vector';

/** row[count] += factor other[count]. */
export function addMultiple(factor: f64, other: usize, row: usize, count: i32): void {
  const factors = f64x2.splat(factor);
  let left = count;
  for (; left > 1; left -= 2) {
    v128.store(row, multiplyAdd<f64>(factors, v128.load(other), v128.load(row)));
    row += 16;
    other += 16;
  }
  if (left > 0) storePart<f64>(row, multiplyAdd<f64>(factors, loadPart<f64>(other, 1, 0), loadPart<f64>(row, 1, 0)), 1);
}

/**
 * The reflector that takes (alpha, tail[count]) to (beta, 0): divides the tail by alpha - beta, so that v = (1, tail), stores
 * the factor at `factor` and returns beta, whose sign is the opposite of alpha's; where the tail is 0 the factor is 0 and beta is alpha.
 */
export function reflect(alpha: f64, tail: usize, count: i32, factor: usize): f64 {
  const squares = inner(tail, tail, count);
  if (squares == 0) {
    store<f64>(factor, 0);
    return alpha;
  }
  const norm = sqrt<f64>(alpha * alpha + squares);
  const beta = alpha < 0 ? norm : -norm;
  const divisor = alpha - beta;
  for (let i = 0; i < count; i++) store<f64>(tail + (<usize>i << 3), load<f64>(tail + (<usize>i << 3)) / divisor);
  store<f64>(factor, (beta - alpha) / beta);
  return beta;
}
