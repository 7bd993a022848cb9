// A sweep's rows as a figure needs them: means over seeds with their intervals.
import { bootstrapMean } from '../figures/index.js';
import type { Measure, SweepFigure, SweepSpecification, TableRow } from '../sweep/index.js';

/** One mean over seeds. low and high: bootstrap's 95% interval, equal to the mean for a single seed. */
export interface MeanOverSeeds {
  /** The axis's value; the condition's title where there is no axis. */
  at: number | string;
  seeds: number;
  mean: number;
  low: number;
  high: number;
}

export interface SummarySeries {
  name: string;
  condition: string;
  measure: Measure;
  means: readonly MeanOverSeeds[];
}

const MEASURE_NAMES: Readonly<Record<string, string>> = { teacher_final_acc: 'teacher', student_final_acc: 'student' };

function valueOf(row: TableRow, column: string): number {
  const value = row[column];
  return typeof value === 'number' ? value : NaN;
}

/** Rows by the value of a column: numbers in their order, texts as they come. */
export function groupBy(rows: readonly TableRow[], column: string): [at: number | string, rows: TableRow[]][] {
  const groups = new Map<number | string, TableRow[]>();
  for (const row of rows) {
    const at = row[column];
    if (at === null || at === undefined) continue;
    const group = groups.get(at);
    if (group === undefined) groups.set(at, [row]);
    else group.push(row);
  }
  const entries = [...groups];
  return entries.every(([at]) => typeof at === 'number') ? entries.sort(([a], [b]) => (a as number) - (b as number)) : entries;
}

export function meanOverSeeds(at: number | string, rows: readonly TableRow[], measure: Measure): MeanOverSeeds {
  const values = rows.map((row) => valueOf(row, measure)).filter((value) => !Number.isNaN(value));
  return { at, seeds: values.length, ...bootstrapMean(values) };
}

/** Conditions of a figure, in the sweep's order, with their rows. */
export function conditionsOf(spec: SweepSpecification, figure: SweepFigure, rows: readonly TableRow[]): { name: string; title: string; rows: TableRow[] }[] {
  const byCondition = new Map(groupBy(rows, 'condition'));
  return spec.conditions
    .filter(({ name }) => figure.conditions.includes(name))
    .map(({ name, title }) => ({ name, title, rows: byCondition.get(name) ?? [] }))
    .filter((condition) => condition.rows.length > 0);
}

/** Series of a figure of lines or points: one for each condition and measure, or one for each measure where conditions are the axis. */
export function summarize(spec: SweepSpecification, figure: SweepFigure, rows: readonly TableRow[]): SummarySeries[] {
  const conditions = conditionsOf(spec, figure, rows);
  const measureName = (measure: Measure) => MEASURE_NAMES[measure] ?? measure;
  if (figure.kind === 'points') {
    return figure.measures.map((measure) => ({
      name: measureName(measure), condition: '', measure, means: conditions.map(({ title, rows: own }) => meanOverSeeds(title, own, measure)),
    }));
  }
  return conditions.flatMap(({ name, title, rows: own }) =>
    figure.measures.map((measure) => ({
      name: figure.measures.length === 1 ? title : conditions.length === 1 ? measureName(measure) : `${title}, ${measureName(measure)}`,
      condition: name, measure, means: groupBy(own, figure.axis).map(([at, atPoint]) => meanOverSeeds(at, atPoint, measure)),
    })));
}

/** The accuracy of guessing, 1 / number of classes: one number, or one for each value of the axis where it differs. */
export function chanceLevels(figure: SweepFigure, rows: readonly TableRow[]): { level: number } | { levels: MeanOverSeeds[] } | undefined {
  const drawn = rows.filter(({ condition }) => figure.conditions.includes(condition as string));
  const classes = new Set(drawn.map((row) => valueOf(row, 'num_classes')));
  const [count] = classes;
  if (classes.size === 1 && count! > 0) return { level: 1 / count! };
  if (figure.kind !== 'lines') return undefined;
  const levels = groupBy(drawn, figure.axis).map(([at, [row]]) => ({ at, seeds: 0, mean: 1 / valueOf(row!, 'num_classes') }));
  return { levels: levels.map((level) => ({ ...level, low: level.mean, high: level.mean })) };
}
