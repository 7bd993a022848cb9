// Box-Muller over blocks of 16 uniforms, as PyTorch's randn does it
// (aten/src/ATen/native/cpu/DistributionTemplates.h: normal_fill).
//
// float32: PyTorch on x86 takes log, sin and cos from Cephes' logf.c and sinf.c (Moshier 1992; vectors of 8 in
// aten/src/ATen/native/cpu/avx_mathfun.h), and its compiler turns every product that is only added to
// something into a fused multiply-add. The same steps in the same order, each rounded once, give the same bits.
// Lanes of float64 hold the float32 values: their products are exact.
import { logDouble } from './math/log';
import { cosDouble, sinDouble } from './math/sine';
import { addRoundedToOdd, multiplyAddSingle, toSingle } from './rounding';

/** Values in a block. */
export const BLOCK: i32 = 16;
export const TWO_PI: f64 = 6.283185307179586;

// A block's eight pairs fill four vectors and take each step together: one vector's chain of steps alone
// would leave the processor waiting, and takes 1.8 times as long.

/** Cephes' coefficients are float32 numbers; log's from the second on. */
const LOG_STEPS: usize = memory.data<f64>([
  -0.11514610052108765, 0.11676998436450958, -0.12420140951871872, 0.14249323308467865,
  -0.16668057441711426, 0.2000071406364441, -0.24999994039535522, 0.3333333134651184,
]);
const LOG_STEPS_END: usize = LOG_STEPS + 8 * 8;
const LOG_FIRST: f64 = 0.07037683576345444;
const LOG_2_HIGH: f64 = 0.693359375;
const LOG_2_LOW: f64 = -0.00021219444170128554;

// Below, x = m 2^e with sqrt(1/2) <= m < sqrt(2).

/** x with the exponent of 1/2: m, or m / 2. */
// @ts-ignore: decorator
@inline
function halved(x: v128): v128 {
  return v128.or(v128.and(x, i64x2.splat(0x000fffffffffffff)), f64x2.splat(0.5));
}

/** Below sqrt(1/2), as float32. */
// @ts-ignore: decorator
@inline
function isBelowRoot(half: v128): v128 {
  return f64x2.lt(half, f64x2.splat(0.7071067690849304));
}

/** m - 1 */
// @ts-ignore: decorator
@inline
function fraction(x: v128): v128 {
  const half = halved(x);
  return f64x2.add(f64x2.sub(half, f64x2.splat(1)), v128.and(isBelowRoot(half), half));
}

/** e */
// @ts-ignore: decorator
@inline
function exponent(x: v128): v128 {
  return f64x2.sub(
    v128.or(i64x2.shr_u(x, 52), f64x2.splat(4503599627370496)),
    f64x2.add(f64x2.splat(4503599627370496 + 1022), v128.and(isBelowRoot(halved(x)), f64x2.splat(1))),
  );
}

/** sqrt(-2 log x) as float32 lanes 0 and 1, from f = m - 1 and Cephes' polynomial p(f). */
// @ts-ignore: decorator
@inline
function finishRadius(x: v128, f: v128, p: v128): v128 {
  const e = exponent(x), z = toSingle(f64x2.mul(f, f));
  p = toSingle(f64x2.mul(p, f));
  p = multiplyAddSingle(p, z, toSingle(f64x2.mul(e, f64x2.splat(LOG_2_LOW))));
  p = toSingle(f64x2.sub(p, f64x2.mul(z, f64x2.splat(0.5))));
  const log = multiplyAddSingle(e, f64x2.splat(LOG_2_HIGH), toSingle(f64x2.add(f, p)));
  return f32x4.demote_f64x2_zero(f64x2.sqrt(f64x2.mul(log, f64x2.splat(-2))));
}

// @ts-ignore: decorator
@inline
function oneMinus(at: usize): v128 {
  return f64x2.sub(f64x2.splat(1), f64x2.promote_low_f32x4(v128.load64_zero(at)));
}

