import { DataError } from './data-error.js';
import { checkUnpacked, inflateBounded, type Expected } from './inflate.js';

/** Bounds on what an archive may make; all are checked before and while memory is taken. */
export interface ArchiveLimits {
  /** Most entries in the archive, wanted or not. */
  readonly members: number;
  /** Most unpacked bytes of one member. */
  readonly memberBytes: number;
  /** Most unpacked bytes of all wanted members together. */
  readonly totalBytes: number;
}

/** One entry of a zip archive's central directory. */
export interface ZipMember {
  readonly name: string;
  readonly method: number;
  readonly flags: number;
  readonly crc32: number;
  readonly packedSize: number;
  readonly size: number;
  readonly headerOffset: number;
  /** Unix file type and permissions, 0 where the archive tells none. */
  readonly unixMode: number;
}

const END_OF_DIRECTORY = 0x06054b50;
const DIRECTORY_ENTRY = 0x02014b50;
const LOCAL_HEADER = 0x04034b50;
const STORED = 0;
const DEFLATED = 8;
const FILE_TYPE = 0xf000;
const REGULAR_FILE = 0x8000;
const FOLDER = 0x4000;

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function broken(archive: string, expected: string, got: string): DataError {
  return new DataError(`${archive}: expected ${expected}, got ${got}; the archive is damaged or not a zip file, get it again`);
}

/** Offset of the end-of-directory record, which may be followed by a comment of up to 65,535 bytes. */
function findEnd(view: DataView, archive: string): number {
  for (let at = view.byteLength - 22; at >= 0 && at >= view.byteLength - 22 - 65535; at--) {
    if (view.getUint32(at, true) === END_OF_DIRECTORY) return at;
  }
  throw broken(archive, 'a zip archive with its directory at the end', `${view.byteLength} bytes without one`);
}

/** Why a member may not be written below a folder, or undefined when it may. */
function dangerOf(member: ZipMember): string | undefined {
  const { name, unixMode } = member;
  if (name === '' || name.includes('\0')) return 'an empty name or a NUL in it';
  if (name.startsWith('/')) return 'an absolute path';
  if (name.includes('\\')) return 'a backslash';
  if (/^[A-Za-z]:/.test(name)) return 'a drive letter';
  if (name.split('/').includes('..')) return 'a .. step';
  const type = unixMode & FILE_TYPE;
  if (type !== 0 && type !== REGULAR_FILE && type !== FOLDER) return type === 0xa000 ? 'a symbolic link' : 'a special file';
  return undefined;
}

function readEntry(zip: Uint8Array, view: DataView, at: number, end: number, archive: string): { member: ZipMember; next: number } {
  if (at + 46 > end || view.getUint32(at, true) !== DIRECTORY_ENTRY) throw broken(archive, 'a directory entry', `something else at byte ${at}`);
  const nameEnd = at + 46 + view.getUint16(at + 28, true);
  const next = nameEnd + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
  if (next > end) throw broken(archive, 'a directory entry', `one cut short at byte ${at}`);
  const member: ZipMember = {
    name: new TextDecoder().decode(zip.subarray(at + 46, nameEnd)),
    flags: view.getUint16(at + 8, true),
    method: view.getUint16(at + 10, true),
    crc32: view.getUint32(at + 16, true),
    packedSize: view.getUint32(at + 20, true),
    size: view.getUint32(at + 24, true),
    unixMode: view.getUint16(at + 40, true),
    headerOffset: view.getUint32(at + 42, true),
  };
  return { member, next };
}

/**
 * Reads a zip archive's directory and refuses the whole archive for one dangerous member, wanted or not.
 *
 * @param archive the archive's path, for errors
 * @throws DataError naming the archive, and the member where it is one: no zip, damage, zip64, too many
 *   members, a name twice, a member that could land outside its folder, a link
 */
