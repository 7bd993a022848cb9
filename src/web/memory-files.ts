// Files of a run that nobody asked to keep: they live as long as its worker.
import type { Files } from '../runtime/runtime.js';

const tidy = (path: string) => path.split('/').filter((part) => part !== '' && part !== '.').join('/');

export class MemoryFiles implements Files {
  readonly #bytes = new Map<string, Uint8Array>();

  async read(path: string): Promise<Uint8Array> {
    const bytes = this.#bytes.get(tidy(path));
    if (bytes === undefined) throw Object.assign(new Error(`${path}: expected a file, got none of that name`), { code: 'ENOENT' });
    return bytes.slice();
  }

  async size(path: string): Promise<number | undefined> {
    return this.#bytes.get(tidy(path))?.length;
  }

  async isFolder(path: string): Promise<boolean> {
    return (await this.list(path)).length > 0;
  }

  async list(path: string): Promise<string[]> {
    const start = tidy(path) === '' ? '' : `${tidy(path)}/`;
    return [...new Set([...this.#bytes.keys()].filter((name) => name.startsWith(start)).map((name) => name.slice(start.length).split('/')[0]!))].sort();
  }

  async makeFolder(): Promise<void> {}

  async writeWhole(path: string, bytes: Uint8Array): Promise<void> {
    this.#bytes.set(tidy(path), bytes.slice());
  }

  async append(path: string, bytes: Uint8Array): Promise<void> {
    const before = this.#bytes.get(tidy(path)) ?? new Uint8Array(0);
    const whole = new Uint8Array(before.length + bytes.length);
    whole.set(before);
    whole.set(bytes, before.length);
    this.#bytes.set(tidy(path), whole);
  }

  async truncate(path: string, size: number): Promise<void> {
    this.#bytes.set(tidy(path), (await this.read(path)).slice(0, size));
  }

  async rename(from: string, to: string): Promise<void> {
    await this.writeWhole(to, await this.read(from));
    this.#bytes.delete(tidy(from));
  }

  async remove(path: string): Promise<void> {
    this.#bytes.delete(tidy(path));
  }
}
