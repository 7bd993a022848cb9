// The folder of Byzantine runs: each run in a folder of its own, named by its content hash.
import { GRID_COLUMNS, ROUND_COLUMNS, type ByzantineConfig, type ByzantineResult, type GridRow, type RoundRow } from '../experiments/byzantine/index.js';
import { formatPandasCsv, removeNamed, writeTidily } from '../outputs/index.js';
import type { Files } from '../runtime/runtime.js';

export interface ByzantineRecord {
  run_id: string;
  config: ByzantineConfig;
  rows: RoundRow[];
  result_digest: string;
  program: string;
  profile: string;
  wasm_sha256: string;
  data_sha256: string;
  bits_promised: true;
}

const encode = (text: string) => new TextEncoder().encode(text);

/** JSON has no NaN: null stands for it. */
const toJson = (value: unknown, indent?: number) => JSON.stringify(value, (_, item: unknown) => (Number.isNaN(item) ? null : item), indent);

export class ByzantineFolder {
  readonly path: string;
  readonly #files: Files;

  constructor(files: Files, path: string) {
    this.#files = files;
    this.path = path;
  }

  runPath(runId: string): string {
    return `${this.path}/${runId}`;
  }

  checkpointPath(runId: string): string {
    return `${this.runPath(runId)}/.checkpoint.safetensors`;
  }

  /** Makes a run's folder. @throws Error naming --out-dir when it cannot be written */
  async open(runId: string): Promise<void> {
    try {
      await this.#files.makeFolder(this.runPath(runId));
    } catch (error) {
      throw new Error(`--out-dir: expected a folder that can be written, got ${this.path} (${(error as Error).message})`);
    }
  }

  async #read(path: string): Promise<Uint8Array | undefined> {
    return (await this.#files.size(path)) === undefined ? undefined : this.#files.read(path);
  }

  /** A run's record, if it has ended here; a checkpoint that a kill left beside it goes. */
  async recorded(runId: string): Promise<ByzantineRecord | undefined> {
    const path = `${this.runPath(runId)}/record.json`;
    const bytes = await this.#read(path);
    if (bytes === undefined) return undefined;
    await removeNamed(this.#files, this.runPath(runId), '.checkpoint.safetensors');
    try {
      return JSON.parse(new TextDecoder().decode(bytes)) as ByzantineRecord;
    } catch (error) {
      throw new Error(`${path}: expected the JSON that isolab wrote, got ${(error as Error).message}; remove the file to compute it again`);
    }
  }

  readCheckpoint(runId: string): Promise<Uint8Array | undefined> {
    return this.#read(this.checkpointPath(runId));
  }

  async writeCheckpoint(runId: string, bytes: Uint8Array): Promise<void> {
    await this.#files.writeWhole(this.checkpointPath(runId), bytes);
  }

  /**
   * Writes rounds.csv, rounds.jsonl, seconds.csv, and record.json, which says that the run has ended. Times are a file of their
   * own, so that all others are the same however often a run was interrupted.
   * @param seconds of each round, by its number
   */
  async record(record: ByzantineRecord, result: ByzantineResult, seconds: ReadonlyMap<number, number>): Promise<void> {
    const folder = this.runPath(record.run_id);
    await this.#write(folder, 'rounds.csv', formatPandasCsv(ROUND_COLUMNS, result.rows as unknown as Record<string, unknown>[]));
    await this.#write(folder, 'rounds.jsonl', result.rows.map((row) => `${toJson({ run_id: record.run_id, ...row })}\n`).join(''));
    const times = [...seconds].map(([round, spent]) => ({ round, seconds: spent }));
    await this.#write(folder, 'seconds.csv', formatPandasCsv([{ name: 'round', kind: 'whole' }, { name: 'seconds', kind: 'float' }], times));
    await this.#write(folder, 'record.json', `${toJson(record, 2)}\n`);
    await removeNamed(this.#files, folder, '.checkpoint.safetensors');
  }

  /** The grid's table, runs in the order given. */
  async writeGrid(rows: readonly GridRow[]): Promise<void> {
    await this.#write(this.path, 'grid.csv', formatPandasCsv(GRID_COLUMNS, rows));
  }

  async #write(folder: string, name: string, text: string): Promise<void> {
    await writeTidily(this.#files, folder, name, encode(text));
  }
}
