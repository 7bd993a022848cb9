// Decimal numbers read from bytes, correctly rounded, without a string for each.

const PLUS = 43;
const MINUS = 45;
const POINT = 46;
const ZERO = 48;
const UPPER_E = 69;
const LOWER_E = 101;

/** Every whole number of so many digits, and every power of ten up to the 22nd, is a float64 exactly. */
const EXACT_DIGITS = 15;
const EXACT_POWERS = Float64Array.from({ length: 23 }, (_, power) => Number(`1e${power}`));

/** Far beyond the largest and smallest float64, and still a safe integer after one more digit. */
const MOST_EXPONENT = 1e9;

const decoder = new TextDecoder();

/**
 * Reads `[+-]digits[.digits][e[+-]digits]`, one digit at least before the exponent, from `bytes[start..end)`.
 * Of few digits and a small power of ten it is one exact product or quotient (Clinger 1990), rounded once;
 * anything else goes through the language's own conversion, which every engine rounds correctly.
 *
 * @returns the nearest float64, +-Infinity beyond the largest; NaN when the bytes are not such a number as a whole
 */
export function parseDecimal(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  const isNegative = at < end && bytes[at] === MINUS;
  if (isNegative || (at < end && bytes[at] === PLUS)) at++;
  const first = at;
  let whole = 0;
  let significant = 0;
  let power = 0;
  let pointAt = -1;
  for (; at < end; at++) {
    const byte = bytes[at];
    const digit = byte - ZERO;
    if (digit >= 0 && digit <= 9) {
      whole = whole * 10 + digit;
      if (whole !== 0) significant++;
    } else if (byte === POINT && pointAt < 0) pointAt = at;
    else break;
  }
  if (pointAt >= 0) power = pointAt + 1 - at;
  if (at - first - (pointAt >= 0 ? 1 : 0) === 0) return NaN;
  if (at < end) power += parseExponent(bytes, at, end);
  if (Number.isNaN(power)) return NaN;
  if (significant > EXACT_DIGITS || power < -22 || power > 22) return Number(decoder.decode(bytes.subarray(start, end)));
  const size = power < 0 ? whole / EXACT_POWERS[-power] : whole * EXACT_POWERS[power];
  return isNegative ? -size : size;
}

/** `e[+-]digits` up to `end`, of a size cut at a billion; NaN when it is anything else. */
function parseExponent(bytes: Uint8Array, start: number, end: number): number {
  if (bytes[start] !== LOWER_E && bytes[start] !== UPPER_E) return NaN;
  let at = start + 1;
  const isNegative = at < end && bytes[at] === MINUS;
  if (isNegative || (at < end && bytes[at] === PLUS)) at++;
  if (at === end) return NaN;
  let exponent = 0;
  for (; at < end; at++) {
    const digit = bytes[at] - ZERO;
    if (digit < 0 || digit > 9) return NaN;
    exponent = Math.min(exponent * 10 + digit, MOST_EXPONENT);
  }
  return isNegative ? -exponent : exponent;
}
