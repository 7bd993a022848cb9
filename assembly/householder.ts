// Panels of Householder reflectors (LAPACK's dgeqr2, dlarft): columns to be reduced, and reflectors, are rows in memory.
// Strides count elements.
import { inner } from './inner';
import { addMultiple, reflect } from './reflector';

/**
 * Reduces the rows of panel[count][length] (columns of the matrix) one after the other: row j keeps R's column in its first
 * j + 1 values and the tail of v_j behind them. factors[count].
 */
export function householder_panel_f64(panel: usize, stride: i32, count: i32, length: i32, factors: usize): void {
  const bytes = <usize>stride << 3;
  for (let j = 0; j < min(count, length); j++) {
    const line = panel + <usize>j * bytes, at = <usize>j << 3, left = length - j - 1;
    const beta = reflect(load<f64>(line + at), line + at + 8, left, factors + at);
    store<f64>(line + at, beta);
    const factor = load<f64>(factors + at);
    for (let other = line + bytes, end = panel + <usize>count * bytes; other < end; other += bytes) {
      const along = factor * (load<f64>(other + at) + inner(line + at + 8, other + at + 8, left));
      store<f64>(other + at, load<f64>(other + at) - along);
      addMultiple(-along, line + at + 8, other + at + 8, left);
    }
  }
}

/** vectors[count][length]: the reflectors of a reduced panel written out, v_j being 0 before j and 1 there. */
export function householder_vectors_f64(panel: usize, stride: i32, count: i32, length: i32, vectors: usize): void {
  for (let j = 0; j < count; j++) {
    const line = vectors + (<usize>j * <usize>length << 3), at = <usize>j << 3;
    memory.fill(line, 0, at);
    store<f64>(line + at, 1);
    memory.copy(line + at + 8, panel + (<usize>j * <usize>stride << 3) + at + 8, (<usize>length << 3) - at - 8);
  }
}

/**
 * The upper triangle T [count, count] (0 below) with H_0 H_1 ... = I - V^T T V for the reflectors of the rows
 * vectors[count][length] (Schreiber & Van Loan 1989).
 */
export function householder_triangle_f64(vectors: usize, stride: i32, count: i32, length: i32, factors: usize, triangle: usize): void {
  const bytes = <usize>stride << 3, row = <usize>count << 3;
  memory.fill(triangle, 0, <usize>count * row);
  for (let j = 0; j < count; j++) {
    const factor = load<f64>(factors + (<usize>j << 3)), column = triangle + (<usize>j << 3);
    store<f64>(column + <usize>j * row, factor);
    // T[i][j] = -factor sum over k from i of T[i][k] (v_k . v_j): row i needs the products of k >= i only, so they may stand in its place.
    for (let i = 0; i < j; i++) {
      store<f64>(column + <usize>i * row, inner(vectors + <usize>i * bytes, vectors + <usize>j * bytes, length));
    }
    for (let i = 0; i < j; i++) {
      let sum: f64 = 0;
      for (let k = i; k < j; k++) sum += load<f64>(triangle + <usize>i * row + (<usize>k << 3)) * load<f64>(column + <usize>k * row);
      store<f64>(column + <usize>i * row, -factor * sum);
    }
  }
}
