// Payne and Hanek's reduction ("Radian reduction for trigonometric functions", 1983): of 2/pi, only
// the 192 bits that matter for this exponent are multiplied by the integer significand. Bits above
// them add whole turns; bits below change the fraction by less than 2^-137, and no double lies
// nearer than about 2^-62 to a multiple of pi/2.
import { sineOfQuarter } from './quarter';

// 64 zero bits, then the first 1216 of 2/pi, most significant first (test/reference/math_reference.py coefficients).
// @ts-ignore: decorator
@inline
const TWO_OVER_PI_BITS: usize = memory.data<u64>([
  0x0000000000000000, 0xa2f9836e4e441529, 0xfc2757d1f534ddc0, 0xdb6295993c439041, 0xfe5163abdebbc561,
  0xb7246e3a424dd2e0, 0x06492eea09d1921c, 0xfe1deb1cb129a73e, 0xe88235f52ebb4484, 0xe99c7026b45f7e41,
  0x3991d639835339f4, 0x9c845f8bbdf9283b, 0x1ff897ffde05980f, 0xef2f118b5a0a6d1f, 0x6d367ecf27cb09b7,
  0x4f463f669e5fea2d, 0x7527bac7ebe5f17b, 0x3d0739f78a5292ea, 0x6bfb5fb11f8d5d08, 0x56033046fc7b6bab,
]);

/** The high 64 bits of a 128-bit product. */
function multiplyHigh(a: u64, b: u64): u64 {
  const aLow = a & 0xffffffff, aHigh = a >> 32, bLow = b & 0xffffffff, bHigh = b >> 32;
  const middle = aHigh * bLow + ((aLow * bLow) >> 32);
  const carry = ((middle & 0xffffffff) + aLow * bHigh) >> 32;
  return aHigh * bHigh + (middle >> 32) + carry;
}

/** 64 bits of 2/pi from bit `index` of the table on. */
// @ts-ignore: decorator
@inline
function bitsFrom(index: i32): u64 {
  const word = TWO_OVER_PI_BITS + (<usize>(index >> 6) << 3);
  const shift = <u64>(index & 63);
  const high = load<u64>(word) << shift;
  return shift == 0 ? high : high | (load<u64>(word, 8) >> (64 - shift));
}

/** sin(x + turns pi/2) for finite |x| >= 2^20. */
export function sineOfLarge(x: f64, turns: i64): f64 {
  const bits = reinterpret<u64>(x);
  const significand = (bits & 0x000fffffffffffff) | 0x0010000000000000;
  // |x| = significand 2^power; the first bit taken is worth 2 turns of pi/2 after the product.
  const power = <i32>((bits >> 52) & 0x7ff) - 1075;
  const index = 62 + power;
  const top = bitsFrom(index), middle = bitsFrom(index + 64), bottom = bitsFrom(index + 128);
  // The product modulo 4 (192 bits, the point after the first two).
  const lowMiddle = middle * significand;
  const productMiddle = lowMiddle + multiplyHigh(bottom, significand);
  const carry = <u64>(productMiddle < lowMiddle);
  const productTop = top * significand + multiplyHigh(middle, significand) + carry;
  const productBottom = bottom * significand;
  // The nearest quarter, and the signed fraction that is left.
  let quarter = <i64>(productTop >> 62);
  let high = (productTop << 2) | (productMiddle >> 62);
  let low = (productMiddle << 2) | (productBottom >> 62);
  const past = high >> 63 != 0;
  if (past) {
    quarter++;
    high = ~high;
    low = ~low;
  }
  let scale = clz(high);
  if (scale != 0) {
    high = (high << scale) | (low >> (64 - scale));
    low <<= scale;
  }
  // fraction = (a + b 2^-26 + c 2^-79) 2^-(26 + scale), times pi/2 in pieces of 26 bits: exact products of a.
  const a = <f64>(high >> 38);
  const b = <f64>((high >> 12) & 0x3ffffff);
  const c = <f64>(((high & 0xfff) << 41) | (low >> 23));
  const two26: f64 = 1.0 / 67108864, two79: f64 = two26 * two26 * two26 * 0.5;
  const piece1 = 1.5707963109016418, piece2 = 1.5893254712295857e-8, piece3 = 6.123233995736766e-17;
  const main = a * piece1;
  const rest = (a * piece2 + b * two26 * piece1) + (b * two26 * piece2 + a * piece3 + c * two79 * piece1);
  const factor = reinterpret<f64>((1023 - 26 - scale) << 52);
  let head = main + rest;
  let tail = ((main - head) + rest) * factor;
  head *= factor;
  if (past) {
    head = -head;
    tail = -tail;
  }
  if (x < 0) {
    quarter = -quarter;
    head = -head;
    tail = -tail;
  }
  return f64x2.extract_lane(sineOfQuarter(f64x2.splat(head), f64x2.splat(tail), i64x2.splat(quarter + turns)), 0);
}
