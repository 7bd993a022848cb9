// Pieces the functions of this folder share. Everything here and in its neighbours is IEEE add,
// multiply, divide, square root, conversion or bit work on one lane at a time, so the same bits come
// out of every engine, out of both builds (multiplyAdd is not used), and whatever the other lanes hold.

/** Adding this to a float64 below 2^51 rounds it to a whole number, which then fills the low bits. */
export const ROUND_TO_WHOLE: f64 = 6755399441055744.0; // 1.5 * 2^52

/** p * z + c: one step of Horner's rule. */
// @ts-ignore: decorator
@inline
export function step(p: v128, z: v128, c: f64): v128 {
  return f64x2.add(f64x2.mul(p, z), f64x2.splat(c));
}

/** float32 lanes 0 and 1 as float64. */
// @ts-ignore: decorator
@inline
export function lowHalf(x: v128): v128 {
  return f64x2.promote_low_f32x4(x);
}

/** float32 lanes 2 and 3 as float64. */
// @ts-ignore: decorator
@inline
export function highHalf(x: v128): v128 {
  return f64x2.promote_low_f32x4(v128.shuffle<i64>(x, x, 1, 1));
}

/** Two float64 halves rounded to one float32 vector. */
// @ts-ignore: decorator
@inline
export function joinHalves(low: v128, high: v128): v128 {
  return v128.shuffle<i64>(f32x4.demote_f64x2_zero(low), f32x4.demote_f64x2_zero(high), 0, 2);
}

/** `result`, with the one canonical NaN in the lanes where x is NaN: an engine's own NaN bits vary. */
// @ts-ignore: decorator
@inline
export function keepNaN<T>(result: v128, x: v128): v128 {
  return v128.bitselect(v128.splat<T>(<T>NaN), result, v128.ne<T>(x, x));
}

/** The magnitude of `result` with the sign of x. */
// @ts-ignore: decorator
@inline
export function withSignOf<T>(result: v128, x: v128): v128 {
  return v128.or(result, v128.and(x, v128.splat<T>(<T>-0.0)));
}
