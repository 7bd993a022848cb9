// A symmetric matrix to tridiagonal form by Householder reflections, from the last row up (tred2 of Martin, Reinsch &
// Wilkinson 1968), so that all that is touched lies in rows of the lower triangle.
import { inner } from './inner';
import { multiplyAdd } from './profile';
import { reflect } from './reflector';
import { sumPair } from './vector';

/** product[count] = A x for the lower triangle of a [count, count]: two rows at a time, each entry used in its row and in its column. */
function multiplySymmetric(a: usize, stride: usize, count: i32, x: usize, product: usize): void {
  memory.fill(product, 0, <usize>(count + 1) << 3);
  let row = 0;
  for (; row + 1 < count; row += 2) {
    const at = <usize>row << 3;
    const first = a + <usize>row * stride, second = first + stride;
    const x0 = load<f64>(x + at), x1 = load<f64>(x + at + 8);
    const weight0 = f64x2.splat(x0), weight1 = f64x2.splat(x1);
    let sum0 = f64x2.splat(0), sum1 = sum0;
    for (let k: usize = 0; k < at; k += 16) {
      const a0 = v128.load(first + k), a1 = v128.load(second + k), xs = v128.load(x + k);
      sum0 = multiplyAdd<f64>(a0, xs, sum0);
      sum1 = multiplyAdd<f64>(a1, xs, sum1);
      v128.store(product + k, multiplyAdd<f64>(a1, weight1, multiplyAdd<f64>(a0, weight0, v128.load(product + k))));
    }
    const between = load<f64>(second + at);
    store<f64>(product + at, sumPair(sum0) + load<f64>(first + at) * x0 + between * x1);
    store<f64>(product + at + 8, sumPair(sum1) + between * x0 + load<f64>(second + at + 8) * x1);
  }
  if (row == count) return;
  const at = <usize>row << 3, last = a + <usize>row * stride;
  const weight = load<f64>(x + at);
  for (let k: usize = 0; k < at; k += 16) v128.store(product + k, multiplyAdd<f64>(v128.load(last + k), f64x2.splat(weight), v128.load(product + k)));
  store<f64>(product + at, inner(last, x, row) + load<f64>(last + at) * weight);
}

/** A -= v w^T + w v^T in the lower triangle [count, count]; may write one value past a row's diagonal. */
function subtractOuterProducts(a: usize, stride: usize, count: i32, v: usize, w: usize): void {
  for (let row = 0; row < count; row++) {
    const at = <usize>row << 3, line = a + <usize>row * stride;
    const minusV = f64x2.splat(-load<f64>(v + at)), minusW = f64x2.splat(-load<f64>(w + at));
    for (let k: usize = 0; k <= at; k += 16) {
      v128.store(line + k, multiplyAdd<f64>(minusW, v128.load(v + k), multiplyAdd<f64>(minusV, v128.load(w + k), v128.load(line + k))));
    }
  }
}

/** Bytes of scratch, 16-byte aligned, for `tridiagonal_reduce_f64`. */
export function tridiagonal_reduce_scratch_f64(size: i32): usize {
  return <usize>(size + 2) << 3;
}

/**
 * a [size, size], of which the lower triangle is read, to the tridiagonal H_1 ... H_(size-1) A H_(size-1) ... H_1 with `diagonal` [size]
 * and `beside` [size] (entry i couples i and i + 1; the last is 0). Row i of a then holds the whole v_i, which is 0 from i on,
 * and factors[i] its factor: H_i = I - factor v v^T. Row 0 is 0.
 */
export function tridiagonal_reduce_f64(a: usize, size: i32, diagonal: usize, beside: usize, factors: usize, scratch: usize): void {
  const stride = <usize>size << 3;
  store<f64>(beside + stride - 8, 0);
  for (let i = size - 1; i > 0; i--) {
    const v = a + <usize>i * stride, end = v + (<usize>i << 3), factorAt = factors + (<usize>i << 3);
    store<f64>(diagonal + (<usize>i << 3), load<f64>(end));
    memory.fill(end, 0, <usize>(size - i) << 3);
    store<f64>(beside + (<usize>(i - 1) << 3), reflect(load<f64>(end - 8), v, i - 1, factorAt));
    store<f64>(end - 8, 1);
    const factor = load<f64>(factorAt);
    if (factor == 0) continue;
    multiplySymmetric(a, stride, i, v, scratch);
    const correction = factor * factor * 0.5 * inner(scratch, v, i);
    for (let k: usize = 0; k < <usize>i << 3; k += 8) store<f64>(scratch + k, factor * load<f64>(scratch + k) - correction * load<f64>(v + k));
    store<f64>(scratch + (<usize>i << 3), 0);
    subtractOuterProducts(a, stride, i, v, scratch);
  }
  store<f64>(diagonal, load<f64>(a));
  memory.fill(a, 0, stride);
  store<f64>(factors, 0);
}