/** data f32[8]: x becomes sqrt(-2 log(1 - x)). */
// @ts-ignore: decorator
@inline
function makeRadii(data: usize): void {
  const x0 = oneMinus(data);
  const x1 = oneMinus(data + 8);
  const x2 = oneMinus(data + 16);
  const x3 = oneMinus(data + 24);
  const f0 = fraction(x0), f1 = fraction(x1), f2 = fraction(x2), f3 = fraction(x3);
  let p0 = f64x2.splat(LOG_FIRST), p1 = p0, p2 = p0, p3 = p0;
  for (let at = LOG_STEPS; at < LOG_STEPS_END; at += 8) {
    const c = v128.load64_splat(at);
    p0 = multiplyAddSingle(p0, f0, c);
    p1 = multiplyAddSingle(p1, f1, c);
    p2 = multiplyAddSingle(p2, f2, c);
    p3 = multiplyAddSingle(p3, f3, c);
  }
  v128.store64_lane(data, finishRadius(x0, f0, p0), 0);
  v128.store64_lane(data + 8, finishRadius(x1, f1, p1), 0);
  v128.store64_lane(data + 16, finishRadius(x2, f2, p2), 0);
  v128.store64_lane(data + 24, finishRadius(x3, f3, p3), 0);
}

/** n std + mean rounded once to float32, into two float32; for a mean of 0 the product is exact before that. */
// @ts-ignore: decorator
@inline
function storeSingles(at: usize, n: v128, mean: v128, std: v128, isCentred: bool): void {
  const product = f64x2.mul(n, std);
  const value = isCentred ? f64x2.add(product, mean) : addRoundedToOdd(product, mean);
  v128.store64_lane(at, f32x4.demote_f64x2_zero(value), 0);
}

/** Two angles 2 pi u, float32. */
// @ts-ignore: decorator
@inline
function angleOf(at: usize): v128 {
  return toSingle(f64x2.mul(f64x2.splat(<f64>(<f32>TWO_PI)), f64x2.promote_low_f32x4(v128.load64_zero(at))));
}

/** The even whole number nearest to angle / (pi/4), as Cephes rounds it. */
// @ts-ignore: decorator
@inline
function evenOctant(angle: v128): v128 {
  const scaled = toSingle(f64x2.mul(angle, f64x2.splat(<f64>(<f32>1.27323954473516))));
  const halfUp = f64x2.mul(f64x2.add(f64x2.floor(scaled), f64x2.splat(1)), f64x2.splat(0.5));
  return f64x2.mul(f64x2.floor(halfUp), f64x2.splat(2));
}

/** From c = cos x and s = sin x: n std + mean for n = radius cos(q pi/4 + x) to `at`, and for the sine 8 values on. */
// @ts-ignore: decorator
@inline
function storeTurned(at: usize, q: v128, c: v128, s: v128, mean: v128, std: v128, isCentred: bool): void {
  const bits = f64x2.add(q, f64x2.splat(4503599627370496)); // ending in q's
  const isSwapped = i64x2.shr_s(i64x2.shl(bits, 62), 63);
  const sineSign = i64x2.shl(i64x2.shr_u(bits, 2), 63);
  const cosineSign = v128.xor(sineSign, i64x2.shl(isSwapped, 63));
  const cosine = v128.xor(v128.bitselect(s, c, isSwapped), cosineSign);
  const sine = v128.xor(v128.bitselect(c, s, isSwapped), sineSign);
  const radius = f64x2.promote_low_f32x4(v128.load64_zero(at));
  storeSingles(at, toSingle(f64x2.mul(radius, cosine)), mean, std, isCentred);
  storeSingles(at + 32, toSingle(f64x2.mul(radius, sine)), mean, std, isCentred);
}

