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

/** p z + c rounded to float32. */
// @ts-ignore: decorator
@inline
function step(p: v128, z: v128, c: f32): v128 {
  return multiplyAddSingle(p, z, f64x2.splat(<f64>c));
}

/** log(x) for two float32 in [2^-24, 1]. */
// @ts-ignore: decorator
@inline
function logSingle(x: v128): v128 {
  // x = m 2^e with sqrt(1/2) <= m < sqrt(2)
  const half = v128.or(v128.and(x, i64x2.splat(0x000fffffffffffff)), f64x2.splat(0.5));
  const isLow = f64x2.lt(half, f64x2.splat(<f64>(<f32>0.707106781186547524)));
  const exponent = f64x2.sub(
    v128.or(i64x2.shr_u(x, 52), f64x2.splat(4503599627370496)),
    f64x2.add(f64x2.splat(4503599627370496 + 1022), v128.and(isLow, f64x2.splat(1))),
  );
  const f = f64x2.add(f64x2.sub(half, f64x2.splat(1)), v128.and(isLow, half));
  const z = toSingle(f64x2.mul(f, f));
  let p = f64x2.splat(<f64>(<f32>7.0376836292e-2));
  p = step(p, f, -1.1514610310e-1);
  p = step(p, f, 1.1676998740e-1);
  p = step(p, f, -1.2420140846e-1);
  p = step(p, f, 1.4249322787e-1);
  p = step(p, f, -1.6668057665e-1);
  p = step(p, f, 2.0000714765e-1);
  p = step(p, f, -2.4999993993e-1);
  p = step(p, f, 3.3333331174e-1);
  p = toSingle(f64x2.mul(p, f));
  // log 2 = 0.693359375 - 2.12194440e-4
  p = multiplyAddSingle(p, z, toSingle(f64x2.mul(exponent, f64x2.splat(<f64>(<f32>-2.12194440e-4)))));
  p = toSingle(f64x2.sub(p, f64x2.mul(z, f64x2.splat(0.5))));
  return multiplyAddSingle(exponent, f64x2.splat(0.693359375), toSingle(f64x2.add(f, p)));
}

/** n std + mean rounded once to float32, into two float32. */
// @ts-ignore: decorator
@inline
function storeSingles(at: usize, n: v128, mean: v128, std: v128): void {
  v128.store64_lane(at, f32x4.demote_f64x2_zero(addRoundedToOdd(f64x2.mul(n, std), mean)), 0);
}

/** Two float32 radii and angles in [0, 2 pi]: radius cos(angle) to `cosines`, radius sin(angle) to `sines`. */
// @ts-ignore: decorator
@inline
function storePolar(cosines: usize, sines: usize, radius: v128, angle: v128, mean: v128, std: v128): void {
  // The angle is q pi/4 + x with q even and |x| <= pi/4; the bits of 2^52 + q end in q.
  const scaled = toSingle(f64x2.mul(angle, f64x2.splat(<f64>(<f32>1.27323954473516))));
  const halfUp = f64x2.mul(f64x2.add(f64x2.floor(scaled), f64x2.splat(1)), f64x2.splat(0.5));
  const q = f64x2.mul(f64x2.floor(halfUp), f64x2.splat(2));
  const bits = f64x2.add(q, f64x2.splat(4503599627370496));
  let x = multiplyAddSingle(q, f64x2.splat(-0.78515625), angle);
  x = multiplyAddSingle(q, f64x2.splat(-2.4187564849853515625e-4), x);
  x = multiplyAddSingle(q, f64x2.splat(<f64>(<f32>-3.77489497744594108e-8)), x);
  const z = toSingle(f64x2.mul(x, x));
  let c = f64x2.splat(<f64>(<f32>2.443315711809948e-5));
  c = step(c, z, -1.388731625493765e-3);
  c = step(c, z, 4.166664568298827e-2);
  c = toSingle(f64x2.mul(c, z));
  c = multiplyAddSingle(c, z, f64x2.mul(z, f64x2.splat(-0.5)));
  c = toSingle(f64x2.add(c, f64x2.splat(1)));
  let s = f64x2.splat(<f64>(<f32>-1.9515295891e-4));
  s = step(s, z, 8.3321608736e-3);
  s = step(s, z, -1.6666654611e-1);
  s = toSingle(f64x2.mul(s, z));
  s = multiplyAddSingle(s, x, x);
  const isSwapped = i64x2.shr_s(i64x2.shl(bits, 62), 63);
  const sineSign = i64x2.shl(i64x2.shr_u(bits, 2), 63);
  const cosineSign = v128.xor(sineSign, i64x2.shl(isSwapped, 63));
  const cosine = v128.xor(v128.bitselect(s, c, isSwapped), cosineSign);
  const sine = v128.xor(v128.bitselect(c, s, isSwapped), sineSign);
  storeSingles(cosines, toSingle(f64x2.mul(radius, cosine)), mean, std);
  storeSingles(sines, toSingle(f64x2.mul(radius, sine)), mean, std);
}

// @ts-ignore: decorator
@inline
function transformSingles(data: usize, mean: v128, std: v128): void {
  const one = f64x2.splat(1), twoPi = f64x2.splat(<f64>(<f32>TWO_PI));
  const end = data + 32;
  // Two loops, because short ones overlap in the processor: 1.6 times as fast as one.
  for (let at = data; at < end; at += 8) {
    const log = logSingle(f64x2.sub(one, f64x2.promote_low_f32x4(v128.load64_zero(at))));
    const radius = f64x2.sqrt(f64x2.mul(log, f64x2.splat(-2)));
    v128.store64_lane(at, f32x4.demote_f64x2_zero(radius), 0);
  }
  for (; data < end; data += 8) {
    const radius = f64x2.promote_low_f32x4(v128.load64_zero(data));
    const angle = toSingle(f64x2.mul(twoPi, f64x2.promote_low_f32x4(v128.load64_zero(data, 32))));
    storePolar(data, data + 32, radius, angle, mean, std);
  }
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
  if (sizeof<T>() == 4) transformSingles(data, mean, std);
  else transformDoubles(data, mean, std);
}
