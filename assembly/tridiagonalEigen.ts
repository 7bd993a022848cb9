// Eigenvalues and -vectors of a symmetric tridiagonal matrix by the implicit QL method (tql2: Bowdler, Martin, Reinsch &
// Wilkinson 1968; Dubrulle 1970). The vectors are rows, kept in strips of eight columns; rotations are gathered over many
// sweeps and then run through one strip after the other, which stays in the cache the while.
import { multiplyAdd } from './profile';

/** Columns of a strip: four vectors. */
const STRIP: i32 = 8;
const LINE: usize = 64;
/** Sweeps for one eigenvalue; two are usual. */
const MOST_SWEEPS: i32 = 60;
const ROUNDING: f64 = 1.0 / 9007199254740992.0; // 2^-53

/** Bytes of strips [columns / 8, rounded up][rows][8]. */
export function strips_bytes_f64(rows: i32, columns: i32): usize {
  return <usize>((columns + STRIP - 1) / STRIP) * <usize>rows * LINE;
}

/** matrix[rows][columns], contiguous, into strips; columns past the end hold 0. */
export function strips_pack_f64(matrix: usize, rows: i32, columns: i32, strips: usize): void {
  for (let first = 0; first < columns; first += STRIP) {
    const bytes = <usize>min(STRIP, columns - first) << 3;
    for (let row = 0; row < rows; row++) {
      if (bytes < LINE) memory.fill(strips, 0, LINE);
      memory.copy(strips, matrix + (<usize>row * <usize>columns + <usize>first << 3), bytes);
      strips += LINE;
    }
  }
}

/** Whether the value of largest magnitude in a row of strips, the first of equals, is negative. */
function isTurned(strips: usize, row: usize, apart: usize, columns: i32): bool {
  let largest: f64 = 0;
  for (let column = 0; column < columns; column++) {
    const value = load<f64>(strips + <usize>(column / STRIP) * apart + row * LINE + (<usize>(column % STRIP) << 3));
    if (abs<f64>(value) > abs<f64>(largest)) largest = value;
  }
  return largest < 0;
}

/** output[columns][rows]: column j is the row order[j] of the strips, of the sign that makes its value of largest magnitude positive. */
export function strips_to_columns_f64(strips: usize, rows: i32, columns: i32, order: usize, output: usize): void {
  const apart = <usize>rows * LINE;
  for (let j = 0; j < rows; j++) {
    const row = <usize>load<i32>(order + (<usize>j << 2));
    const sign: f64 = isTurned(strips, row, apart, columns) ? -1 : 1;
    for (let column = 0; column < columns; column++) {
      const value = load<f64>(strips + <usize>(column / STRIP) * apart + row * LINE + (<usize>(column % STRIP) << 3));
      store<f64>(output + (<usize>column * <usize>rows + <usize>j << 3), sign * value);
    }
  }
}

/** One sweep, rows first + 1, first, ... of a strip: each rotation's lower row is the next one's upper row and stays in registers. */
function rotateStrip(strip: usize, first: i32, count: i32, rotations: usize): void {
  let upper = strip + <usize>(first + 1) * LINE;
  let u0 = v128.load(upper), u1 = v128.load(upper, 16), u2 = v128.load(upper, 32), u3 = v128.load(upper, 48);
  for (const end = rotations + (<usize>count << 4); rotations < end; rotations += 16) {
    const cosine = v128.load64_splat(rotations), sine = v128.load64_splat(rotations, 8), minus = f64x2.neg(sine);
    const lower = upper - LINE;
    const l0 = v128.load(lower), l1 = v128.load(lower, 16), l2 = v128.load(lower, 32), l3 = v128.load(lower, 48);
    v128.store(upper, multiplyAdd<f64>(sine, l0, f64x2.mul(cosine, u0)));
    v128.store(upper, multiplyAdd<f64>(sine, l1, f64x2.mul(cosine, u1)), 16);
    v128.store(upper, multiplyAdd<f64>(sine, l2, f64x2.mul(cosine, u2)), 32);
    v128.store(upper, multiplyAdd<f64>(sine, l3, f64x2.mul(cosine, u3)), 48);
    u0 = multiplyAdd<f64>(minus, u0, f64x2.mul(cosine, l0));
    u1 = multiplyAdd<f64>(minus, u1, f64x2.mul(cosine, l1));
    u2 = multiplyAdd<f64>(minus, u2, f64x2.mul(cosine, l2));
    u3 = multiplyAdd<f64>(minus, u3, f64x2.mul(cosine, l3));
    upper = lower;
  }
  v128.store(upper, u0);
  v128.store(upper, u1, 16);
  v128.store(upper, u2, 32);
  v128.store(upper, u3, 48);
}

