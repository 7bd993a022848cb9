// The runs of a sweep as one table.
import { sha256 } from '../core/index.js';
import { formatPandasCsv } from '../outputs/index.js';
import { mapAtOnce, type SweepFolder } from '../runs/sweep-folder.js';
import { SweepTableMaker, type RunTimes, type SweepTable } from '../sweep/index.js';
import type { SweepPlan } from './sweep-plan.js';

export interface Collected {
  table: SweepTable;
  /** The table as CSV: floats in full, LF. */
  csv: string;
  /** SHA-256 of it. */
  digest: string;
  /** Of the recorded runs, in the table's order; undefined where a run has none. */
  times: { runId: string; times: RunTimes | undefined }[];
  /** Runs that the selection asks for, each condition's counted. */
  expected: number;
}

const TIME_COLUMNS = [
  { name: 'run_id', kind: 'text' }, { name: 'seconds', kind: 'float' }, { name: 'resumed_after', kind: 'whole' }, { name: 'program', kind: 'text' }, { name: 'engine', kind: 'text' },
] as const;

/** Reads every record that is there. @throws ConfigurationError for one of another run, version or build */
export async function collectRuns(folder: SweepFolder, { spec, runs, withoutData }: SweepPlan): Promise<Collected> {
  const maker = new SweepTableMaker(spec);
  const read = await mapAtOnce(runs, async ({ run, runId, setting }) => {
    const record = await folder.record(runId, setting);
    return record === undefined ? undefined : { runId, row: maker.row(run, record) };
  });
  const recorded = read.filter((one) => one !== undefined);
  const table = maker.table(recorded.map(({ row }) => row));
  const csv = formatPandasCsv(table.columns, table.rows);
  const ids = [...new Set(recorded.map(({ runId }) => runId))];
  const times = await mapAtOnce(ids, async (runId) => ({ runId, times: await folder.times(runId) }));
  return { table, csv, digest: await sha256(csv), times, expected: runs.length + withoutData.length };
}

/** Writes table.csv, table.parquet and, apart from them, times.csv. @returns their paths */
export async function writeCollected(folder: SweepFolder, sweep: string, { table, csv, times }: Collected): Promise<string[]> {
  // Loaded for this alone: no other command waits for it.
  const { formatParquet } = await import('../outputs/parquet.js');
  const timeRows = times.flatMap(({ runId, times: own }) => (own === undefined ? [] : [{ run_id: runId, ...own }]));
  return [
    await folder.writeForSweep(sweep, 'table.csv', csv),
    await folder.writeForSweep(sweep, 'table.parquet', formatParquet(table.columns, table.rows)),
    await folder.writeForSweep(sweep, 'times.csv', formatPandasCsv(TIME_COLUMNS, timeRows)),
  ];
}

