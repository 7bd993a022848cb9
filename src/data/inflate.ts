import { Inflate } from 'fflate';
import { DataError } from './data-error.js';
import { crc32 } from './digest.js';

/** Deflate cannot make more than 1,032 bytes of one, so a bigger declaration is a lie told to take memory. */
const MOST_BYTES_PER_BYTE = 1032;

/** Small enough that one step of a bomb makes at most 16 MiB before the limit is looked at. */
const STEP_BYTES = 16384;

/** What an unpacked thing must be; every figure is checked. */
export interface Expected {
  /** Named in errors: the path, or `ARCHIVE: MEMBER`. */
  readonly name: string;
  /** Size in bytes that the archive itself declares. */
  readonly declaredSize: number;
  /** Most bytes the caller accepts. */
  readonly limit: number;
  readonly crc32: number;
}

/** Refuses, before any memory is taken, a size above the limit or one that the packed bytes cannot hold. */
function checkDeclaration(packedSize: number, expected: Expected): void {
  const { name, declaredSize, limit } = expected;
  if (declaredSize > limit) {
    throw new DataError(`${name}: expected at most ${limit} bytes unpacked, got a declared ${declaredSize}; it is not the file this dataset needs`);
  }
  if (declaredSize > packedSize * MOST_BYTES_PER_BYTE + STEP_BYTES) {
    throw new DataError(`${name}: expected what ${packedSize} packed bytes can hold, got a declared ${declaredSize} bytes; the file is damaged, get it again`);
  }
}

/** Checks the unpacked size and CRC-32 against the declared ones. */
export function checkUnpacked(bytes: Uint8Array, expected: Expected): void {
  const { name, declaredSize } = expected;
  if (bytes.length !== declaredSize) {
    throw new DataError(`${name}: expected ${declaredSize} bytes unpacked, got ${bytes.length}; the file is damaged or cut short, get it again`);
  }
  const got = crc32(bytes);
  if (got !== expected.crc32) {
    throw new DataError(
      `${name}: expected CRC-32 ${expected.crc32.toString(16).padStart(8, '0')}, got ${got.toString(16).padStart(8, '0')}; the file is damaged, get it again`,
    );
  }
}

/**
 * Unpacks one raw deflate stream, piece by piece, and stops at the first byte too many.
 *
 * @returns exactly `expected.declaredSize` bytes whose CRC-32 is the expected one
 * @throws DataError naming `expected.name` for a declared size above the limit, a stream that makes more or
 *   less than it declares, damage, or a wrong CRC-32
 */
export function inflateBounded(packed: Uint8Array, expected: Expected): Uint8Array {
  checkDeclaration(packed.length, expected);
  const { name, declaredSize } = expected;
  const unpacked = new Uint8Array(declaredSize);
  let filled = 0;
  const stream = new Inflate((piece) => {
    if (filled + piece.length > declaredSize) {
      throw new DataError(`${name}: expected ${declaredSize} bytes unpacked, as it declares, got more; the file is damaged or made to fill memory`);
    }
    unpacked.set(piece, filled);
    filled += piece.length;
  });
  try {
    for (let at = 0; at < packed.length; at += STEP_BYTES) {
      stream.push(packed.subarray(at, at + STEP_BYTES), at + STEP_BYTES >= packed.length);
    }
  } catch (error) {
    if (error instanceof DataError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new DataError(`${name}: expected a whole deflate stream, got one that stops or breaks after ${filled} of ${declaredSize} bytes (${reason}); get the file again`);
  }
  const whole = filled === declaredSize ? unpacked : unpacked.subarray(0, filled);
  checkUnpacked(whole, expected);
  return whole;
}

/** True for gzip's magic bytes, whatever the file is called. */
export function isGzip(bytes: Uint8Array): boolean {
  return bytes.length >= 2 && bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/** Where the deflate stream of a gzip file begins (RFC 1952), or undefined when the header is cut short. */
function gzipBodyStart(bytes: Uint8Array): number | undefined {
  const flags = bytes[3];
  let at = 10;
  if (flags & 4) at += 2 + (bytes[at] | (bytes[at + 1] << 8));
  for (const flag of [8, 16]) {
    if (flags & flag) {
      const end = bytes.indexOf(0, at);
      if (end < 0) return undefined;
      at = end + 1;
    }
  }
  if (flags & 2) at += 2;
  return at + 8 <= bytes.length ? at : undefined;
}

/**
 * Unpacks a gzip file of one member.
 *
 * @param limit most unpacked bytes accepted
 * @throws DataError naming `name` for damage, a size above the limit, or more than one member
 */
export function gunzipBounded(bytes: Uint8Array, name: string, limit: number): Uint8Array {
  const start = gzipBodyStart(bytes);
  if (bytes[2] !== 8 || start === undefined) {
    throw new DataError(`${name}: expected a gzip file, got ${bytes.length} bytes with a broken gzip header; get the file again`);
  }
  const trailer = new DataView(bytes.buffer, bytes.byteOffset + bytes.length - 8, 8);
  return inflateBounded(bytes.subarray(start, bytes.length - 8), {
    name,
    declaredSize: trailer.getUint32(4, true),
    limit,
    crc32: trailer.getUint32(0, true),
  });
}
