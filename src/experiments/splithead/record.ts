// A finished run as rows: the original's files and columns in its order, then ours.
import { splitHeadFields, type SplitHeadConfig } from './config.js';
import { identifying, runIdOf, type RunSetting } from '../identity.js';
import type { ModelDescription, SplitHeadResult } from './events.js';
import type { LayerMetrics } from './layer-metrics.js';

export const SCHEMA_VERSION = 'subliminal_unified_v1';

type Value = string | number | bigint | boolean | object | null;
export type RecordRow = Record<string, Value>;

/** The 12 hexadecimal digits that name a split-head run. */
export function splitHeadRunId(config: SplitHeadConfig, setting: RunSetting): Promise<string> {
  return runIdOf('splithead', identifying(splitHeadFields, config), setting);
}

/** `seed_000042`, the original's folder of a seed. */
export function seedFolder(seed: number): string {
  return `seed_${String(seed).padStart(6, '0')}`;
}

export interface RecordContext extends RunSetting {
  runId: string;
  /** Local time, ISO 8601 to seconds. */
  timestamp: string;
  runtimeSeconds: number;
  /** Name and version of this program. */
  program: string;
  /** Engine and version, such as `node 20.20.2`. */
  engine: string;
  threads: number;
  backend: string;
  /** Whether the same run gives the same bits everywhere: true of the core. */
  bitsPromised: boolean;
}

/** `class_head weight cosine of teacher_student_init` -> cos_init_teacher_student_class_head_weight, and its companions. */
function metricAliases(rows: readonly LayerMetrics[]): RecordRow {
  const names: Record<string, string> = {
    teacher_student_init: 'init_teacher_student',
    teacher_student_final: 'final_teacher_student',
    teacher_init_final: 'teacher_init_final',
    student_init_final: 'student_init_final',
  };
  const aliases: RecordRow = {};
  for (const row of rows) {
    if (row.layer_name !== 'class_head' && row.layer_name !== 'aux_head') continue;
    const suffix = `${names[row.comparison]}_${row.layer_name}_${row.tensor_kind}`;
    aliases[`cos_${suffix}`] = row.cosine;
    aliases[`rel_fro_${suffix}`] = row.relative_diff_reference;
    aliases[`diff_norm_${suffix}`] = row.diff_norm;
  }
  return aliases;
}

function modelColumns<K extends string>(teacher: ModelDescription, student: ModelDescription, names: Record<K, keyof ModelDescription>): RecordRow {
  const row: RecordRow = {};
  for (const [suffix, key] of Object.entries(names) as [K, keyof ModelDescription][]) {
    row[`teacher_${suffix}`] = teacher[key];
    row[`student_${suffix}`] = student[key];
  }
  return row;
}

function pick(config: SplitHeadConfig, names: (keyof SplitHeadConfig)[]): RecordRow {
  return Object.fromEntries(names.map((name) => [name, config[name] as Value]));
}

/** The one row of `runs.csv`. */
export function runRow(config: SplitHeadConfig, result: SplitHeadResult, context: RecordContext): RecordRow {
  const { teacher, student } = result;
  return {
    schema_version: SCHEMA_VERSION,
    run_id: context.runId,
    timestamp: context.timestamp,
    runtime_seconds: context.runtimeSeconds,
    ...pick(config, ['sweep_name', 'run_label', 'seed']),
    ...result.seeds,
    torch_version: context.program,
    cuda_available: 0,
    device: 'cpu',
    ...pick(config, ['dataset', 'emnist_split']),
    train_size: result.trainSize,
    test_size: result.testSize,
    num_classes: result.classes,
    ...pick(config, ['data_dir', 'outdir', 'teacher_type', 'student_type', 'teacher_hidden_dims', 'student_hidden_dims']),
    ...modelColumns(teacher, student, { arch_description: 'architecture' }),
    ...modelColumns(teacher, student, { layer_names: 'layerNames' }),
    ...pick(config, ['m', 'teacher_epochs', 'student_epochs', 'data_bsize', 'noise_bsize', 'noise_steps', 'teacher_lr', 'student_lr']),
    ...pick(config, ['noise_dist', 'perlin_res']),
    normalize_noise: Number(config.normalize_noise),
    ...pick(config, ['eval_noise_batches', 'eval_noise_bsize']),
    ...modelColumns(teacher, student, { init_config: 'init' }),
    ...modelColumns(teacher, student, { trainable_config: 'trainable' }),
    perturb_specs: result.resolvedPerturbations,
    ...modelColumns(teacher, student, { total_parameters: 'totalParameters' }),
    ...modelColumns(teacher, student, { trainable_parameters: 'trainableParameters' }),
    ...metricsInOrder(result),
    class_count: config.class_count ?? '',
    class_selection: config.class_selection,
    base_num_classes: result.baseClasses,
    ...metricAliases(result.layerMetrics),
    isolab_profile: context.profile,
    isolab_wasm_sha256: context.wasmHash,
    isolab_threads: context.threads,
    isolab_backend: context.backend,
    isolab_engine: context.engine,
    isolab_data_sha256: context.dataHash,
    isolab_result_digest: result.digest,
    isolab_bits_promised: context.bitsPromised ? 'yes' : 'no',
  };
}

function metricsInOrder({ metrics }: SplitHeadResult): RecordRow {
  const models = ['teacher', 'student'] as const;
  const moments = ['init', 'final'] as const;
  const row: RecordRow = {};
  for (const what of ['acc', 'class_loss'] as const) {
    for (const model of models) for (const moment of moments) row[`${model}_${moment}_${what}`] = metrics[`${model}_${moment}_${what}`];
  }
  const { student_init_aux_loss, student_final_aux_loss, teacher_train_loss_last, student_train_aux_loss_last } = metrics;
  return { ...row, student_init_aux_loss, student_final_aux_loss, teacher_train_loss_last, student_train_aux_loss_last };
}

function labels(config: SplitHeadConfig, runId: string): RecordRow {
  return { schema_version: SCHEMA_VERSION, run_id: runId, ...pick(config, ['seed', 'sweep_name', 'run_label']) };
}

export function layerMetricRows(config: SplitHeadConfig, result: SplitHeadResult, runId: string): RecordRow[] {
  return result.layerMetrics.map((row) => ({ ...labels(config, runId), ...row }));
}

export function perturbationRows(config: SplitHeadConfig, result: SplitHeadResult, runId: string): RecordRow[] {
  return result.perturbations.map((row) => ({ ...labels(config, runId), ...row }));
}

/** The line of `configs.jsonl`: the original's keys, then ours under `isolab`. */
export function configurationRecord(config: SplitHeadConfig, result: SplitHeadResult, context: RecordContext): RecordRow {
  const { teacher, student } = result;
  const { profile, wasmHash, dataHash, program, engine, threads, backend, bitsPromised } = context;
  return {
    schema_version: SCHEMA_VERSION,
    run_id: context.runId,
    timestamp: context.timestamp,
    effective_config: config,
    ...modelColumns(teacher, student, { init_config: 'init' }),
    ...modelColumns(teacher, student, { trainable_config: 'trainable' }),
    ...modelColumns(teacher, student, { arch_description: 'architecture' }),
    seed_info: result.seeds,
    isolab: {
      program, engine, profile, threads, backend, bits_promised: bitsPromised, wasm_sha256: wasmHash, data_sha256: dataHash, result_digest: result.digest,
    },
  };
}
