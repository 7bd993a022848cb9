// Zip archives (PKWARE's APPNOTE 6.3.10), of files that fit in memory: sizes and places below 4 GiB.
import { deflate } from './deflate.js';

const CRC = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

/** CRC-32 as zip and PNG have it. */
function crc32(bytes: Uint8Array): number {
  let value = 0xffffffff;
  for (const byte of bytes) value = CRC[(value ^ byte) & 255]! ^ (value >>> 8);
  return ~value >>> 0;
}

/** Numbers of two or four bytes each, the lowest first. */
function record(...numbers: readonly [size: 2 | 4, value: number][]): Uint8Array {
  return Uint8Array.from(numbers.flatMap(([size, value]) => Array.from({ length: size }, (_, byte) => (value >>> (8 * byte)) & 255)));
}

const LOCAL = 0x04034b50;
const ENTRY = 0x02014b50;
const END = 0x06054b50;
/** Version 2.0, names in UTF-8, deflated, midnight of 1980-01-01: the same files give the same archive. */
const HOW: readonly [2, number][] = [[2, 20], [2, 0x0800], [2, 8], [2, 0], [2, 0x21]];

/** An archive of files by their paths. */
export async function zipOf(files: Readonly<Record<string, Uint8Array>>): Promise<Uint8Array> {
  const [parts, directory]: Uint8Array[][] = [[], []];
  let at = 0;
  for (const [path, bytes] of Object.entries(files)) {
    const [name, packed] = [new TextEncoder().encode(path), await deflate(bytes)];
    const what: readonly [2 | 4, number][] = [...HOW, [4, crc32(bytes)], [4, packed.length], [4, bytes.length], [2, name.length], [2, 0]];
    directory!.push(record([4, ENTRY], [2, 20], ...what, [2, 0], [2, 0], [2, 0], [4, 0], [4, at]), name);
    const local = [record([4, LOCAL], ...what), name, packed];
    parts!.push(...local);
    at += local.reduce((sum, { length }) => sum + length, 0);
  }
  const [count, size] = [Object.keys(files).length, directory!.reduce((sum, { length }) => sum + length, 0)];
  const end = record([4, END], [2, 0], [2, 0], [2, count], [2, count], [4, size], [4, at], [2, 0]);
  return new Uint8Array(await new Blob([...parts!, ...directory!, end] as BlobPart[]).arrayBuffer());
}
