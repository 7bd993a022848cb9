// A file system in memory that runs full after so many bytes, or stops dead after so many writes.
import type { Files } from '../../src/runtime/runtime.js';

/** What a killed process does next: nothing. */
export class Killed extends Error {}

export class MemoryFiles implements Files {
  readonly contents = new Map<string, Uint8Array>();
  /** Bytes that may still be written before the disk is full. */
  room = Infinity;
  /** Bytes that may still be written before the process dies; a rename, a removal and a truncation count as one. */
  life = Infinity;

  constructor(texts: Record<string, string> = {}) {
    for (const [path, text] of Object.entries(texts)) this.contents.set(path, new TextEncoder().encode(text));
  }

  texts(): Record<string, string> {
    return Object.fromEntries([...this.contents].map(([path, bytes]): [string, string] => [path, new TextDecoder().decode(bytes)]).sort());
  }

  clone(): MemoryFiles {
    return new MemoryFiles(this.texts());
  }

  #live(cost: number): number {
    if (this.life <= 0) throw new Killed('killed');
    const granted = Math.min(cost, this.life);
    this.life -= granted;
    return granted;
  }

  /** Writes as the disk and the process's life allow; what was written before either ended stays written. */
  #put(path: string, before: Uint8Array, bytes: Uint8Array): void {
    const alive = this.#live(Math.max(1, bytes.length));
    const granted = Math.min(alive, this.room);
    this.room -= Math.min(bytes.length, granted);
    const joined = new Uint8Array(before.length + Math.min(bytes.length, granted));
    joined.set(before);
    joined.set(bytes.subarray(0, granted), before.length);
    this.contents.set(path, joined);
    if (alive < bytes.length) throw new Killed('killed');
    if (granted < bytes.length) throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
  }

  async read(path: string): Promise<Uint8Array> {
    const bytes = this.contents.get(path);
    if (bytes === undefined) throw Object.assign(new Error(`ENOENT: no such file, open '${path}'`), { code: 'ENOENT' });
    return bytes.slice();
  }

  async size(path: string): Promise<number | undefined> {
    return this.contents.get(path)?.length;
  }

  async isFolder(path: string): Promise<boolean> {
    return [...this.contents.keys()].some((other) => other.startsWith(`${path}/`));
  }

  async list(path: string): Promise<string[]> {
    const inside = [...this.contents.keys()].filter((other) => other.startsWith(`${path}/`)).map((other) => other.slice(path.length + 1));
    return [...new Set(inside.map((name) => name.split('/')[0]!))].sort();
  }

  async makeFolder(): Promise<void> {}

  async writeWhole(path: string, bytes: Uint8Array): Promise<void> {
    const slash = path.lastIndexOf('/');
    const temporary = `${path.slice(0, slash)}/.${path.slice(slash + 1)}.1.${this.contents.size}.partial`;
    try {
      this.#put(temporary, new Uint8Array(0), bytes);
    } catch (error) {
      if (!(error instanceof Killed)) this.contents.delete(temporary);
      throw error;
    }
    await this.rename(temporary, path);
  }

  async append(path: string, bytes: Uint8Array): Promise<void> {
    const before = this.contents.get(path) ?? new Uint8Array(0);
    try {
      this.#put(path, before, bytes);
    } catch (error) {
      if (!(error instanceof Killed)) this.contents.set(path, before);
      throw error;
    }
  }

  async truncate(path: string, size: number): Promise<void> {
    this.#live(1);
    this.contents.set(path, this.contents.get(path)!.slice(0, size));
  }

  async rename(from: string, to: string): Promise<void> {
    this.#live(1);
    this.contents.set(to, this.contents.get(from)!);
    this.contents.delete(from);
  }

  async remove(path: string): Promise<void> {
    this.#live(1);
    this.contents.delete(path);
  }
}
