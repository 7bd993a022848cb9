// acos(x) from asin(t) = t + t^3 P(t^2) for t <= 1/2: t is |x|, or sqrt((1 - |x|) / 2) above 1/2, where
// acos(|x|) = 2 asin(t). P's coefficients: test/reference/normal_reference.py.
import { keepNaN, step } from './vector';

const HALF_PI: f64 = 1.5707963267948966;
const PI: f64 = 3.141592653589793;

/** Inverse cosine of float64 lanes within [-1, 1]: within two units in the last place of its result or of pi / 2. */
// @ts-ignore: decorator
@inline
export function arccosine(x: v128): v128 {
  const half = f64x2.splat(0.5);
  const magnitude = f64x2.abs(x);
  const near = f64x2.le(magnitude, half);
  const z = v128.bitselect(f64x2.mul(x, x), f64x2.mul(f64x2.sub(f64x2.splat(1), magnitude), half), near);
  const t = v128.bitselect(magnitude, f64x2.sqrt(z), near);
  let p = f64x2.splat(0.03269118850751037);
  p = step(p, z, -0.021098195517305202);
  p = step(p, z, 0.021776754811806007);
  p = step(p, z, 0.003678284797420983);
  p = step(p, z, 0.010787581946629977);
  p = step(p, z, 0.011397630676086781);
  p = step(p, z, 0.0139809730414751);
  p = step(p, z, 0.017351599757446854);
  p = step(p, z, 0.022372215633668837);
  p = step(p, z, 0.0303819426867534);
  p = step(p, z, 0.044642857174987796);
  p = step(p, z, 0.0749999999997052);
  p = step(p, z, 0.1666666666666676);
  const arcsine = f64x2.add(t, f64x2.mul(f64x2.mul(t, z), p));
  const negative = f64x2.lt(x, f64x2.splat(0));
  const signed = v128.bitselect(f64x2.neg(arcsine), arcsine, negative);
  const twice = f64x2.add(arcsine, arcsine);
  const away = v128.bitselect(f64x2.sub(f64x2.splat(PI), twice), twice, negative);
  return keepNaN<f64>(v128.bitselect(f64x2.sub(f64x2.splat(HALF_PI), signed), away, near), x);
}
