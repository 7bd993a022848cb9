// The tidy table of a sweep: a row for each run, in the sweep's order.
import { ConfigurationError } from '../experiments/configuration.js';
import { MEASURES } from './figure-specification.js';
import type { SweepRun } from './expansion.js';
import type { SweepRecord } from './record.js';
import type { SweepSpecification } from './specification.js';

export interface TableColumn {
  name: string;
  kind: 'whole' | 'float' | 'text';
}

export type TableRow = Record<string, number | string | null>;

export interface SweepTable {
  columns: TableColumn[];
  rows: TableRow[];
}

const WHOLE = [
  'train_size', 'test_size', 'num_classes', 'm', 'teacher_epochs', 'student_epochs', 'data_bsize', 'noise_bsize', 'noise_steps', 'perlin_res', 'normalize_noise',
  'eval_noise_batches', 'eval_noise_bsize', 'teacher_total_parameters', 'student_total_parameters', 'teacher_trainable_parameters', 'student_trainable_parameters',
  'class_count', 'base_num_classes',
];

function kindOfColumn(name: string): TableColumn['kind'] {
  if (WHOLE.includes(name)) return 'whole';
  const isFloat = (MEASURES as readonly string[]).includes(name) || /^(cos|rel_fro|diff_norm)_/.test(name) || /^(teacher|student)_lr$/.test(name);
  return isFloat ? 'float' : 'text';
}

/** Of an axis by all its values, whichever of them the table holds. */
function kindOfAxis({ conditions }: SweepSpecification, name: string): TableColumn['kind'] {
  const values = conditions.flatMap(({ axes }) => axes.filter((axis) => axis.name === name).flatMap((axis) => axis.values));
  if (!values.every((value) => typeof value === 'number')) return 'text';
  return values.every((value) => Number.isInteger(value)) ? 'whole' : 'float';
}

function axisNames({ conditions }: SweepSpecification): string[] {
  return [...new Set(conditions.flatMap(({ axes }) => axes.map(({ name }) => name)))];
}

/** Columns in order: what names the run, the axes, what it measured and was set to. */
function columnsOf(spec: SweepSpecification, record: SweepRecord): TableColumn[] {
  const axes = axisNames(spec).map((name) => ({ name, kind: kindOfAxis(spec, name) }));
  const first: TableColumn[] = [{ name: 'sweep', kind: 'text' }, { name: 'condition', kind: 'text' }, ...axes, { name: 'seed', kind: 'whole' }, { name: 'run_id', kind: 'text' }];
  const taken = first.map(({ name }) => name);
  const rest = Object.keys(record.row).filter((name) => !taken.includes(name)).map((name) => ({ name, kind: kindOfColumn(name) }));
  const last = ['result_digest', 'profile', 'wasm_sha256', 'data_sha256'].map((name): TableColumn => ({ name, kind: 'text' }));
  return [...first, ...rest, ...last];
}

function cell(value: unknown, kind: TableColumn['kind']): number | string | null {
  if (value === undefined || value === null || value === '') return null;
  if (kind !== 'text') return Number(value);
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** Makes a sweep's table run by run, so that no record has to be kept. */
export class SweepTableMaker {
  readonly #spec: SweepSpecification;
  #columns: TableColumn[] = [];
  /** Columns of the records so far, as one text. */
  #names: string | undefined;

  constructor(spec: SweepSpecification) {
    this.#spec = spec;
  }

  /** @throws ConfigurationError where the record has other columns than those before, as one of another version has */
  row({ condition, point, config }: SweepRun, record: SweepRecord): TableRow {
    const names = Object.keys(record.row).join(',');
    if (this.#names === undefined) this.#columns = columnsOf(this.#spec, record);
    else if (names !== this.#names) {
      throw new ConfigurationError(`run ${record.run_id}: expected the columns of the other records, got ${names}; it is of another version: remove it to compute the run again`);
    }
    this.#names = names;
    const { run_id, result_digest, profile, wasm_sha256, data_sha256 } = record;
    const values: Record<string, unknown> = { ...record.row, ...point, sweep: this.#spec.name, condition, seed: config.seed, run_id, result_digest, profile, wasm_sha256, data_sha256 };
    const row: TableRow = {};
    for (const { name, kind } of this.#columns) row[name] = cell(values[name], kind);
    return row;
  }

  /** @param rows in the table's order */
  table(rows: TableRow[]): SweepTable {
    return { columns: this.#columns, rows };
  }
}
