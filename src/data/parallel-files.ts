// The files a parallel corpus is made of: unpacked, and found by their language.
import { readZipDirectory, unpackMember, type ArchiveLimits } from './archive.js';
import { DataError } from './data-error.js';
import { gunzipBounded, isGzip } from './inflate.js';

export interface NamedFile {
  /** Path or name; its ending tells language and format, and errors name it. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** Above any corpus in use; refused before the memory is taken. */
const LIMITS: ArchiveLimits = { members: 1000, memberBytes: 1_000_000_000, totalBytes: 2_000_000_000 };

/** The name without folders and, for a member, its archive. */
function baseName(name: string): string {
  return name.split(/\/|: /).at(-1)!;
}

function isZip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x50 && bytes[1] === 0x4b && bytes[2] === 3 && bytes[3] === 4;
}

/** Members that hold sentences: no folders, and no notes such as Tatoeba's `_about.txt`. */
function unpackZip({ name, bytes }: NamedFile): NamedFile[] {
  const members = readZipDirectory(bytes, name, LIMITS.members).filter((member) => !/(^|\/)[._][^/]*$|\/$/.test(member.name));
  const total = members.reduce((sum, member) => sum + member.size, 0);
  if (total > LIMITS.totalBytes) throw new DataError(`${name}: expected at most ${LIMITS.totalBytes} bytes unpacked, got a declared ${total}; unpack what you need of it`);
  return members.map((member) => ({ name: `${name}: ${member.name}`, bytes: unpackMember(bytes, member, name, LIMITS.memberBytes) }));
}

/**
 * The files themselves: zip archives as their members, gzip files unpacked.
 * @throws DataError naming the file for damage, a dangerous archive, or more than fits in memory
 */
export function unpackFiles(files: readonly NamedFile[]): NamedFile[] {
  return files.flatMap((file) => {
    if (isZip(file.bytes)) return unpackZip(file);
    return [isGzip(file.bytes) ? { name: file.name.replace(/\.gz$/, ''), bytes: gunzipBounded(file.bytes, file.name, LIMITS.memberBytes) } : file];
  });
}

/** `ja` of `train.ja`, `iwslt_ja.txt` and `tst2015.en-ja.ja.xml`. */
function languageOf(name: string): string {
  return baseName(name).replace(/\.(txt|xml)$/, '').split(/[._-]/).at(-1)!;
}

/**
 * The one file whose name ends in a language, before `.txt` or `.xml`, or is that name itself.
 * @param side `source` or `target`, for errors
 * @throws DataError for none or several
 */
export function fileOfLanguage(files: readonly NamedFile[], language: string, side: string): NamedFile {
  const found = files.filter(({ name }) => name === language || languageOf(name) === language);
  if (found.length === 1) return found[0];
  const got = found.length === 0 ? files : found;
  throw new DataError(
    `${side} ${language}: expected one file named after it, such as train.${language}, got ${got.map(({ name }) => name).join(', ') || 'no files'}`,
  );
}

/** The first language of the pair in an IWSLT training file's name, `en` of `train.tags.en-ja.ja`. */
export function firstLanguageOf(name: string): string | undefined {
  return /^train\.tags\.([^.-]+)-/.exec(baseName(name))?.[1];
}

/** True for the names that IWSLT gives its files: `train.tags.en-ja.ja`, `IWSLT17.TED.tst2015.en-ja.ja.xml`. */
export function isIwsltName(name: string): boolean {
  return firstLanguageOf(name) !== undefined || isXmlName(name);
}

export function isXmlName(name: string): boolean {
  return name.endsWith('.xml');
}
