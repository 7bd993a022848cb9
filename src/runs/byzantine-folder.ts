// The folder of Byzantine runs: each run in a folder of its own, named by its content hash.
import type { RunSetting } from '../experiments/identity.js';
import { GRID_COLUMNS, ROUND_COLUMNS, type ByzantineConfig, type ByzantineResult, type GridRow, type RoundRow } from '../experiments/byzantine/index.js';
import { formatPandasCsv, writeTidily } from '../outputs/index.js';
import type { Files } from '../runtime/runtime.js';
import { recordOf, RunFolder, type RunRecord } from './run-folder.js';

export type ByzantineRecord = RunRecord<ByzantineConfig> & { rows: RoundRow[] };

/** JSON has no NaN: null stands for it. */
const toJson = (value: unknown, indent?: number) => JSON.stringify(value, (_, item: unknown) => (Number.isNaN(item) ? null : item), indent);

export class ByzantineFolder extends RunFolder<ByzantineRecord> {
  readonly #runId: string;

  constructor(files: Files, outDir: string, runId: string) {
    super(files, `${outDir}/${runId}`);
    this.#runId = runId;
  }

  /**
   * Writes rounds.csv, rounds.jsonl, seconds.csv, and record.json, which says that the run has ended. Times are a file of their
   * own, so that all others are the same however often a run was interrupted.
   * @param seconds of each round, by its number
   * @param setting what the run's name was made of beside its configuration
   */
  async record(config: ByzantineConfig, { rows, digest }: ByzantineResult, seconds: ReadonlyMap<number, number>, setting: RunSetting): Promise<ByzantineRecord> {
    const record: ByzantineRecord = recordOf(this.#runId, config, { rows }, digest, setting);
    await this.write('rounds.csv', formatPandasCsv(ROUND_COLUMNS, rows as unknown as Record<string, unknown>[]));
    await this.write('rounds.jsonl', rows.map((row) => `${toJson({ run_id: this.#runId, ...row })}\n`).join(''));
    const times = [...seconds].map(([round, spent]) => ({ round, seconds: spent }));
    await this.write('seconds.csv', formatPandasCsv([{ name: 'round', kind: 'whole' }, { name: 'seconds', kind: 'float' }], times));
    await this.end(`${toJson(record, 2)}\n`);
    return record;
  }
}

/** Writes a grid's table beside its runs, which are in the order given. */
export async function writeGrid(files: Files, outDir: string, rows: readonly GridRow[]): Promise<void> {
  await writeTidily(files, outDir, 'grid.csv', new TextEncoder().encode(formatPandasCsv(GRID_COLUMNS, rows)));
}
