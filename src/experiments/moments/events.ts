// What the experiments on Gaussian moments tell while they run: one form for all of them.
import { Digest } from '../../core/index.js';

/** A column of an experiment's table. */
export interface Column {
  readonly name: string;
  readonly kind: 'whole' | 'float' | 'text';
}

/** A row: numbers and texts by column. */
export type TableRow = Record<string, number | string>;

/** How long a part took: a table of its own, for no bit of the results may depend on it. */
export interface Duration extends TableRow {
  part: string;
  seconds: number;
}

/** A table beside the rows. */
export interface FurtherTable {
  readonly name: string;
  readonly columns: readonly Column[];
  readonly rows: readonly TableRow[];
}

export interface MomentResult<R extends TableRow> {
  rows: R[];
  /** Tables beside the rows, by the names of their files; most experiments have none. */
  further: readonly FurtherTable[];
  /** SHA-256 over all tables, column by column. */
  digest: string;
}

export type MomentEvent<R extends TableRow> =
  | { type: 'started'; total: number; title: string }
  | { type: 'progress'; done: number; total: number; note: string }
  | { type: 'row'; row: R }
  | { type: 'duration'; duration: Duration }
  | { type: 'finished'; result: MomentResult<R> };

function addTable(digest: Digest, columns: readonly Column[], rows: readonly TableRow[]): void {
  for (const { name, kind } of columns) {
    if (kind === 'text') digest.add(`${name}: ${rows.map((row) => row[name]).join(', ')}`, []);
    else digest.add(name, rows.map((row) => row[name] as number));
  }
}

/** The last event of a run. */
export async function finished<R extends TableRow>(columns: readonly Column[], rows: R[], further: readonly FurtherTable[] = []): Promise<MomentEvent<R>> {
  const digest = new Digest();
  addTable(digest, columns, rows);
  for (const table of further) addTable(digest, table.columns, table.rows);
  return { type: 'finished', result: { rows, further, digest: await digest.hex() } };
}

/** Events for the samples that have been drawn, after `before` of earlier parts; passes on what the part returns. */
export function* progressOf<T>(drawn: Iterable<number, T>, before: number, total: number): Iterable<MomentEvent<never>, T> {
  const numbers = drawn[Symbol.iterator]();
  for (;;) {
    const next = numbers.next();
    if (next.done === true) return next.value;
    yield { type: 'progress', done: before + next.value, total, note: '' };
  }
}
