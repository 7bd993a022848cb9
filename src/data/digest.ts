import { DataError } from './data-error.js';

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** Bytes as lower-case hexadecimal. */
export function toHex(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += HEX[byte];
  return text;
}

/**
 * SHA-256 through WebCrypto, as 64 lower-case hexadecimal digits.
 *
 * @throws DataError where the page is not served over https or from localhost: browsers hide WebCrypto there
 */
export async function sha256(bytes: Uint8Array): Promise<string> {
  const subtle = (globalThis as { crypto?: Crypto }).crypto?.subtle;
  if (subtle === undefined) {
    throw new DataError('sha256: expected WebCrypto (crypto.subtle), got none; serve the page over https or from localhost');
  }
  // A view of a SharedArrayBuffer is the one kind WebCrypto refuses; files are never read into one.
  return toHex(new Uint8Array(await subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>)));
}

/**
 * One hash for several files: the SHA-256 of the text that `sha256sum` prints for them in this order
 * (`<hash>  <name>\n` a file), so that a shell can check it: `sha256sum A B C D | sha256sum`.
 */
export function sha256OfList(list: readonly { name: string; sha256: string }[]): Promise<string> {
  const text = list.map((file) => `${file.sha256}  ${file.name}\n`).join('');
  return sha256(new TextEncoder().encode(text));
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = (value >>> 1) ^ (value & 1 ? 0xedb88320 : 0);
  return value;
});

/** CRC-32 of gzip and zip, as an unsigned integer. fflate checks none when it unpacks. */
export function crc32(bytes: Uint8Array): number {
  let value = -1;
  for (let index = 0; index < bytes.length; index++) value = (value >>> 8) ^ CRC_TABLE[(value ^ bytes[index]) & 255];
  return ~value >>> 0;
}