export function readZipDirectory(zip: Uint8Array, archive: string, mostMembers: number): ZipMember[] {
  const view = viewOf(zip);
  const end = findEnd(view, archive);
  const count = view.getUint16(end + 10, true);
  let at = view.getUint32(end + 16, true);
  if (count === 0xffff || at === 0xffffffff) throw broken(archive, 'a plain zip archive', 'a zip64 one');
  if (count > mostMembers) throw new DataError(`${archive}: expected at most ${mostMembers} members, got ${count}; it is not the archive this dataset needs`);
  const members: ZipMember[] = [];
  const names = new Set<string>();
  for (let index = 0; index < count; index++) {
    const { member, next } = readEntry(zip, view, at, end, archive);
    const danger = names.has(member.name) ? 'the same name twice' : dangerOf(member);
    if (danger !== undefined) {
      throw new DataError(`${archive}: member ${JSON.stringify(member.name)}: expected a file inside the archive's own folder, got ${danger}; nothing was unpacked, do not trust this archive`);
    }
    names.add(member.name);
    members.push(member);
    at = next;
  }
  return members;
}

/** The packed bytes of a member, after its local header has been checked against the directory. */
function packedBytes(zip: Uint8Array, member: ZipMember, archive: string): Uint8Array {
  const view = viewOf(zip);
  const at = member.headerOffset;
  const what = `${archive}: ${member.name}`;
  if (at + 30 > zip.length || view.getUint32(at, true) !== LOCAL_HEADER) throw broken(what, 'a local header', `something else at byte ${at}`);
  const nameEnd = at + 30 + view.getUint16(at + 26, true);
  const name = new TextDecoder().decode(zip.subarray(at + 30, nameEnd));
  if (name !== member.name) throw broken(what, 'the same name in directory and local header', JSON.stringify(name));
  const start = nameEnd + view.getUint16(at + 28, true);
  if (start + member.packedSize > zip.length) throw broken(what, `${member.packedSize} packed bytes`, `${Math.max(0, zip.length - start)} to the archive's end`);
  return zip.subarray(start, start + member.packedSize);
}

/**
 * Unpacks one member.
 *
 * @returns its bytes, checked for size and CRC-32
 * @throws DataError naming archive and member
 */
export function unpackMember(zip: Uint8Array, member: ZipMember, archive: string, limit: number): Uint8Array {
  const expected: Expected = { name: `${archive}: ${member.name}`, declaredSize: member.size, limit, crc32: member.crc32 };
  if (member.flags & 1) throw broken(expected.name, 'a plain member', 'an encrypted one');
  const packed = packedBytes(zip, member, archive);
  if (member.method === DEFLATED) return inflateBounded(packed, expected);
  if (member.method !== STORED) throw broken(expected.name, 'a stored or deflated member', `compression method ${member.method}`);
  if (packed.length > limit) throw new DataError(`${expected.name}: expected at most ${limit} bytes, got ${packed.length}; it is not the file this dataset needs`);
  checkUnpacked(packed, expected);
  return packed;
}

/**
 * Unpacks the wanted members one by one, so that only one lies in memory at a time.
 *
 * @param wanted member names as in the archive
 * @throws DataError before anything is unpacked when the archive is dangerous, a wanted member is missing, or
 *   the wanted members declare more than the limits; and for damage, when it is met
 */
export function* unpackMembers(zip: Uint8Array, archive: string, wanted: readonly string[], limits: ArchiveLimits): Generator<{ name: string; bytes: Uint8Array }> {
  const byName = new Map(readZipDirectory(zip, archive, limits.members).map((member) => [member.name, member]));
  const missing = wanted.filter((name) => !byName.has(name));
  if (missing.length > 0) throw new DataError(`${archive}: expected the member ${missing[0]}, got an archive without it; it is not the archive this dataset needs`);
  const members = wanted.map((name) => byName.get(name) as ZipMember);
  const total = members.reduce((sum, member) => sum + member.size, 0);
  if (total > limits.totalBytes) throw new DataError(`${archive}: expected at most ${limits.totalBytes} bytes unpacked, got a declared ${total}; it is not the archive this dataset needs`);
  for (const member of members) yield { name: member.name, bytes: unpackMember(zip, member, archive, limits.memberBytes) };
}