/** All gathered sweeps, each (i32 first, i32 count, 8 bytes unused, count x (cosine, sine)), on all strips. */
function rotateStrips(strips: usize, rows: i32, columns: i32, sweeps: usize, end: usize): void {
  for (let column = 0; column < columns; column += STRIP) {
    for (let sweep = sweeps; sweep < end;) {
      const count = load<i32>(sweep, 4);
      rotateStrip(strips, load<i32>(sweep), count, sweep + 16);
      sweep += <usize>(count + 1) << 4;
    }
    strips += <usize>rows * LINE;
  }
}

/** Whether beside[i] is 0 within the rounding of its neighbours or of the whole matrix. */
// @ts-ignore: decorator
@inline
function isNegligible(diagonal: usize, beside: usize, i: i32, floor: f64): bool {
  const at = <usize>i << 3;
  const neighbours = abs<f64>(load<f64>(diagonal + at)) + abs<f64>(load<f64>(diagonal + at + 8));
  return abs<f64>(load<f64>(beside + at)) <= max<f64>(ROUNDING * neighbours, floor);
}

/** One QL sweep over the unreduced block from `low` to `high` with Wilkinson's shift; writes the sweep and returns its end. */
function sweepBlock(diagonal: usize, beside: usize, low: i32, high: i32, sweep: usize): usize {
  const lowD = diagonal + (<usize>low << 3), lowE = beside + (<usize>low << 3), highD = diagonal + (<usize>high << 3);
  const ratio = (load<f64>(lowD, 8) - load<f64>(lowD)) / (2 * load<f64>(lowE));
  const root = sqrt<f64>(ratio * ratio + 1);
  let g = load<f64>(highD) - load<f64>(lowD) + load<f64>(lowE) / (ratio < 0 ? ratio - root : ratio + root);
  let sine: f64 = 1, cosine: f64 = 1, shift: f64 = 0;
  let next = sweep + 16;
  store<i32>(sweep, high - 1);
  for (let i = high - 1; i >= low; i--) {
    const d = diagonal + (<usize>i << 3), e = beside + (<usize>i << 3);
    const f = sine * load<f64>(e), b = cosine * load<f64>(e);
    const length = sqrt<f64>(f * f + g * g);
    store<f64>(e, length, 8);
    if (length == 0) {
      // The block has come apart here.
      store<f64>(d, load<f64>(d, 8) - shift, 8);
      store<f64>(beside + (<usize>high << 3), 0);
      store<i32>(sweep, high - 1 - i, 4);
      return next;
    }
    sine = f / length;
    cosine = g / length;
    g = load<f64>(d, 8) - shift;
    const turned = (load<f64>(d) - g) * sine + 2 * cosine * b;
    shift = sine * turned;
    store<f64>(d, g + shift, 8);
    g = cosine * turned - b;
    store<f64>(next, cosine);
    store<f64>(next, sine, 8);
    next += 16;
  }
  store<f64>(lowD, load<f64>(lowD) - shift);
  store<f64>(lowE, g);
  store<f64>(beside + (<usize>high << 3), 0);
  store<i32>(sweep, high - low, 4);
  return next;
}

/**
 * diagonal[size] becomes the eigenvalues, in no order, of the matrix with beside[size] beside it (entry i couples i and i + 1;
 * is lost), and the rows of the strips [size, columns] are turned with them: row i becomes eigenvector i times the rows. strips = 0:
 * values only. `largest`: a bound on the matrix's entries. sweeps: `capacity` bytes of scratch, at least 16 (size + 1).
 * Returns how many eigenvalues were found: fewer than size only for values that are not finite.
 */
export function tridiagonal_eigen_f64(
  diagonal: usize, beside: usize, size: i32, largest: f64, strips: usize, columns: i32, sweeps: usize, capacity: usize,
): i32 {
  const floor = largest * ROUNDING * ROUNDING;
  let next = sweeps;
  for (let low = 0; low < size; low++) {
    for (let count = 0; ; count++) {
      let high = low;
      while (high < size - 1 && !isNegligible(diagonal, beside, high, floor)) high++;
      if (high == low) break;
      if (count == MOST_SWEEPS) return low;
      if (strips == 0) next = sweeps;
      else if (next + (<usize>(high - low + 1) << 4) > sweeps + capacity) {
        rotateStrips(strips, size, columns, sweeps, next);
        next = sweeps;
      }
      next = sweepBlock(diagonal, beside, low, high, next);
    }
  }
  if (strips) rotateStrips(strips, size, columns, sweeps, next);
  return size;
}
