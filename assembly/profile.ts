// One source, two builds. FUSED is a build constant from asconfig.json: 0 in the strict build, 1 in the fused one.

/** a * b + c: two roundings in the strict build, hardware multiply-add (one rounding) in the fused one. */
// @ts-ignore: decorator
@inline
export function multiplyAdd<T>(a: v128, b: v128, c: v128): v128 {
  // @ts-ignore: defined by asc --use
  if (FUSED) {
    if (sizeof<T>() == 4) return f32x4.relaxed_madd(a, b, c);
    return f64x2.relaxed_madd(a, b, c);
  }
  return v128.add<T>(v128.mul<T>(a, b), c);
}

/** Lanes of T in one 128-bit vector. */
// @ts-ignore: decorator
@inline
export function lanes<T>(): i32 {
  return <i32>(16 / sizeof<T>());
}
