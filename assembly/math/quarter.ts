// sin(r + n pi/2) for r near 0 in two parts: fdlibm's k_sin.c and k_cos.c, on vectors.
import { step } from './vector';

/** Sign bits of the lanes where bit 1 of the low bits of n is set: the second half turn. */
// @ts-ignore: decorator
@inline
export function signOfQuarter(n: v128): v128 {
  return i64x2.shl(i64x2.shr_u(n, 1), 63);
}

/** All ones in the lanes where n is odd. */
// @ts-ignore: decorator
@inline
export function oddQuarter(n: v128): v128 {
  return i64x2.neg(v128.and(n, i64x2.splat(1)));
}

/** sin(head + tail + n pi/2), |head + tail| <= about pi/4, n in the low bits. */
// @ts-ignore: decorator
@inline
export function sineOfQuarter(head: v128, tail: v128, n: v128): v128 {
  const half = f64x2.splat(0.5), one = f64x2.splat(1);
  const z = f64x2.mul(head, head);
  let p = f64x2.splat(1.58969099521155010221e-10);
  p = step(p, z, -2.50507602534068634195e-08);
  p = step(p, z, 2.75573137070700676789e-06);
  p = step(p, z, -1.98412698298579493134e-04);
  p = step(p, z, 8.33333333332248946124e-03);
  // sin = x - ((z (y/2 - x^3 P) - y) - x^3 S1)
  const cube = f64x2.mul(z, head);
  const inner = f64x2.sub(f64x2.mul(half, tail), f64x2.mul(cube, p));
  const bend = f64x2.sub(f64x2.mul(z, inner), tail);
  const sine = f64x2.sub(head, f64x2.sub(bend, f64x2.mul(cube, f64x2.splat(-1.66666666666666324348e-01))));
  let c = f64x2.splat(-1.13596475577881948265e-11);
  c = step(c, z, 2.08757232129817482790e-09);
  c = step(c, z, -2.75573143513906633035e-07);
  c = step(c, z, 2.48015872894767294178e-05);
  c = step(c, z, -1.38888888888741095749e-03);
  c = step(c, z, 4.16666666666666019037e-02);
  // cos = w + ((1 - w - z/2) + (z^2 C - x y)), w = 1 - z/2
  const halfZ = f64x2.mul(half, z);
  const w = f64x2.sub(one, halfZ);
  const rest = f64x2.sub(f64x2.mul(z, f64x2.mul(z, c)), f64x2.mul(head, tail));
  const cosine = f64x2.add(w, f64x2.add(f64x2.sub(f64x2.sub(one, w), halfZ), rest));
  return v128.xor(v128.bitselect(cosine, sine, oddQuarter(n)), signOfQuarter(n));
}
