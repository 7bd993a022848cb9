// A finished seed as the notebook's files say it, and the summaries over seeds.
import type { RunSetting } from '../identity.js';
import { identifying, runIdOf } from '../identity.js';
import { alignmentFields, studentSeedOf, type AlignmentConfig } from './config.js';
import type { AlignmentResult } from './events.js';

type Row = Record<string, number | string>;
type Column = { name: string; kind: 'whole' | 'float' | 'text' };

const columns = (kind: Column['kind'], ...names: string[]): Column[] => names.map((name) => ({ name, kind }));

/** metrics.csv, in the notebook's order. */
export const METRICS_COLUMNS: readonly Column[] = [
  ...columns('whole', 'seed', 'step', 'epoch'),
  ...columns('float', 'trait_loss', 'distill_loss', 'inner_product', 'cosine_similarity', 'g_trait_norm', 'g_distill_norm', 'trait_test_acc_step', 'teacher_test_acc', 'student_test_acc'),
  ...columns('whole', 'total_steps'),
];

/** `seed_03`, the notebook's folder of a seed. */
export function alignmentSeedFolder(seed: number): string {
  return `seed_${String(seed).padStart(2, '0')}`;
}

/** What all seeds in a folder must have in common: the configuration but for the seeds, unless these choose the students' weights. */
export function sharedIdentity(config: AlignmentConfig): Record<string, unknown> {
  const { seeds, ...rest } = identifying(alignmentFields, config);
  return config.student_init === 'other' ? { seeds, ...rest } : rest;
}

/** The 12 hexadecimal digits that name one seed's run. */
export function alignmentRunId(config: AlignmentConfig, seed: number, setting: RunSetting): Promise<string> {
  return runIdOf('alignment', { ...sharedIdentity(config), seed, student_seed: studentSeedOf(config, seed) }, setting);
}

/** The rows of a seed's metrics.csv. */
export function metricsRows({ rows, teacherAccuracy, studentAccuracy, totalSteps }: AlignmentResult): Row[] {
  return rows.map((row) => ({ ...row, teacher_test_acc: teacherAccuracy, student_test_acc: studentAccuracy, total_steps: totalSteps }));
}

/** What a control adds to a seed's summary; nothing without controls. */
export type ControlColumns = { student_init_seed?: number; project_trait?: string; reference_test_acc?: number; distilled_teacher_test_acc?: number };

export function controlColumns(config: AlignmentConfig, result: AlignmentResult): ControlColumns {
  return {
    ...(config.student_init === 'other' ? { student_init_seed: result.studentSeed } : {}),
    ...(config.project_trait === 'none' ? {} : { project_trait: config.project_trait }),
    ...(result.referenceAccuracy === undefined ? {} : { reference_test_acc: result.referenceAccuracy }),
    ...(result.distilledTeacherAccuracy === undefined ? {} : { distilled_teacher_test_acc: result.distilledTeacherAccuracy }),
  };
}

const CONTROL_KINDS: Record<keyof ControlColumns, Column['kind']> = {
  student_init_seed: 'whole', project_trait: 'text', reference_test_acc: 'float', distilled_teacher_test_acc: 'float',
};

const AVERAGED = ['frac_positive_alignment', 'mean_cosine_similarity', 'mean_inner_product', 'student_test_acc', 'teacher_test_acc'];

function mean(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0) / values.length;
}

/** Standard deviation with n - 1 below; NaN for a single value. */
function sampleDeviation(values: readonly number[]): number {
  const centre = mean(values);
  const square = values.reduce((total, value) => total + (value - centre) * (value - centre), 0);
  return values.length > 1 ? Math.sqrt(square / (values.length - 1)) : NaN;
}

/** A seed's row of per_run_summary.csv from its metrics.csv. */
export function summarizeSeed(seed: number, rows: readonly Record<string, number>[], controls: ControlColumns): Row {
  const of = (column: string) => rows.map((row) => row[column]!);
  const cosines = of('cosine_similarity');
  return {
    seed,
    frac_positive_alignment: cosines.filter((value) => value > 0).length / cosines.length,
    mean_cosine_similarity: mean(cosines),
    mean_inner_product: mean(of('inner_product')),
    student_test_acc: rows[0]!.student_test_acc!,
    teacher_test_acc: rows[0]!.teacher_test_acc!,
    num_logged_rows: rows.length,
    ...controls,
  };
}

/** per_run_summary.csv's columns: the notebook's, then those of the controls in use. */
export function perRunColumns(rows: readonly Row[]): Column[] {
  const controls = (Object.keys(CONTROL_KINDS) as (keyof ControlColumns)[]).filter((name) => rows.some((row) => name in row));
  return [...columns('whole', 'seed'), ...columns('float', ...AVERAGED, 'num_logged_rows'), ...controls.map((name) => ({ name, kind: CONTROL_KINDS[name] }))];
}

/** overall_summary.csv: each average over seeds with its standard deviation (ddof 1), and how many runs there are. */
export function summarizeOverall(perRun: readonly Row[]): { columns: Column[]; row: Row } {
  const averaged = [...AVERAGED, ...['reference_test_acc', 'distilled_teacher_test_acc'].filter((name) => perRun.every((row) => name in row))];
  const row: Row = {};
  for (const name of averaged) {
    const values = perRun.map((run) => run[name] as number);
    row[name] = mean(values);
    row[`${name}_std`] = sampleDeviation(values);
  }
  row.num_runs = perRun.length;
  return { columns: [...columns('float', ...averaged.flatMap((name) => [name, `${name}_std`])), ...columns('whole', 'num_runs')], row };
}
