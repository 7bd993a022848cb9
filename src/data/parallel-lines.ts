// Bytes of a text file to its lines.
import { DataError } from './data-error.js';

const LINE_FEED = 10;

/** Bytes in the sequence that `lead` begins, and the bounds of its second byte (Unicode 15, table 3-7); undefined for no lead. */
function sequenceOf(lead: number): { length: number; least: number; most: number } | undefined {
  if (lead < 0x80) return { length: 1, least: 0, most: 0 };
  if (lead >= 0xc2 && lead <= 0xdf) return { length: 2, least: 0x80, most: 0xbf };
  if (lead >= 0xe0 && lead <= 0xef) return { length: 3, least: lead === 0xe0 ? 0xa0 : 0x80, most: lead === 0xed ? 0x9f : 0xbf };
  if (lead >= 0xf0 && lead <= 0xf4) return { length: 4, least: lead === 0xf0 ? 0x90 : 0x80, most: lead === 0xf4 ? 0x8f : 0xbf };
  return undefined;
}

/** Offset of the first byte that no UTF-8 text has there; the length of `bytes` where the text is cut short, or is whole. */
function firstBadByte(bytes: Uint8Array): number {
  let at = 0;
  while (at < bytes.length) {
    const sequence = sequenceOf(bytes[at]);
    if (sequence === undefined) return at;
    for (let next = 1; next < sequence.length && at + next < bytes.length; next++) {
      const [least, most] = next === 1 ? [sequence.least, sequence.most] : [0x80, 0xbf];
      if (bytes[at + next] < least || bytes[at + next] > most) return at + next;
    }
    at += sequence.length;
  }
  return bytes.length;
}

function describeBadByte(bytes: Uint8Array): string {
  const at = firstBadByte(bytes);
  const line = bytes.subarray(0, at).reduce((count, byte) => count + (byte === LINE_FEED ? 1 : 0), 1);
  const what = at === bytes.length ? 'a character cut short' : `the byte 0x${bytes[at].toString(16).padStart(2, '0')}`;
  return `${what} in line ${line}, at byte ${at}`;
}

/**
 * The lines of a text in UTF-8, without a byte order mark and line ends.
 *
 * Lines end at LF or CR LF alone, as for `wc`, `paste` and the tools of machine translation, so that the lines of two files
 * stay aligned. Python's str.splitlines() also cuts at a lone CR, VT, FF, U+001C to U+001E, U+0085, U+2028 and U+2029, which a
 * sentence may hold in one language and lack in the other. A text without these gives the same lines either way.
 *
 * @param name the file's, for errors
 * @throws DataError naming the file for no bytes, and with line (from 1) and byte (from 0) for what is not UTF-8
 */
export function readLines(bytes: Uint8Array, name: string): string[] {
  if (bytes.length === 0) throw new DataError(`${name}: expected lines of text, got an empty file; get the file again`);
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new DataError(`${name}: expected text in UTF-8, got ${describeBadByte(bytes)}; convert it with \`iconv -t UTF-8\``);
  }
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines.map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line));
}
