// The standard normal distribution. With Mills' ratio R(z) = Phi(-z) / phi(z), z >= 0, and G(z) = 1 - z R(z):
// G = N / Q and R = P / Q, three polynomials of positive coefficients with z P = Q - N exactly, so that both keep
// their relative accuracy down to z = 40, where phi is 0. Coefficients: test/reference/normal_reference.py.
import { expDouble } from './exp';
import { keepNaN, step } from './vector';

export const ROOT_TWO_PI: f64 = 2.5066282746310002;
const ONE_OVER_ROOT_TWO_PI: f64 = 0.3989422804014327;
/** phi is 0 from here on. */
export const FARTHEST: f64 = 40;
/** The upper 26 bits of a fraction: their square is exact. */
const UPPER_HALF: i64 = ~0x7ffffff;

/** phi(z) = exp(-z^2 / 2) / sqrt(2 pi) of lanes of magnitude at most 40; what the square's rounding loses is put back. */
// @ts-ignore: decorator
@inline
export function normalDensity(z: v128): v128 {
  const upper = v128.and(z, i64x2.splat(UPPER_HALF));
  const minusHalf = f64x2.splat(-0.5);
  const square = f64x2.mul(f64x2.mul(upper, upper), minusHalf);
  const rest = f64x2.mul(f64x2.mul(f64x2.sub(z, upper), f64x2.add(z, upper)), minusHalf);
  const e = f64x2.mul(expDouble(square), f64x2.splat(ONE_OVER_ROOT_TWO_PI));
  // exp(rest) - 1: rest is below 2^-14.
  const correction = f64x2.mul(rest, step(step(f64x2.splat(0.16666666666666666), rest, 0.5), rest, 1));
  return f64x2.add(e, f64x2.mul(e, correction));
}

/** Q(z), 0 <= z <= 40. */
// @ts-ignore: decorator
@inline
export function denominator(z: v128): v128 {
  let d = f64x2.splat(1.4960494785576346e-07);
  d = step(d, z, 4.911969949930605e-06);
  d = step(d, z, 8.05554540325082e-05);
  d = step(d, z, 0.0008578738790013033);
  d = step(d, z, 0.006537685669269217);
  d = step(d, z, 0.03727989199884315);
  d = step(d, z, 0.16218617028721452);
  d = step(d, z, 0.5400040556674747);
  d = step(d, z, 1.3607784943491552);
  d = step(d, z, 2.5235154663918102);
  d = step(d, z, 3.260850859853198);
  d = step(d, z, 2.6305285814098935);
  d = step(d, z, 1.0);
  return d;
}

/** P(z): R = P / Q. The last coefficient is one spacing below sqrt(pi / 2), so that Phi(0) is 1/2. */
// @ts-ignore: decorator
@inline
export function tailNumerator(z: v128): v128 {
  let t = f64x2.splat(1.4960494785576346e-07);
  t = step(t, z, 4.911969949930605e-06);
  t = step(t, z, 8.040584908465229e-05);
  t = step(t, z, 0.0008529619090514077);
  t = step(t, z, 0.006457579030076346);
  t = step(t, z, 0.03643675402996037);
  t = step(t, z, 0.15588790689322185);
  t = step(t, z, 0.5052241061892648);
  t = step(t, z, 1.2170127464236578);
  t = step(t, z, 2.0829989695792546);
  t = step(t, z, 2.296878659693508);
  t = step(t, z, 1.2533141373155001);
  return t;
}

/** N(z): G = N / Q. */
// @ts-ignore: decorator
@inline
export function lossNumerator(z: v128): v128 {
  let l = f64x2.splat(1.496049478559063e-07);
  l = step(l, z, 4.911969949895565e-06);
  l = step(l, z, 8.010663919287155e-05);
  l = step(l, z, 0.0008431379688827792);
  l = step(l, z, 0.006298263393992671);
  l = step(l, z, 0.0347799494782099);
  l = step(l, z, 0.14376574792549737);
  l = step(l, z, 0.44051649681255556);
  l = step(l, z, 0.9639722001596904);
  l = step(l, z, 1.3772144440943932);
  l = step(l, z, 1.0);
  return l;
}

/** |x| up to 40, as the functions above take it. NaN stays. */
// @ts-ignore: decorator
@inline
export function distance(x: v128): v128 {
  const magnitude = f64x2.abs(x);
  return v128.bitselect(f64x2.splat(FARTHEST), magnitude, f64x2.gt(magnitude, f64x2.splat(FARTHEST)));
}

/** Phi(-z) of lanes 0 <= z <= 40. */
// @ts-ignore: decorator
@inline
export function normalTail(z: v128): v128 {
  return f64x2.div(f64x2.mul(normalDensity(z), tailNumerator(z)), denominator(z));
}

/** Phi(x) of any lanes, to a relative accuracy of a few roundings in both tails. */
// @ts-ignore: decorator
@inline
export function normalDistribution(x: v128): v128 {
  const tail = normalTail(distance(x));
  const positive = f64x2.gt(x, f64x2.splat(0));
  return keepNaN<f64>(v128.bitselect(f64x2.sub(f64x2.splat(1), tail), tail, positive), x);
}

export function normalDensityScalar(x: f64): f64 {
  return f64x2.extract_lane(normalDensity(distance(f64x2.splat(x))), 0);
}

export function normalDistributionScalar(x: f64): f64 {
  return f64x2.extract_lane(normalDistribution(f64x2.splat(x)), 0);
}

/** G(z) = 1 - z R(z) for 0 <= z <= 40. */
export function millsLossScalar(z: f64): f64 {
  const x = f64x2.splat(z);
  return f64x2.extract_lane(f64x2.div(lossNumerator(x), denominator(x)), 0);
}
