// Files that a browser keeps for this page's origin: the origin private file system.
import type { Files } from './runtime.js';

/** `./a//b/../c` -> a, c. What leads out of the root stays in it. */
function partsOf(path: string): string[] {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return parts;
}

/** Times that a file is read anew which others keep replacing. */
const ATTEMPTS = 10;

const isAbsent = (error: unknown) => ['NotFoundError', 'TypeMismatchError'].includes((error as Error).name);

/** Files below one folder of the browser's own store. Every write takes effect as a whole, when it is closed. */
class StoredFiles implements Files {
  readonly #root: FileSystemDirectoryHandle;

  constructor(root: FileSystemDirectoryHandle) {
    this.#root = root;
  }

  async #folderOf(parts: readonly string[], create = false): Promise<FileSystemDirectoryHandle> {
    let folder = this.#root;
    for (const part of parts) folder = await folder.getDirectoryHandle(part, { create });
    return folder;
  }

  async #find(path: string): Promise<File | undefined> {
    const parts = partsOf(path);
    try {
      const folder = await this.#folderOf(parts.slice(0, -1));
      return await (await folder.getFileHandle(parts.at(-1) ?? '')).getFile();
    } catch (error) {
      if (isAbsent(error) || parts.length === 0) return undefined;
      throw error;
    }
  }

  async read(path: string): Promise<Uint8Array> {
    for (let attempt = 1; ; attempt++) {
      const file = await this.#find(path);
      if (file === undefined) throw Object.assign(new Error(`${path}: expected a file, got none of that name in the browser's store`), { code: 'ENOENT' });
      try {
        return new Uint8Array(await file.arrayBuffer());
      } catch (error) {
        // Its worker replaced it meanwhile: what stands there now is whole.
        if ((error as Error).name !== 'NotReadableError' && (error as Error).name !== 'NotFoundError') throw error;
        if (attempt === ATTEMPTS) throw error;
      }
    }
  }

  async size(path: string): Promise<number | undefined> {
    return (await this.#find(path))?.size;
  }

  async isFolder(path: string): Promise<boolean> {
    try {
      await this.#folderOf(partsOf(path));
      return true;
    } catch (error) {
      if (isAbsent(error)) return false;
      throw error;
    }
  }

  async list(path: string): Promise<string[]> {
    if (!(await this.isFolder(path))) return [];
    const names: string[] = [];
    const folder = (await this.#folderOf(partsOf(path))) as FileSystemDirectoryHandle & { keys(): AsyncIterable<string> };
    for await (const name of folder.keys()) names.push(name);
    return names.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  }

  async makeFolder(path: string): Promise<void> {
    await this.#folderOf(partsOf(path), true);
  }

  async #write(path: string, keepExistingData: boolean, act: (writer: FileSystemWritableFileStream) => Promise<void>): Promise<void> {
    const parts = partsOf(path);
    try {
      const handle = await (await this.#folderOf(parts.slice(0, -1), true)).getFileHandle(parts.at(-1) ?? '', { create: true });
      const writer = await handle.createWritable({ keepExistingData });
      await act(writer);
      await writer.close();
    } catch (error) {
      throw new Error(`${path}: expected to be kept in the browser's store, got ${(error as Error).message}`);
    }
  }

  writeWhole(path: string, bytes: Uint8Array): Promise<void> {
    return this.#write(path, false, (writer) => writer.write(bytes as Uint8Array<ArrayBuffer>));
  }

  async append(path: string, bytes: Uint8Array): Promise<void> {
    const position = (await this.size(path)) ?? 0;
    await this.#write(path, true, (writer) => writer.write({ type: 'write', position, data: bytes as Uint8Array<ArrayBuffer> }));
  }

  truncate(path: string, size: number): Promise<void> {
    return this.#write(path, true, (writer) => writer.truncate(size));
  }

  async rename(from: string, to: string): Promise<void> {
    await this.writeWhole(to, await this.read(from));
    await this.remove(from);
  }

  /** Removes a file or a folder with all that is in it, if it is there. */
  async remove(path: string): Promise<void> {
    const parts = partsOf(path);
    try {
      await (await this.#folderOf(parts.slice(0, -1))).removeEntry(parts.at(-1) ?? '', { recursive: true });
    } catch (error) {
      if (!isAbsent(error)) throw error;
    }
  }
}

/**
 * Files below a folder of the browser's own store, for pages and their workers.
 * @param folder made when it is not there; default: the store's root
 * @throws Error where the browser has no such store, as in some private windows
 */
export async function storedFiles(folder = ''): Promise<Files> {
  let root: FileSystemDirectoryHandle;
  try {
    root = await navigator.storage.getDirectory();
  } catch (error) {
    throw new Error(`this browser keeps no files for the page (${(error as Error).message}); leave the private window, or allow the site to store data`);
  }
  for (const part of partsOf(folder)) root = await root.getDirectoryHandle(part, { create: true });
  return new StoredFiles(root);
}
