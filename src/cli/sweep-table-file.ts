// A collected table, read again: perhaps of several machines, never of several versions.
import { ConfigurationError, quote } from '../experiments/configuration.js';
import { parseCsv } from '../outputs/index.js';
import type { Files } from '../runtime/runtime.js';
import { MEASURES, type SweepSpecification, type SweepTable, type TableRow } from '../sweep/index.js';

/** What all rows of a table must agree in, for their means to mean something. */
const SAME = ['sweep', 'profile', 'wasm_sha256'] as const;

/** Numbers by the columns that figures need; all else stays text. */
function numericColumns({ conditions }: SweepSpecification): string[] {
  const axes = conditions.flatMap((condition) => condition.axes.filter(({ values }) => values.every((value) => typeof value === 'number')).map(({ name }) => name));
  return ['seed', 'num_classes', ...MEASURES, ...axes];
}

function readCell(text: string, isNumber: boolean, where: string): number | string | null {
  if (text === '') return null;
  if (!isNumber) return text;
  const value = Number(text);
  if (Number.isNaN(value)) throw new ConfigurationError(`${where}: expected a number or nothing, got ${quote(text)}`);
  return value;
}

/**
 * @param path of a `table.csv`
 * @throws ConfigurationError naming the file, line and column: not a table of this sweep, rows of different builds or profiles, a run twice
 */
export async function readSweepTable(files: Files, path: string, spec: SweepSpecification): Promise<{ table: SweepTable; csv: string }> {
  let csv: string;
  try {
    csv = new TextDecoder('utf-8', { fatal: true }).decode(await files.read(path));
  } catch (error) {
    throw new ConfigurationError(`--table: expected a table that can be read, got ${quote(path)} (${(error as Error).message})`);
  }
  const [header = [], ...records] = parseCsv(csv);
  const numeric = numericColumns(spec);
  const missing = ['condition', 'run_id', ...SAME, ...numeric].filter((column) => !header.includes(column));
  if (missing.length > 0) throw new ConfigurationError(`--table ${path}: expected the columns of a table of ${spec.name}, got none named ${missing.join(', ')}`);
  const rows = records.map((record, index): TableRow => {
    const where = `--table ${path} row ${index + 1}`;
    if (record.length !== header.length) throw new ConfigurationError(`${where}: expected ${header.length} cells, got ${record.length}`);
    return Object.fromEntries(header.map((column, at) => [column, readCell(record[at]!, numeric.includes(column), `${where} column ${column}`)]));
  });
  checkRows(path, spec, rows);
  return { table: { columns: header.map((name) => ({ name, kind: numeric.includes(name) ? 'float' : 'text' })), rows }, csv };
}

function checkRows(path: string, spec: SweepSpecification, rows: readonly TableRow[]): void {
  const seen = new Set<string>();
  for (const [index, row] of rows.entries()) {
    const where = `--table ${path} row ${index + 1}`;
    if (row.sweep !== spec.name) throw new ConfigurationError(`${where}: expected a run of sweep ${spec.name}, got one of ${String(row.sweep)}`);
    const differs = SAME.find((column) => row[column] !== rows[0]![column]);
    if (differs !== undefined) {
      throw new ConfigurationError(`${where} column ${differs}: expected ${String(rows[0]![differs])} as in the rows before, got ${String(row[differs])}: results of different versions are not averaged`);
    }
    const key = `${String(row.condition)} ${String(row.run_id)}`;
    if (seen.has(key)) throw new ConfigurationError(`${where}: expected each run once, got ${String(row.run_id)} of ${String(row.condition)} twice`);
    seen.add(key);
  }
}
