// Text as the original Python programs write it, so that their readers can read ours.

/** Names whose values the original holds as floats: `1` is written `1.0` under them. */
const FLOAT_NAMES = new Set(['std', 'sigma', 'teacher_lr', 'student_lr']);

function withExponent(digits: string, exponent: number): string {
  const mantissa = digits.length > 1 ? `${digits[0]}.${digits.slice(1)}` : digits;
  return `${mantissa}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
}

function withoutExponent(digits: string, exponent: number): string {
  if (exponent < 0) return `0.${'0'.repeat(-exponent - 1)}${digits}`;
  const padded = digits.padEnd(exponent + 1, '0');
  return padded.length === exponent + 1 ? padded : `${padded.slice(0, exponent + 1)}.${padded.slice(exponent + 1)}`;
}

/** Significant digits without trailing zeros, and the decimal exponent of the first. */
function decimalParts(text: string): { digits: string; exponent: number } {
  const [mantissa, exponent] = text.split('e') as [string, string];
  const digits = mantissa.replace('.', '').replace(/0+$/, '');
  return { digits: digits === '' ? '0' : digits, exponent: Number(exponent) };
}

function nonFinite(value: number): string {
  return Number.isNaN(value) ? 'nan' : value > 0 ? 'inf' : '-inf';
}

/** Twelve significant digits. Python rounds an exact tie to the even digit, JavaScript away from zero. */
function twelveDigits(magnitude: number): string {
  // 100 digits tell a tie (12 digits, a 5, nothing more) from any other double.
  const exact = magnitude.toExponential(100);
  const isTie = /^\d\.\d{11}50+e/.test(exact);
  return isTie && Number(exact[12]) % 2 === 0 ? exact.replace(/^(\d\.\d{11})\d+/, '$1') : magnitude.toExponential(11);
}

/** `f"{value:.12g}"`; nan, inf and -inf by name. */
export function formatTwelveDigits(value: number): string {
  if (!Number.isFinite(value)) return nonFinite(value);
  const sign = value < 0 || Object.is(value, -0) ? '-' : '';
  const { digits, exponent } = decimalParts(twelveDigits(Math.abs(value)));
  return sign + (exponent < -4 || exponent >= 12 ? withExponent(digits, exponent) : withoutExponent(digits, exponent));
}

/** `repr(float(value))`. */
export function formatPythonFloat(value: number): string {
  if (!Number.isFinite(value)) return nonFinite(value);
  const sign = value < 0 || Object.is(value, -0) ? '-' : '';
  const { digits, exponent } = decimalParts(Math.abs(value).toExponential());
  if (exponent < -4 || exponent >= 16) return sign + withExponent(digits, exponent);
  const text = withoutExponent(digits, exponent);
  return sign + (text.includes('.') ? text : `${text}.0`);
}

function quoteAscii(text: string): string {
  return JSON.stringify(text).replace(/[\u007f-\uffff]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function formatJsonNumber(value: number, name: string): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value > 0 ? 'Infinity' : '-Infinity';
  return Number.isInteger(value) && !FLOAT_NAMES.has(name) ? String(value) : formatPythonFloat(value);
}

/** Python's order of texts: by code point, where JavaScript's `<` compares UTF-16 units. */
function compareCodePoints(a: string, b: string): number {
  const [left, right] = [Array.from(a), Array.from(b)];
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const difference = left[i]!.codePointAt(0)! - right[i]!.codePointAt(0)!;
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

/** `json.dumps(value, sort_keys=True)`: keys by code point, ASCII, a space after `:` and `,`. */
export function formatPythonJson(value: unknown, name = ''): string {
  if (value === null || value === undefined) return 'null';
  if (typeof value === 'number') return formatJsonNumber(value, name);
  if (typeof value === 'boolean' || typeof value === 'bigint') return String(value);
  if (typeof value === 'string') return quoteAscii(value);
  if (Array.isArray(value)) return `[${value.map((item) => formatPythonJson(item, name)).join(', ')}]`;
  const entries = Object.entries(value).sort(([a], [b]) => compareCodePoints(a, b));
  return `{${entries.map(([key, item]) => `${quoteAscii(key)}: ${formatPythonJson(item, key)}`).join(', ')}}`;
}
