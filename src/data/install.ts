import type { Files } from '../runtime/runtime.js';
import { unpackMembers } from './archive.js';
import type { ArchiveContents, CatalogEntry } from './catalog.js';
import { DataError } from './data-error.js';
import { sha256 } from '../core/index.js';
import { fetchFile, type FetchOptions } from './fetch.js';
import { joinPath } from './locate.js';

/** The sums of what was unpacked from a verified archive, in the format of `sha256sum`. */
export const SUMS_NAME = 'SHA256SUMS';

export interface InstalledFile {
  readonly path: string;
  readonly sha256: string;
  /** False when it was there already and is what it should be. */
  readonly fresh: boolean;
}

function lastSegment(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1);
}

/** The sums noted in a folder, by file name; empty when there is no such note. */
export async function readSums(files: Files, folder: string): Promise<Map<string, string>> {
  const path = joinPath(folder, SUMS_NAME);
  const sums = new Map<string, string>();
  if ((await files.size(path)) === undefined) return sums;
  for (const line of new TextDecoder().decode(await files.read(path)).split('\n')) {
    const match = /^([0-9a-f]{64}) [ *](.+)$/.exec(line);
    if (match !== null) sums.set(match[2], match[1]);
  }
  return sums;
}

/** What an earlier run unpacked, if all of it is still there and unchanged. */
async function alreadyUnpacked(files: Files, folder: string, archive: ArchiveContents): Promise<InstalledFile[] | undefined> {
  const sums = await readSums(files, folder);
  const installed: InstalledFile[] = [];
  for (const member of archive.members) {
    const name = lastSegment(member);
    const path = joinPath(folder, name);
    const expected = sums.get(name);
    if (expected === undefined || (await files.size(path)) === undefined) return undefined;
    if ((await sha256(await files.read(path))) !== expected) return undefined;
    installed.push({ path, sha256: expected, fresh: false });
  }
  return installed;
}

/** Unpacks a verified archive; the sums are noted last, so a run that was cut off starts over. */
async function unpackArchive(files: Files, folder: string, archivePath: string, archive: ArchiveContents): Promise<InstalledFile[]> {
  const zip = await files.read(archivePath);
  const limits = { members: 1000, memberBytes: archive.memberLimit, totalBytes: archive.memberLimit * archive.members.length };
  const installed: InstalledFile[] = [];
  for (const { name, bytes } of unpackMembers(zip, archivePath, archive.members, limits)) {
    const path = joinPath(folder, lastSegment(name));
    await files.writeWhole(path, bytes);
    installed.push({ path, sha256: await sha256(bytes), fresh: true });
  }
  const sums = installed.map((file) => `${file.sha256}  ${lastSegment(file.path)}\n`).join('');
  await files.writeWhole(joinPath(folder, SUMS_NAME), new TextEncoder().encode(sums));
  return installed;
}

/**
 * Downloads a dataset into `root` in torchvision's layout, unpacks its archive where it has one, and removes the
 * archive afterwards. What is there and right is kept.
 *
 * @throws DataError as `fetchFile` and `unpackMembers`
 */
export async function installDataset(entry: CatalogEntry, root: string, options: FetchOptions): Promise<InstalledFile[]> {
  const folder = joinPath(root, entry.folder);
  if (entry.archive === undefined) {
    const installed: InstalledFile[] = [];
    for (const file of entry.downloads) {
      const fetched = await fetchFile(file, folder, options);
      installed.push({ path: fetched.path, sha256: fetched.sha256, fresh: fetched.downloaded });
    }
    return installed;
  }
  const kept = await alreadyUnpacked(options.files, folder, entry.archive);
  if (kept !== undefined) return kept;
  if (entry.downloads.length !== 1) throw new DataError(`${entry.name}: expected one archive in the catalog, got ${entry.downloads.length}`);
  const fetched = await fetchFile(entry.downloads[0], folder, options);
  options.onNotice?.(`${entry.downloads[0].name}: unpacking ${entry.archive.members.length} files`);
  const installed = await unpackArchive(options.files, folder, fetched.path, entry.archive);
  await options.files.remove(fetched.path);
  return installed;
}
