// sin and cos of x = n pi/2 + r, |r| <= pi/4: sin is +-sin(r) or +-cos(r) by n mod 4, and cos(x) is
// sin of one quarter turn more. Cody and Waite's reduction up to LARGE, largeAngle.ts above it.
import { sineOfLarge } from './largeAngle';
import { oddQuarter, signOfQuarter, sineOfQuarter } from './quarter';
import { highHalf, joinHalves, lowHalf, ROUND_TO_WHOLE, step } from './vector';

const TWO_OVER_PI: f64 = 0.6366197723675814;
// pi / 2 in pieces: those of 33 bits give an exact product with n < 2^20.
const HALF_PI_1: f64 = 1.5707963267341256; // 33 bits
const HALF_PI_2: f64 = 6.077100506303966e-11; // 33 bits
const HALF_PI_3: f64 = 2.0222662487111665e-21; // 33 bits
const HALF_PI_REST: f64 = 8.4784276603689e-32;
const HALF_PI_2_REST: f64 = 6.077100506506192e-11; // pieces 2 and 3 and on, in one
/** Up to here n stays below 2^20. */
const LARGE: f64 = 1647099;
const LARGE_SINGLE: f32 = 1647099;

/** sin(x + turns pi/2) for |x| <= LARGE. */
// @ts-ignore: decorator
@inline
function sineModerate(x: v128, turns: i64): v128 {
  const counted = f64x2.add(f64x2.mul(x, f64x2.splat(TWO_OVER_PI)), f64x2.splat(ROUND_TO_WHOLE));
  const n = f64x2.sub(counted, f64x2.splat(ROUND_TO_WHOLE));
  // Each subtraction's rounding error is recovered; the errors gather in `rest`. All three pieces
  // always, for lanes near a multiple of pi/2 need them: 151 bits of pi/2 in all.
  const first = f64x2.sub(x, f64x2.mul(n, f64x2.splat(HALF_PI_1)));
  const second = f64x2.mul(n, f64x2.splat(HALF_PI_2));
  const afterSecond = f64x2.sub(first, second);
  const lostSecond = f64x2.sub(f64x2.sub(first, afterSecond), second);
  const third = f64x2.mul(n, f64x2.splat(HALF_PI_3));
  const afterThird = f64x2.sub(afterSecond, third);
  const lostThird = f64x2.sub(f64x2.sub(afterSecond, afterThird), third);
  const rest = f64x2.sub(f64x2.mul(n, f64x2.splat(HALF_PI_REST)), f64x2.add(lostSecond, lostThird));
  const head = f64x2.sub(afterThird, rest);
  const tail = f64x2.sub(f64x2.sub(afterThird, head), rest);
  return sineOfQuarter(head, tail, i64x2.add(counted, i64x2.splat(turns)));
}

/** Any lanes, one at a time; NaN for infinities and NaN. */
function sineEach(x: v128, turns: i64): v128 {
  const first = sineOfOne(f64x2.extract_lane(x, 0), turns);
  return f64x2.replace_lane(f64x2.splat(first), 1, sineOfOne(f64x2.extract_lane(x, 1), turns));
}

function sineOfOne(x: f64, turns: i64): f64 {
  const magnitude = abs<f64>(x);
  if (magnitude <= LARGE) return f64x2.extract_lane(sineModerate(f64x2.splat(x), turns), 0);
  return magnitude <= f64.MAX_VALUE ? sineOfLarge(x, turns) : NaN;
}

// @ts-ignore: decorator
@inline
function sineTurned(x: v128, turns: i64): v128 {
  if (i64x2.all_true(f64x2.le(f64x2.abs(x), f64x2.splat(LARGE)))) return sineModerate(x, turns);
  return sineEach(x, turns);
}

// Measured, one core (Ice Lake 2.8 GHz, Node 20): 8.3 ns/element (37 above LARGE); Math.sin 11.8.
// Error, 30,000 random arguments against mpmath: at most 0.65 units in the last place.
// @ts-ignore: decorator
@inline
export function sinDouble(x: v128): v128 {
  return sineTurned(x, 0);
}

