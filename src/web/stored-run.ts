// A run as the browser keeps it: what it is, where it stands, what it shows, and the files of the command line.
import type { Profile } from '../core/index.js';
import type { Files } from '../runtime/runtime.js';
import type { Figure } from './experiment.js';
import { PlotBook } from './plots.js';

/** What decides a run's bits beside its configuration. */
export interface BitSetting {
  profile: Profile;
  wasmHash: string;
  dataHash: string;
  /** Who computes, where that is not the core alone. */
  backend?: string;
}

export interface StoredRun {
  id: string;
  experiment: string;
  /** As --print-config shows it. */
  config: Record<string, unknown>;
  /** ISO 8601. */
  created: string;
  state: 'running' | 'stopped' | 'failed' | 'finished';
  /** Seconds of computing so far, over all sittings. */
  seconds: number;
  threads?: number;
  setting?: BitSetting;
  digest?: string;
  figures?: readonly Figure[];
  error?: string;
  /** What the link that it was started from says of the same run elsewhere. */
  expected?: { digest: string; setting: BitSetting };
}

const folderOf = (id: string) => `runs/${id}`;

/** Where a run's own files lie: what the command line would have written. */
export const resultFolder = (id: string) => `${folderOf(id)}/files`;

const encode = (text: string) => new TextEncoder().encode(text);

/** Checkpoints, and what a sudden end leaves half-written: hidden names, and Chromium's own for files that it was writing. */
const isLeftover = (name: string) => name.startsWith('.') || name.startsWith('checkpoint_') || name.endsWith('.crswap');

/** The runs of one browser, in its store. */
export class RunStore {
  readonly files: Files;

  /** @param files of the whole store */
  constructor(files: Files) {
    this.files = files;
  }

  async save(run: StoredRun): Promise<void> {
    await this.files.writeWhole(`${folderOf(run.id)}/run.json`, encode(JSON.stringify(run, null, 2)));
  }

  async read(id: string): Promise<StoredRun | undefined> {
    try {
      return JSON.parse(new TextDecoder().decode(await this.files.read(`${folderOf(id)}/run.json`))) as StoredRun;
    } catch {
      // A tab that was closed while the run was being made.
      return undefined;
    }
  }

  /** All runs, the latest first. */
  async list(): Promise<StoredRun[]> {
    const runs = await Promise.all((await this.files.list('runs')).map((id) => this.read(id)));
    return runs.filter((run) => run !== undefined).sort((a, b) => (a.created < b.created ? 1 : -1));
  }

  async savePlots(id: string, plots: PlotBook): Promise<void> {
    await this.files.writeWhole(`${folderOf(id)}/plots.json`, encode(plots.toText()));
  }

  async readPlots(id: string): Promise<PlotBook> {
    const path = `${folderOf(id)}/plots.json`;
    if ((await this.files.size(path)) === undefined) return new PlotBook();
    return PlotBook.fromText(new TextDecoder().decode(await this.files.read(path)));
  }

  /** Paths of a run's result files, below its own folder; checkpoints and what is half-written are none. */
  async results(id: string): Promise<string[]> {
    const found: string[] = [];
    const visit = async (folder: string) => {
      for (const name of await this.files.list(`${resultFolder(id)}/${folder}`)) {
        const path = folder === '' ? name : `${folder}/${name}`;
        if (await this.files.isFolder(`${resultFolder(id)}/${path}`)) await visit(path);
        else if (!isLeftover(name)) found.push(path);
      }
    };
    await visit('');
    return found;
  }

  readResult(id: string, path: string): Promise<Uint8Array> {
    return this.files.read(`${resultFolder(id)}/${path}`);
  }

  async remove(id: string): Promise<void> {
    await this.files.remove(folderOf(id));
  }
}
