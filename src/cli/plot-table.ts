// Columns of a CSV file, as numbers.
import { ConfigurationError, quote } from '../experiments/configuration.js';
import { parseCsv } from '../outputs/index.js';
import type { Files } from '../runtime/runtime.js';

export interface ColumnChoice<N extends string, T extends string> {
  numbers: readonly N[];
  texts?: readonly T[];
}

export type TableRow<N extends string, T extends string> = Record<N, number> & Record<T, string>;

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const NOT_FINITE = /^[+-]?(nan|inf|infinity)$/i;

async function readText(files: Files, path: string): Promise<string> {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(await files.read(path));
  } catch (error) {
    throw new ConfigurationError(`plot: expected a text file that can be read, got ${path} (${(error as Error).message})`);
  }
}

/** A missing number is NaN: an empty cell, or one that says nan or inf. */
function parseNumber(cell: string, place: () => string): number {
  if (cell === '' || NOT_FINITE.test(cell)) return NaN;
  if (!NUMBER.test(cell)) throw new ConfigurationError(`${place()}: expected a number or nothing, got ${quote(cell)}`);
  return Number(cell);
}

/** Line on which each record begins: a quoted cell may hold line ends. */
function firstLines(records: readonly string[][]): number[] {
  let line = 1;
  return records.map((record) => {
    const first = line;
    line += 1 + record.reduce((ends, cell) => ends + cell.split('\n').length - 1, 0);
    return first;
  });
}

/**
 * Reads a table's rows. A last line that is not ended yet, as while a run goes on, is left out.
 * @throws ConfigurationError naming the file and the missing column, or file, line and column of a cell that is no number
 */
export async function readColumns<N extends string, T extends string = never>(
  files: Files, path: string, { numbers, texts = [] }: ColumnChoice<N, T>,
): Promise<TableRow<N, T>[]> {
  const records = parseCsv(await readText(files, path));
  const [header = [], ...body] = records;
  const missing = [...numbers, ...texts].filter((column) => !header.includes(column));
  if (missing.length > 0) throw new ConfigurationError(`plot ${path}: expected a header with ${missing.join(', ')}, got ${quote(header.join(','))}`);
  const lines = firstLines(records);
  return body.map((record, index) => {
    const where = `plot ${path} line ${lines[index + 1]}`;
    if (record.length !== header.length) throw new ConfigurationError(`${where}: expected ${header.length} cells, got ${record.length}`);
    const cell = (column: string) => record[header.indexOf(column)]!;
    return Object.fromEntries([
      ...numbers.map((column) => [column, parseNumber(cell(column), () => `${where} column ${column}`)]),
      ...texts.map((column) => [column, cell(column)]),
    ]) as TableRow<N, T>;
  });
}
