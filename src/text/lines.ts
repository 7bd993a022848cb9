import { TokenizerError } from './tokenizer-error.js';
import { firstMalformedByte } from './utf8.js';

const LINE_FEED = 10;

/** The lines of a text as bytes, without their line feeds; what follows the last one is a line unless it is empty. */
export function splitLines(bytes: Uint8Array): Uint8Array[] {
  const lines: Uint8Array[] = [];
  for (let from = 0; from < bytes.length;) {
    const feed = bytes.indexOf(LINE_FEED, from);
    const end = feed < 0 ? bytes.length : feed;
    lines.push(bytes.subarray(from, end));
    from = end + 1;
  }
  return lines;
}

/** @param name of the file, for the error @throws TokenizerError naming the line and the byte in it that is no UTF-8 */
export function requireUtf8(bytes: Uint8Array, name: string): void {
  const at = firstMalformedByte(bytes);
  if (at === undefined) return;
  const before = splitLines(bytes.subarray(0, at));
  const startsLine = at === 0 || bytes[at - 1] === LINE_FEED;
  const line = startsLine ? before.length + 1 : before.length;
  const column = startsLine ? 1 : before[before.length - 1]!.length + 1;
  throw new TokenizerError(`${name}: expected UTF-8, got 0x${bytes[at]!.toString(16).padStart(2, '0')} in line ${line}, byte ${column} (byte ${at + 1} of the file)`);
}
