import { sha256 } from '../core/index.js';

/**
 * One hash for several files: the SHA-256 of the text that `sha256sum` prints for them in this order
 * (`<hash>  <name>\n` a file), so that a shell can check it: `sha256sum A B C D | sha256sum`.
 */
export function sha256OfList(list: readonly { name: string; sha256: string }[]): Promise<string> {
  const text = list.map((file) => `${file.sha256}  ${file.name}\n`).join('');
  return sha256(text);
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
