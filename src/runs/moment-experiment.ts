// An experiment on Gaussian moments as it is run: what it reads, and the table, figure and record that its folder holds.
import type { Core, Profile } from '../core/index.js';
import type { Column, Duration, FurtherTable, MomentEvent, MomentResult, TableRow } from '../experiments/moments/index.js';
import type { Fields } from '../experiments/configuration.js';
import { identifying, runIdOf } from '../experiments/identity.js';
import { formatPandasCsv, writeTidily } from '../outputs/index.js';
import type { Files } from '../runtime/runtime.js';
import { VERSION } from '../version.js';
import type { DataSource } from './data-source.js';
import { makeOutFolder } from './run-folder.js';

export type MomentConfig = Record<string, unknown> & { out_dir: string };

/** What an experiment reads from files before it runs. */
export interface Loaded<D> {
  data: D;
  /** Names the files' content in the run's identity. */
  hash: string;
}

/** One experiment: what it computes, and what its table and its figure show; `D` is what it reads. */
export interface MomentExperiment<C extends MomentConfig, R extends TableRow, D = undefined> {
  /** Of the subcommand, and of the table and figure that it writes. */
  name: string;
  description: string;
  fields: Fields;
  resolve(values: Record<string, unknown>, source: string): C;
  /** Default: nothing is read. */
  load?(source: DataSource, core: Core, config: C): Promise<Loaded<D>>;
  /** @param now milliseconds of a clock that only durations may be taken from */
  run(core: Core, config: C, now: () => number, data: D): AsyncIterable<MomentEvent<R>>;
  columns: readonly Column[];
  /** The table for people to read; default: the columns as they are. */
  print?(rows: readonly R[], durations: readonly Duration[], further: readonly FurtherTable[]): string;
  /** The figure as SVG. */
  draw(rows: readonly R[], config: C, durations: readonly Duration[], further: readonly FurtherTable[]): string;
}

/** What an experiment reads; without `load`, D is undefined. */
export async function loadMomentData<C extends MomentConfig, R extends TableRow, D>(
  experiment: MomentExperiment<C, R, D>, source: DataSource, core: Core, config: C,
): Promise<Loaded<D>> {
  return (await experiment.load?.(source, core, config)) ?? { data: undefined as D, hash: '' };
}

/** The 12 hexadecimal digits that name a run. @param dataHash of `Loaded` */
export function momentRunId({ name, fields }: { name: string; fields: Fields }, config: MomentConfig, setting: { profile: Profile; wasmHash: string; dataHash: string }): Promise<string> {
  return runIdOf(`moments ${name}`, identifying(fields, config), setting);
}

const SECONDS: readonly Column[] = [{ name: 'part', kind: 'text' }, { name: 'seconds', kind: 'float' }];

/** The rows of the tables beside the main one, by name. */
export function furtherRows({ further }: MomentResult<TableRow>): Record<string, readonly TableRow[]> {
  return Object.fromEntries(further.map((table) => [table.name, table.rows]));
}

/** The files of a finished run by name: table, figure, further tables, seconds.csv, record.json. */
export function momentFiles<C extends MomentConfig, R extends TableRow, D>(
  { name, columns, draw }: MomentExperiment<C, R, D>, config: C, result: MomentResult<R>, durations: readonly Duration[],
  { runId, profile, wasmHash, dataHash }: { runId: string; profile: Profile; wasmHash: string; dataHash: string },
): Record<string, string> {
  const record = {
    run_id: runId, config, rows: result.rows, ...furtherRows(result), result_digest: result.digest, program: `isolab ${VERSION}`, profile, wasm_sha256: wasmHash,
    ...(dataHash === '' ? {} : { data_sha256: dataHash }), bits_promised: true,
  };
  return {
    [`${name}.csv`]: formatPandasCsv(columns, result.rows), [`${name}.svg`]: draw(result.rows, config, durations, result.further),
    ...Object.fromEntries(result.further.map((table) => [`${table.name}.csv`, formatPandasCsv(table.columns, table.rows)])),
    'seconds.csv': formatPandasCsv(SECONDS, durations), 'record.json': `${JSON.stringify(record, null, 2)}\n`,
  };
}

/** Writes the files of a run; they are made before the first is written, so that what cannot be drawn leaves none. */
export async function writeMomentFiles(files: Files, folder: string, texts: Readonly<Record<string, string>>): Promise<void> {
  await makeOutFolder(files, folder);
  for (const [name, text] of Object.entries(texts)) await writeTidily(files, folder, name, new TextEncoder().encode(text));
}
