// Writes one run's rows to its files as one act: while that goes on a mark stands in the folder, and a run whose
// mark stands does not count as recorded.
import type { Files } from '../runtime/runtime.js';
import type { Row } from './csv.js';
import { removeNamed } from './tidy-files.js';
import { planJsonLine, planRows, readTable, type FileChange } from './tables.js';

/** Rows for one CSV file; `global` names the file under the outputs' root that also takes them. */
export interface TableRows {
  file: string;
  global: string;
  rows: readonly Row[];
}

export interface RunRecord {
  runId: string;
  tables: readonly TableRows[];
  jsonLine: { file: string; line: string };
}

export class RunWriter {
  readonly #files: Files;
  readonly #root: string;
  /** Folder of this run's files. */
  readonly folder: string;
  readonly #appendGlobal: boolean;

  /**
   * @param root the outputs' root folder
   * @param name this run's folder in it, such as `seed_000042`
   */
  constructor(files: Files, root: string, name: string, appendGlobal: boolean) {
    this.#files = files;
    this.#root = root;
    this.folder = `${root}/${name}`;
    this.#appendGlobal = appendGlobal;
  }

  /** Makes the folder. @throws Error naming --outdir when it cannot be written */
  async open(): Promise<void> {
    try {
      await this.#files.makeFolder(this.folder);
    } catch (error) {
      throw new Error(`--outdir: expected a folder that can be written, got ${this.#root} (${(error as Error).message})`);
    }
  }

  #mark(runId: string): string {
    return `${this.folder}/.pending-${runId}`;
  }

  /** The recorded row of a run, if it was ever finished here; undefined when its writing was interrupted. */
  async find(table: string, runId: string): Promise<Record<string, string> | undefined> {
    if ((await this.#files.size(this.#mark(runId))) !== undefined) return undefined;
    const rows = await readTable(this.#files, `${this.folder}/${table}`);
    return rows?.find(({ run_id }) => run_id === runId);
  }

  /**
   * Adds a run's rows. With `replace`, or after an interrupted writing of the same run, they take the place of the
   * run's earlier rows; so do those in the global files, if there are any.
   * @throws Error naming the folder when the disk is full or refuses; every file is then as it was
   */
  async write(record: RunRecord, replace: boolean): Promise<void> {
    const mark = this.#mark(record.runId);
    const isInterrupted = (await this.#files.size(mark)) !== undefined;
    const undo: (() => Promise<void>)[] = isInterrupted ? [] : [() => this.#files.remove(mark)];
    try {
      const changes = await this.#plan(record, replace || isInterrupted ? record.runId : undefined);
      await this.#files.writeWhole(mark, new Uint8Array(0));
      await this.#commit(record.runId, changes, undo);
    } catch (error) {
      const end = await this.#undo(undo);
      throw new Error(`${this.folder}: expected to write run ${record.runId}, got ${(error as Error).message}; ${end}`);
    }
    for (const folder of [this.#root, this.folder]) await removeNamed(this.#files, folder, `.pending-${record.runId}`);
  }

  /** Removes this run's files of a kind, such as its checkpoint, with what a kill left half-written of them. */
  async discard(name: string): Promise<void> {
    await removeNamed(this.#files, this.folder, name);
  }

  async #holdsGlobally({ runId, tables }: RunRecord): Promise<boolean> {
    for (const { global } of tables) {
      const rows = await readTable(this.#files, `${this.#root}/${global}`);
      if (rows?.some(({ run_id }) => run_id === runId) === true) return true;
    }
    return false;
  }

  async #plan(record: RunRecord, replacing: string | undefined): Promise<FileChange[]> {
    const { tables, jsonLine } = record;
    const toGlobal = this.#appendGlobal || (replacing !== undefined && (await this.#holdsGlobally(record)));
    const changes: (FileChange | undefined)[] = [await planJsonLine(this.#files, `${this.folder}/${jsonLine.file}`, jsonLine.line, replacing)];
    for (const { file, global, rows } of tables) {
      if (toGlobal) changes.push(await planRows(this.#files, `${this.#root}/${global}`, rows, replacing));
      changes.push(await planRows(this.#files, `${this.folder}/${file}`, rows, replacing));
    }
    return changes.filter((change) => change !== undefined);
  }

  /** Everything that needs room happens first and can be undone; then new files take their places by renaming. */
  async #commit(runId: string, changes: readonly FileChange[], undo: (() => Promise<void>)[]): Promise<void> {
    const staged: { from: string; to: string }[] = [];
    for (const change of changes) {
      if ('append' in change) continue;
      const slash = change.path.lastIndexOf('/');
      const from = `${change.path.slice(0, slash)}/.pending-${runId}.${change.path.slice(slash + 1)}`;
      await this.#files.writeWhole(from, change.content);
      staged.push({ from, to: change.path });
      undo.push(() => this.#files.remove(from));
    }
    for (const change of changes) {
      if (!('append' in change)) continue;
      const before = (await this.#files.size(change.path))!;
      await this.#files.append(change.path, change.append);
      undo.push(() => this.#files.truncate(change.path, before));
    }
    for (const { from, to } of staged) {
      await this.#files.rename(from, to);
      undo.length = 0;
    }
  }

  /** Takes back what was done, last first. Where that fails the mark stays, and the next writing of the run repairs the files. */
  async #undo(steps: (() => Promise<void>)[]): Promise<string> {
    if (steps.length === 0) return 'running it again repairs the files';
    try {
      for (const step of [...steps].reverse()) await step();
      return 'no row of it was kept';
    } catch (error) {
      return `taking it back failed too (${(error as Error).message}); running it again repairs the files`;
    }
  }
}
