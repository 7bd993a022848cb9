// The folder of sweeps. Each run is a folder of its own, named by its content hash, that no other run writes to; sweeps
// that have a run in common share it.
import type { RunSetting } from '../experiments/identity.js';
import { formatCsv, formatCsvHeader, type Row } from '../outputs/csv.js';
import { removeNamed, writeTidily } from '../outputs/index.js';
import type { Files } from '../runtime/runtime.js';
import { formatRecord, parseRecord, type RunTimes, type SweepRecord } from '../sweep/index.js';
import { CHECKPOINT, makeOutFolder, RunFolder } from './run-folder.js';

export type RunState = 'recorded' | 'failed' | 'none';

const encode = (text: string) => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

/** Files read or listed at once. */
const AT_ONCE = 64;

/** Results of `each`, in the items' order, some computed at once. @throws the first failure */
export async function mapAtOnce<T, R>(items: readonly T[], each: (item: T) => Promise<R>): Promise<R[]> {
  const results = new Array<R>(items.length);
  let next = 0;
  const work = async () => {
    while (next < items.length) {
      const index = next++;
      results[index] = await each(items[index]!);
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, items.length) }, work));
  return results;
}

export class SweepFolder {
  readonly path: string;
  readonly #files: Files;

  constructor(files: Files, path: string) {
    this.#files = files;
    this.path = path;
  }

  runPath(runId: string): string {
    return `${this.path}/runs/${runId}`;
  }

  /** Where a sweep's tables, report and submissions are. */
  sweepPath(sweep: string): string {
    return `${this.path}/${sweep}`;
  }

  checkpointPath(runId: string): string {
    return `${this.runPath(runId)}/${CHECKPOINT}`;
  }

  /** Makes a folder of the tree. @throws Error naming --out-dir when it cannot be written */
  async open(path: string): Promise<void> {
    await makeOutFolder(this.#files, path);
  }

  /** What is there of each run. A checkpoint that a kill left beside a record goes. */
  async states(runIds: readonly string[]): Promise<Map<string, RunState>> {
    const present = new Set(await this.#files.list(`${this.path}/runs`));
    const states = await mapAtOnce(runIds, async (runId): Promise<[string, RunState]> => {
      const names = present.has(runId) ? await this.#files.list(this.runPath(runId)) : [];
      if (names.includes('record.json') && names.includes(CHECKPOINT)) await this.#files.remove(this.checkpointPath(runId));
      return [runId, names.includes('record.json') ? 'recorded' : names.includes('failure.json') ? 'failed' : 'none'];
    });
    return new Map(states);
  }

  async #read(path: string): Promise<Uint8Array | undefined> {
    try {
      return await this.#files.read(path);
    } catch (error) {
      if ((error as { code?: string }).code === 'ENOENT') return undefined;
      throw error;
    }
  }

  /** A run's record, or undefined. @throws ConfigurationError for a record of another run, version or build */
  async record(runId: string, setting: RunSetting): Promise<SweepRecord | undefined> {
    const path = `${this.runPath(runId)}/record.json`;
    const bytes = await this.#read(path);
    return bytes === undefined ? undefined : parseRecord(decode(bytes), path, runId, setting);
  }

  /** undefined where a run has none, or none that can be read: nothing depends on them. */
  async times(runId: string): Promise<RunTimes | undefined> {
    const bytes = await this.#read(`${this.runPath(runId)}/times.json`);
    try {
      return bytes === undefined ? undefined : (JSON.parse(decode(bytes)) as RunTimes);
    } catch {
      return undefined;
    }
  }

  /** What a run failed of. */
  async failure(runId: string): Promise<string> {
    const bytes = await this.#read(`${this.runPath(runId)}/failure.json`);
    try {
      return String((JSON.parse(decode(bytes!)) as { message: unknown }).message);
    } catch {
      return 'a reason that was not recorded';
    }
  }

  /** One run's own folder. */
  run(runId: string): RunFolder {
    return new RunFolder(this.#files, this.runPath(runId));
  }

  /** Writes a finished run; its record comes last, and says that the run has ended. */
  async write(record: SweepRecord, times: RunTimes, tables: Readonly<Record<string, readonly Row[]>>): Promise<void> {
    const folder = this.run(record.run_id);
    for (const [name, rows] of Object.entries(tables)) {
      if (rows.length === 0) continue;
      const columns = Object.keys(rows[0]!);
      await folder.write(name, formatCsvHeader(columns) + formatCsv(columns, rows));
    }
    await folder.write('times.json', `${JSON.stringify(times)}\n`);
    await folder.end(formatRecord(record));
    await removeNamed(this.#files, folder.path, 'failure.json');
  }

  async writeFailure(runId: string, message: string): Promise<void> {
    await this.run(runId).write('failure.json', `${JSON.stringify({ message })}\n`);
  }

  /** Writes a file of a sweep. @returns its path */
  async writeForSweep(sweep: string, name: string, content: string | Uint8Array): Promise<string> {
    const path = `${this.sweepPath(sweep)}/${name}`;
    const slash = path.lastIndexOf('/');
    await this.open(path.slice(0, slash));
    await writeTidily(this.#files, path.slice(0, slash), path.slice(slash + 1), typeof content === 'string' ? encode(content) : content);
    return path;
  }
}
