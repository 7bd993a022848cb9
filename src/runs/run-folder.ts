// The folder of one run: its checkpoint while it computes, its files and its record when it has ended.
import type { RunSetting } from '../experiments/identity.js';
import { removeNamed, writeTidily } from '../outputs/index.js';
import type { Files } from '../runtime/runtime.js';
import { VERSION } from '../version.js';

export const CHECKPOINT = '.checkpoint.safetensors';

const encode = (text: string) => new TextEncoder().encode(text);

/** A file's bytes, or undefined when there is none. */
export async function readIfThere(files: Files, path: string): Promise<Uint8Array | undefined> {
  return (await files.size(path)) === undefined ? undefined : files.read(path);
}

/** What a JSON file of this program says, or undefined when there is none. @throws Error naming a file that is damaged */
export async function readOwnJson<T>(files: Files, path: string): Promise<T | undefined> {
  const bytes = await readIfThere(files, path);
  if (bytes === undefined) return undefined;
  try {
    return JSON.parse(new TextDecoder().decode(bytes)) as T;
  } catch (error) {
    throw new Error(`${path}: expected the JSON that isolab wrote, got ${(error as Error).message}; remove the file to compute it again`);
  }
}

/** Makes a folder for results. @throws Error naming --out-dir when it cannot be written */
export async function makeOutFolder(files: Files, folder: string): Promise<void> {
  try {
    await files.makeFolder(folder);
  } catch (error) {
    throw new Error(`--out-dir: expected a folder that can be written, got ${folder} (${(error as Error).message})`);
  }
}

/** What every run's record.json says beside its own results. */
export interface RunRecord<C> {
  run_id: string;
  config: C;
  result_digest: string;
  program: string;
  profile: string;
  wasm_sha256: string;
  data_sha256: string;
  bits_promised: true;
}

/** @param results of that kind of run alone @param setting what the run's name was made of beside its configuration */
export function recordOf<C, R extends object>(runId: string, config: C, results: R, digest: string, setting: RunSetting): RunRecord<C> & R {
  return {
    run_id: runId, config, ...results, result_digest: digest, program: `isolab ${VERSION}`,
    profile: setting.profile, wasm_sha256: setting.wasmHash, data_sha256: setting.dataHash, bits_promised: true,
  };
}

/** @typeParam R what its record says */
export class RunFolder<R = unknown> {
  readonly path: string;
  readonly #files: Files;

  constructor(files: Files, path: string) {
    this.#files = files;
    this.path = path;
  }

  /** @throws Error naming --out-dir when it cannot be written */
  open(): Promise<void> {
    return makeOutFolder(this.#files, this.path);
  }

  /** What an experiment goes on from, with the name of the file for its errors; nothing where there is no checkpoint. */
  async resumption(): Promise<{ resume?: Uint8Array; resumeName?: string }> {
    const resumeName = `${this.path}/${CHECKPOINT}`;
    const resume = await readIfThere(this.#files, resumeName);
    return resume === undefined ? {} : { resume, resumeName };
  }

  async writeCheckpoint(bytes: Uint8Array): Promise<void> {
    await this.#files.writeWhole(`${this.path}/${CHECKPOINT}`, bytes);
  }

  /** What the file says that says that the run has ended; undefined before. A checkpoint that a kill left beside it goes. */
  async readRecord(name = 'record.json'): Promise<R | undefined> {
    const record = await readOwnJson<R>(this.#files, `${this.path}/${name}`);
    if (record !== undefined) await removeNamed(this.#files, this.path, CHECKPOINT);
    return record;
  }

  async write(name: string, content: string | Uint8Array): Promise<void> {
    await writeTidily(this.#files, this.path, name, typeof content === 'string' ? encode(content) : content);
  }

  /** Writes the file that says that the run has ended, after all others, and drops the checkpoint. */
  async end(content: string, name = 'record.json'): Promise<void> {
    await this.write(name, content);
    await removeNamed(this.#files, this.path, CHECKPOINT);
  }
}