/** data f32[16]: radii, then u's, become normals. */
// @ts-ignore: decorator
@inline
function turnRadii(data: usize, mean: v128, std: v128): void {
  const isCentred = i64x2.all_true(f64x2.eq(mean, f64x2.splat(0)));
  const a0 = angleOf(data + 32), a1 = angleOf(data + 40), a2 = angleOf(data + 48), a3 = angleOf(data + 56);
  const q0 = evenOctant(a0), q1 = evenOctant(a1), q2 = evenOctant(a2), q3 = evenOctant(a3);
  let k = f64x2.splat(-0.78515625);
  let x0 = multiplyAddSingle(q0, k, a0), x1 = multiplyAddSingle(q1, k, a1), x2 = multiplyAddSingle(q2, k, a2), x3 = multiplyAddSingle(q3, k, a3);
  k = f64x2.splat(-2.4187564849853515625e-4);
  x0 = multiplyAddSingle(q0, k, x0);
  x1 = multiplyAddSingle(q1, k, x1);
  x2 = multiplyAddSingle(q2, k, x2);
  x3 = multiplyAddSingle(q3, k, x3);
  k = f64x2.splat(-3.774895063202166e-08);
  x0 = multiplyAddSingle(q0, k, x0);
  x1 = multiplyAddSingle(q1, k, x1);
  x2 = multiplyAddSingle(q2, k, x2);
  x3 = multiplyAddSingle(q3, k, x3);
  const z0 = toSingle(f64x2.mul(x0, x0)), z1 = toSingle(f64x2.mul(x1, x1)), z2 = toSingle(f64x2.mul(x2, x2)), z3 = toSingle(f64x2.mul(x3, x3));
  k = f64x2.splat(2.44331567955669e-05);
  let c0 = k, c1 = k, c2 = k, c3 = k;
  k = f64x2.splat(-0.0013887316454201937);
  c0 = multiplyAddSingle(c0, z0, k);
  c1 = multiplyAddSingle(c1, z1, k);
  c2 = multiplyAddSingle(c2, z2, k);
  c3 = multiplyAddSingle(c3, z3, k);
  k = f64x2.splat(0.04166664555668831);
  c0 = multiplyAddSingle(c0, z0, k);
  c1 = multiplyAddSingle(c1, z1, k);
  c2 = multiplyAddSingle(c2, z2, k);
  c3 = multiplyAddSingle(c3, z3, k);
  c0 = multiplyAddSingle(toSingle(f64x2.mul(c0, z0)), z0, f64x2.mul(z0, f64x2.splat(-0.5)));
  c1 = multiplyAddSingle(toSingle(f64x2.mul(c1, z1)), z1, f64x2.mul(z1, f64x2.splat(-0.5)));
  c2 = multiplyAddSingle(toSingle(f64x2.mul(c2, z2)), z2, f64x2.mul(z2, f64x2.splat(-0.5)));
  c3 = multiplyAddSingle(toSingle(f64x2.mul(c3, z3)), z3, f64x2.mul(z3, f64x2.splat(-0.5)));
  k = f64x2.splat(-0.00019515295571181923);
  let s0 = k, s1 = k, s2 = k, s3 = k;
  k = f64x2.splat(0.008332161232829094);
  s0 = multiplyAddSingle(s0, z0, k);
  s1 = multiplyAddSingle(s1, z1, k);
  s2 = multiplyAddSingle(s2, z2, k);
  s3 = multiplyAddSingle(s3, z3, k);
  k = f64x2.splat(-0.16666655242443085);
  s0 = multiplyAddSingle(s0, z0, k);
  s1 = multiplyAddSingle(s1, z1, k);
  s2 = multiplyAddSingle(s2, z2, k);
  s3 = multiplyAddSingle(s3, z3, k);
  s0 = multiplyAddSingle(toSingle(f64x2.mul(s0, z0)), x0, x0);
  s1 = multiplyAddSingle(toSingle(f64x2.mul(s1, z1)), x1, x1);
  s2 = multiplyAddSingle(toSingle(f64x2.mul(s2, z2)), x2, x2);
  s3 = multiplyAddSingle(toSingle(f64x2.mul(s3, z3)), x3, x3);
  storeTurned(data, q0, toSingle(f64x2.add(c0, f64x2.splat(1))), s0, mean, std, isCentred);
  storeTurned(data + 8, q1, toSingle(f64x2.add(c1, f64x2.splat(1))), s1, mean, std, isCentred);
  storeTurned(data + 16, q2, toSingle(f64x2.add(c2, f64x2.splat(1))), s2, mean, std, isCentred);
  storeTurned(data + 24, q3, toSingle(f64x2.add(c3, f64x2.splat(1))), s3, mean, std, isCentred);
}

// @ts-ignore: decorator
@inline
function transformDoubles(data: usize, mean: v128, std: v128): void {
  for (let end = data + 64; data < end; data += 16) {
    const log = logDouble(f64x2.sub(f64x2.splat(1), v128.load(data)));
    const radius = f64x2.sqrt(f64x2.mul(log, f64x2.splat(-2)));
    const angle = f64x2.mul(f64x2.splat(TWO_PI), v128.load(data, 64));
    v128.store(data, f64x2.add(f64x2.mul(f64x2.mul(radius, cosDouble(angle)), std), mean));
    v128.store(data + 64, f64x2.add(f64x2.mul(f64x2.mul(radius, sinDouble(angle)), std), mean));
  }
}

/** data T[16], uniforms in [0, 1), becomes normals: the pairs are (data[j], data[j + 8]). */
// @ts-ignore: decorator
@inline
export function transformBlock<T>(data: usize, mean: v128, std: v128): void {
  if (sizeof<T>() == 4) {
    makeRadii(data);
    turnRadii(data, mean, std);
  } else transformDoubles(data, mean, std);
}
