import { deflateSync } from 'fflate';
import { crc32 } from '../../src/data/digest.js';

/** A member, and what its archive shall say of it: the truth unless told otherwise. */
export interface Planned {
  name: string;
  bytes: Uint8Array;
  stored?: boolean;
  /** Name in the local header. */
  localName?: string;
  declaredSize?: number;
  crc32?: number;
  unixMode?: number;
  flags?: number;
  method?: number;
}

/** A zip archive, byte by byte, so that a test can make one no tool would make. */
export function buildZip(members: readonly Planned[], comment = ''): Uint8Array {
  const parts: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let offset = 0;
  for (const member of members) {
    const packed = member.stored ? member.bytes : deflateSync(member.bytes);
    const figures = {
      flags: member.flags ?? 0,
      method: member.method ?? (member.stored ? 0 : 8),
      crc: member.crc32 ?? crc32(member.bytes),
      packed: packed.length,
      size: member.declaredSize ?? member.bytes.length,
    };
    const local = [localHeader(member.localName ?? member.name, figures), packed];
    directory.push(directoryEntry(member.name, figures, member.unixMode ?? 0, offset));
    parts.push(...local);
    offset += local[0].length + packed.length;
  }
  const entries = concat(directory);
  return concat([...parts, entries, endRecord(members.length, entries.length, offset, comment)]);
}

interface Figures {
  flags: number;
  method: number;
  crc: number;
  packed: number;
  size: number;
}

export function concat(parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

/** Little-endian fields: [bytes, value]. */
function record(fields: readonly [2 | 4, number][], tail: string): Uint8Array {
  const text = new TextEncoder().encode(tail);
  const bytes = new Uint8Array(fields.reduce((sum, [width]) => sum + width, 0) + text.length);
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const [width, value] of fields) {
    if (width === 2) view.setUint16(at, value, true);
    else view.setUint32(at, value, true);
    at += width;
  }
  bytes.set(text, at);
  return bytes;
}

function localHeader(name: string, { flags, method, crc, packed, size }: Figures): Uint8Array {
  const length = new TextEncoder().encode(name).length;
  return record([[4, 0x04034b50], [2, 20], [2, flags], [2, method], [4, 0], [4, crc], [4, packed], [4, size], [2, length], [2, 0]], name);
}

function directoryEntry(name: string, { flags, method, crc, packed, size }: Figures, unixMode: number, offset: number): Uint8Array {
  const length = new TextEncoder().encode(name).length;
  const fields: [2 | 4, number][] = [[4, 0x02014b50], [2, 0x0314], [2, 20], [2, flags], [2, method], [4, 0], [4, crc], [4, packed], [4, size]];
  fields.push([2, length], [2, 0], [2, 0], [2, 0], [2, 0], [2, 0], [2, unixMode], [4, offset]);
  return record(fields, name);
}

function endRecord(count: number, size: number, offset: number, comment: string): Uint8Array {
  return record([[4, 0x06054b50], [2, 0], [2, 0], [2, count], [2, count], [4, size], [4, offset], [2, comment.length]], comment);
}