// Measured, one core (Ice Lake 2.8 GHz, Node 20): 8.3 ns/element (37 above LARGE); Math.cos 11.8.
// Error, 30,000 random arguments against mpmath: at most 0.72 units in the last place.
// @ts-ignore: decorator
@inline
export function cosDouble(x: v128): v128 {
  return sineTurned(x, 1);
}

/** float64 lanes that came from float32, up to LARGE: relative error 2^-34 (FreeBSD's k_sinf.c and k_cosf.c). */
// @ts-ignore: decorator
@inline
function sineForSingle(x: v128, turns: i64): v128 {
  const counted = f64x2.add(f64x2.mul(x, f64x2.splat(TWO_OVER_PI)), f64x2.splat(ROUND_TO_WHOLE));
  const n = f64x2.sub(counted, f64x2.splat(ROUND_TO_WHOLE));
  const first = f64x2.sub(x, f64x2.mul(n, f64x2.splat(HALF_PI_1)));
  const r = f64x2.sub(first, f64x2.mul(n, f64x2.splat(HALF_PI_2_REST)));
  const z = f64x2.mul(r, r);
  let sine = f64x2.splat(2.718311493989822e-06);
  sine = step(sine, z, -0.00019839334836096632);
  sine = step(sine, z, 0.008333329385889463);
  sine = step(sine, z, -0.16666666641626524);
  sine = f64x2.mul(step(sine, z, 1), r);
  let cosine = f64x2.splat(2.439044879627741e-05);
  cosine = step(cosine, z, -0.001388676377460993);
  cosine = step(cosine, z, 0.04166662332373906);
  cosine = step(cosine, z, -0.499999997251031);
  cosine = step(cosine, z, 1);
  const turned = turns == 0 ? counted : i64x2.add(counted, i64x2.splat(turns));
  return v128.xor(v128.bitselect(cosine, sine, oddQuarter(turned)), signOfQuarter(turned));
}

function sineEach4(x: v128, turns: i64): v128 {
  return joinHalves(sineEach(lowHalf(x), turns), sineEach(highHalf(x), turns));
}

/** Some lane is large: the others get what they would get alone. */
function sineMixed4(x: v128, turns: i64): v128 {
  const moderate = f32x4.le(f32x4.abs(x), f32x4.splat(LARGE_SINGLE));
  const near = joinHalves(sineForSingle(lowHalf(x), turns), sineForSingle(highHalf(x), turns));
  return v128.bitselect(near, sineEach4(x, turns), moderate);
}

// @ts-ignore: decorator
@inline
function sineTurned4(x: v128, turns: i64): v128 {
  if (i32x4.all_true(f32x4.le(f32x4.abs(x), f32x4.splat(LARGE_SINGLE)))) {
    return joinHalves(sineForSingle(lowHalf(x), turns), sineForSingle(highHalf(x), turns));
  }
  return sineMixed4(x, turns);
}

// Measured, one core (Ice Lake 2.8 GHz, Node 20): 3.5 ns/element (40 above LARGE); Math.sin 11.8.
// Error over all 2^32 arguments: at most 0.5009 units in the last place.
// @ts-ignore: decorator
@inline
export function sin4(x: v128): v128 {
  return sineTurned4(x, 0);
}

// Measured, one core (Ice Lake 2.8 GHz, Node 20): 3.5 ns/element (40 above LARGE); Math.cos 11.8.
// Error over all 2^32 arguments: at most 0.5009 units in the last place.
// @ts-ignore: decorator
@inline
export function cos4(x: v128): v128 {
  return sineTurned4(x, 1);
}

/** Sine of every lane of T. */
// @ts-ignore: decorator
@inline
export function sin<T>(x: v128): v128 {
  return sizeof<T>() == 4 ? sin4(x) : sinDouble(x);
}

/** Cosine of every lane of T. */
// @ts-ignore: decorator
@inline
export function cos<T>(x: v128): v128 {
  return sizeof<T>() == 4 ? cos4(x) : cosDouble(x);
}

export function sinScalar(x: f64): f64 {
  return f64x2.extract_lane(sinDouble(f64x2.splat(x)), 0);
}

export function cosScalar(x: f64): f64 {
  return f64x2.extract_lane(cosDouble(f64x2.splat(x)), 0);
}
