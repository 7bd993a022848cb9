// UTF-8 as SentencePiece reads it (src/util.cc): a byte that begins no valid character counts as one U+FFFD.

export const REPLACEMENT_CHARACTER = 0xfffd;

/**
 * The bytes of a string. A lone surrogate becomes the three bytes that Python's `surrogatepass` gives it, which no
 * reader of UTF-8 takes for a character.
 */
export function encodeUtf8(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length * 3);
  let size = 0;
  for (let i = 0; i < text.length; i++) {
    let point = text.charCodeAt(i);
    if (point < 0x80) {
      bytes[size++] = point;
      continue;
    }
    if (point >= 0xd800 && point < 0xdc00 && i + 1 < text.length) {
      const low = text.charCodeAt(i + 1);
      if (low >= 0xdc00 && low < 0xe000) {
        point = 0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00);
        i++;
      }
    }
    if (point >= 0x10000) {
      bytes[size++] = 0xf0 | (point >> 18);
      bytes[size++] = 0x80 | ((point >> 12) & 0x3f);
      bytes[size++] = 0x80 | ((point >> 6) & 0x3f);
    } else if (point >= 0x800) {
      bytes[size++] = 0xe0 | (point >> 12);
      bytes[size++] = 0x80 | ((point >> 6) & 0x3f);
    } else bytes[size++] = 0xc0 | (point >> 6);
    bytes[size++] = 0x80 | (point & 0x3f);
  }
  return bytes.subarray(0, size);
}

function isTrail(byte: number): boolean {
  return (byte & 0xc0) === 0x80;
}

function isScalar(point: number): boolean {
  return point < 0xd800 || (point >= 0xe000 && point <= 0x10ffff);
}

/**
 * The character at a byte, as `code point * 8 + bytes`; U+FFFD with one byte where none is valid, so that a written
 * U+FFFD (three bytes) can be told from it.
 */
export function decodeCharacter(bytes: Uint8Array, at: number, end: number): number {
  const first = bytes[at]!;
  if (first < 0x80) return first * 8 + 1;
  const left = end - at;
  if (left >= 2 && (first & 0xe0) === 0xc0) {
    const point = ((first & 0x1f) << 6) | (bytes[at + 1]! & 0x3f);
    if (isTrail(bytes[at + 1]!) && point >= 0x80) return point * 8 + 2;
  } else if (left >= 3 && (first & 0xf0) === 0xe0) {
    const point = ((first & 0x0f) << 12) | ((bytes[at + 1]! & 0x3f) << 6) | (bytes[at + 2]! & 0x3f);
    if (isTrail(bytes[at + 1]!) && isTrail(bytes[at + 2]!) && point >= 0x800 && isScalar(point)) return point * 8 + 3;
  } else if (left >= 4 && (first & 0xf8) === 0xf0) {
    const point = ((first & 0x07) << 18) | ((bytes[at + 1]! & 0x3f) << 12) | ((bytes[at + 2]! & 0x3f) << 6) | (bytes[at + 3]! & 0x3f);
    if (isTrail(bytes[at + 1]!) && isTrail(bytes[at + 2]!) && isTrail(bytes[at + 3]!) && point >= 0x10000 && isScalar(point)) return point * 8 + 4;
  }
  return REPLACEMENT_CHARACTER * 8 + 1;
}

/** True for {@link decodeCharacter}'s answer where no valid character begins. */
export function isMalformed(character: number): boolean {
  return character === REPLACEMENT_CHARACTER * 8 + 1;
}

/** Where the first byte stands that is no UTF-8; undefined when all is. */
export function firstMalformedByte(bytes: Uint8Array): number | undefined {
  for (let at = 0; at < bytes.length;) {
    const character = decodeCharacter(bytes, at, bytes.length);
    if (isMalformed(character)) return at;
    at += character & 7;
  }
  return undefined;
}

/** Writes the code points of UTF-8 text, a U+FFFD for every byte that is malformed; returns where they end. */
export function decodeInto(points: Int32Array, at: number, bytes: Uint8Array): number {
  let size = at;
  for (let from = 0; from < bytes.length; size++) {
    const byte = bytes[from]!;
    if (byte < 0x80) {
      points[size] = byte;
      from++;
      continue;
    }
    const character = decodeCharacter(bytes, from, bytes.length);
    points[size] = character >>> 3;
    from += character & 7;
  }
  return size;
}

/** The code points of UTF-8 text, int32[characters]; every byte that is malformed is a U+FFFD. */
export function codePointsOf(bytes: Uint8Array): Int32Array {
  const points = new Int32Array(bytes.length);
  return points.subarray(0, decodeInto(points, 0, bytes));
}

const CHUNK = 8192;

/** The string of code points `from` to `to`. */
export function textOf(points: Int32Array, from: number, to: number): string {
  if (to - from <= CHUNK) return String.fromCodePoint(...points.subarray(from, to));
  let text = '';
  for (let at = from; at < to; at += CHUNK) text += String.fromCodePoint(...points.subarray(at, Math.min(to, at + CHUNK)));
  return text;
}

/** Bytes that a code point takes in UTF-8. */
export function utf8Length(point: number): number {
  return point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
}

/** Orders strings by code point, which is the order of their UTF-8 bytes: negative, 0 or positive. */
export function compareCodePoints(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x === y) continue;
    // Surrogates stand for code points above every other code unit.
    const xIsSurrogate = x >= 0xd800 && x < 0xe000;
    const yIsSurrogate = y >= 0xd800 && y < 0xe000;
    return xIsSurrogate === yIsSurrogate ? x - y : xIsSurrogate ? 1 : -1;
  }
  return a.length - b.length;
}
