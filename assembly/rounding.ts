// Sums and products rounded once where WebAssembly would round twice, so that both builds give what
// hardware multiply-add gives. float64 lanes throughout; no intermediate may overflow.

/** a + b rounded to odd: rounding it again to fewer bits gives the exact sum rounded once (Boldo & Melquiond 2008). */
// @ts-ignore: decorator
@inline
export function addRoundedToOdd(a: v128, b: v128): v128 {
  const sum = f64x2.add(a, b);
  const part = f64x2.sub(sum, a);
  const error = f64x2.add(f64x2.sub(a, f64x2.sub(sum, part)), f64x2.sub(b, part));
  const one = i64x2.splat(1);
  const isEven = i64x2.eq(v128.and(sum, one), i64x2.splat(0));
  const isInexact = f64x2.ne(error, f64x2.splat(0));
  const towardsError = v128.or(i64x2.shr_s(v128.xor(sum, error), 63), one);
  return i64x2.add(sum, v128.and(v128.and(isEven, isInexact), towardsError));
}

/** a b + c with one rounding to float64: Dekker's exact product, then a rounding to odd (Boldo & Melquiond 2008). */
// @ts-ignore: decorator
@inline
export function multiplyAddExactly(a: v128, b: v128, c: v128): v128 {
  const split = f64x2.splat(134217729); // 2^27 + 1
  const aScaled = f64x2.mul(a, split), bScaled = f64x2.mul(b, split);
  const aHigh = f64x2.sub(aScaled, f64x2.sub(aScaled, a)), bHigh = f64x2.sub(bScaled, f64x2.sub(bScaled, b));
  const aLow = f64x2.sub(a, aHigh), bLow = f64x2.sub(b, bHigh);
  const product = f64x2.mul(a, b);
  let low = f64x2.sub(f64x2.mul(aHigh, bHigh), product);
  low = f64x2.add(low, f64x2.mul(aHigh, bLow));
  low = f64x2.add(low, f64x2.mul(aLow, bHigh));
  low = f64x2.add(low, f64x2.mul(aLow, bLow));
  const inner = f64x2.add(c, low);
  const innerPart = f64x2.sub(inner, c);
  const innerError = f64x2.add(f64x2.sub(c, f64x2.sub(inner, innerPart)), f64x2.sub(low, innerPart));
  const outer = f64x2.add(product, inner);
  const outerPart = f64x2.sub(outer, product);
  const outerError = f64x2.add(f64x2.sub(product, f64x2.sub(outer, outerPart)), f64x2.sub(inner, outerPart));
  return f64x2.add(outer, addRoundedToOdd(innerError, outerError));
}

/** x rounded to float32, held in float64. */
// @ts-ignore: decorator
@inline
export function toSingle(x: v128): v128 {
  return f64x2.promote_low_f32x4(f32x4.demote_f64x2_zero(x));
}

function addTied(a: v128, b: v128): v128 {
  return toSingle(addRoundedToOdd(a, b));
}

/**
 * a b + c rounded once to float32, all held in float64; the result is zero or a normal float32.
 * The sum is rounded by adding half of float32's last place to its bits and cutting the rest off. That is
 * wrong only for a tie, which is also the only case where the sum's own rounding matters.
 */
// @ts-ignore: decorator
@inline
export function multiplyAddSingle(a: v128, b: v128, c: v128): v128 {
  const product = f64x2.mul(a, b);
  const raised = i64x2.add(f64x2.add(product, c), i64x2.splat(0x10000000));
  const rounded = v128.and(raised, i64x2.splat(~0x1fffffff));
  if (v128.any_true(i64x2.eq(raised, rounded))) return addTied(product, c);
  return rounded;
}
