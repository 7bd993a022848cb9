// The folder of an alignment run: whose it is, its seeds' files, its summaries.
import { ConfigurationError, quote } from '../experiments/configuration.js';
import {
  alignmentSeedFolder, controlColumns, METRICS_COLUMNS, metricsRows, perRunColumns, summarizeOverall, summarizeSeed,
  type AlignmentConfig, type AlignmentResult, type ControlColumns,
} from '../experiments/alignment/index.js';
import { formatPandasCsv, readTable, writeTidily } from '../outputs/index.js';
import type { Files } from '../runtime/runtime.js';
import { makeOutFolder, readOwnJson, RunFolder } from './run-folder.js';

const MARK = 'isolab.json';

/** What a seed's metadata.json says. */
export interface SeedRecord {
  seed: number;
  teacher_info: { teacher_test_acc: number };
  student_info: { student_test_acc: number; total_steps: number; num_logged_rows: number };
  isolab: { run_id: string; result_digest: string; runtime_seconds: number; controls: ControlColumns };
}

const encode = (text: string) => new TextEncoder().encode(text);
const toJson = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;

export class AlignmentFolder {
  readonly path: string;
  readonly #files: Files;

  constructor(files: Files, path: string) {
    this.#files = files;
    this.path = path;
  }

  /** A seed's own folder. */
  seed(seed: number): RunFolder<SeedRecord> {
    return new RunFolder(this.#files, `${this.path}/${alignmentSeedFolder(seed)}`);
  }

  async #seedFolders(): Promise<string[]> {
    return (await this.#files.list(this.path)).filter((name) => /^seed_\d+$/.test(name));
  }

  /**
   * Makes the folder this configuration's own, or finds that it is.
   * @param identity what all seeds in it share
   * @throws ConfigurationError when it holds another configuration's runs; nothing is then written
   */
  async claim(identity: Record<string, unknown>): Promise<void> {
    const remedy = 'choose another --out-dir, or remove it';
    const found = await readOwnJson<Record<string, unknown>>(this.#files, `${this.path}/${MARK}`);
    if (found === undefined && (await this.#seedFolders()).length > 0) {
      throw new ConfigurationError(`--out-dir: expected an empty folder or one of this program, got ${quote(this.path)}, which holds runs without ${MARK}; ${remedy}`);
    }
    if (found !== undefined) {
      const names = [...new Set([...Object.keys(found), ...Object.keys(identity)])];
      const other = names.find((name) => JSON.stringify(found[name]) !== JSON.stringify(identity[name]));
      if (other === undefined) return;
      throw new ConfigurationError(`--out-dir: expected an empty folder or one of this configuration, got ${quote(this.path)}, made with ${other} ${quote(found[other])} where this is ${quote(identity[other])}; ${remedy}`);
    }
    await makeOutFolder(this.#files, this.path);
    await writeTidily(this.#files, this.path, MARK, encode(toJson(identity)));
  }

  /** A seed's record, if it has ended here; a checkpoint that a kill left beside it goes. */
  recorded(seed: number): Promise<SeedRecord | undefined> {
    return this.seed(seed).readRecord('metadata.json');
  }

  /** Writes a seed's metrics.csv, then metadata.json, which says that it has ended, and drops its checkpoint. */
  async record(config: AlignmentConfig, result: AlignmentResult, context: Record<string, unknown>, createdAt: string): Promise<void> {
    const { seed, rows, teacherAccuracy, studentAccuracy, totalSteps } = result;
    const folder = this.seed(seed);
    await folder.open();
    await folder.write('metrics.csv', formatPandasCsv(METRICS_COLUMNS, metricsRows(result)));
    const metadata = {
      seed, config,
      teacher_info: { teacher_test_acc: teacherAccuracy },
      student_info: { student_test_acc: studentAccuracy, total_steps: totalSteps, num_logged_rows: rows.length },
      created_at_utc: createdAt,
      device: 'cpu',
      isolab: { ...context, result_digest: result.digest, controls: controlColumns(config, result) },
    };
    await folder.end(toJson(metadata), 'metadata.json');
  }

  /** Reads every ended seed of the folder and writes both summaries. @returns their rows, seeds ascending */
  async summarize(): Promise<{ perRun: Record<string, number | string>[]; overall: Record<string, number | string> }> {
    const perRun = [];
    for (const name of await this.#seedFolders()) {
      const record = await readOwnJson<SeedRecord>(this.#files, `${this.path}/${name}/metadata.json`);
      if (record === undefined) continue;
      const table = (await readTable(this.#files, `${this.path}/${name}/metrics.csv`)) ?? [];
      const rows = table.map((row) => Object.fromEntries(Object.entries(row).map(([column, text]) => [column, text === '' ? NaN : Number(text)])));
      perRun.push(summarizeSeed(record.seed, rows, record.isolab.controls));
    }
    perRun.sort((a, b) => (a.seed as number) - (b.seed as number));
    const { columns, row } = summarizeOverall(perRun);
    await writeTidily(this.#files, this.path, 'per_run_summary.csv', encode(formatPandasCsv(perRunColumns(perRun), perRun)));
    await writeTidily(this.#files, this.path, 'overall_summary.csv', encode(formatPandasCsv(columns, [row])));
    return { perRun, overall: row };
  }
}
