// A run as a sweep keeps it: what it measured and what decided its bits; nothing of when, where or how fast.
import { ConfigurationError } from '../experiments/configuration.js';
import { identifying } from '../experiments/identity.js';
import { runRow, splitHeadFields, type RecordContext, type SplitHeadConfig, type SplitHeadResult } from '../experiments/splithead/index.js';
import type { RunSetting } from '../experiments/identity.js';

/** Of this record's form; another is refused. */
export const RECORD_VERSION = 'isolab-sweep-run-1';

export interface SweepRecord {
  version: string;
  run_id: string;
  profile: string;
  wasm_sha256: string;
  data_sha256: string;
  result_digest: string;
  config: Record<string, unknown>;
  /** Columns of the original's `runs.csv`; null stands for NaN. */
  row: Record<string, unknown>;
}

/** Where and how fast: beside the record, so that records are the same wherever they were computed. */
export interface RunTimes {
  /** Of the last attempt. */
  seconds: number;
  /** Steps that an earlier attempt had done; 0 for a run in one piece. */
  resumed_after: number;
  program: string;
  engine: string;
}

/** Columns of `runs.csv` that tell time or place, stand elsewhere in the record, or follow from the seed. */
const LEFT_OUT = [
  'schema_version', 'run_id', 'timestamp', 'runtime_seconds', 'sweep_name', 'run_label', 'rng_base', 'teacher_model_seed', 'student_model_seed', 'teacher_training_seed',
  'student_training_seed', 'dataloader_seed', 'torch_version', 'cuda_available', 'device', 'data_dir', 'outdir', 'isolab_profile', 'isolab_wasm_sha256', 'isolab_threads',
  'isolab_backend', 'isolab_engine', 'isolab_data_sha256', 'isolab_result_digest', 'isolab_bits_promised',
];

export function sweepRecord(config: SplitHeadConfig, result: SplitHeadResult, context: RecordContext): SweepRecord {
  const row = Object.entries(runRow(config, result, context)).filter(([column]) => !LEFT_OUT.includes(column));
  return {
    version: RECORD_VERSION, run_id: context.runId, profile: context.profile, wasm_sha256: context.wasmHash, data_sha256: context.dataHash, result_digest: result.digest,
    config: identifying(splitHeadFields, config), row: Object.fromEntries(row),
  };
}

/** One text for one record: NaN as null, whole numbers beyond float64's as texts. */
export function formatRecord(record: SweepRecord): string {
  const plain = (_: string, value: unknown) => (typeof value === 'bigint' ? String(value) : Number.isNaN(value) ? null : value);
  return `${JSON.stringify(record, plain, 1)}\n`;
}

/**
 * Reads a record that was written for one run under one setting.
 * @param path named in errors
 * @throws ConfigurationError when it is no record, or one of another run, version, profile, build or dataset
 */
export function parseRecord(text: string, path: string, runId: string, setting: RunSetting): SweepRecord {
  let record: Partial<SweepRecord>;
  try {
    record = JSON.parse(text) as Partial<SweepRecord>;
  } catch (error) {
    throw new ConfigurationError(`${path}: expected the JSON that isolab wrote, got ${(error as Error).message}; remove the file to compute the run again`);
  }
  const expected: [keyof SweepRecord, string, string][] = [
    ['version', 'version', RECORD_VERSION], ['run_id', 'run', runId], ['profile', 'profile', setting.profile], ['wasm_sha256', 'build', setting.wasmHash], ['data_sha256', 'dataset', setting.dataHash],
  ];
  for (const [key, what, value] of expected) {
    if (record?.[key] !== value) throw new ConfigurationError(`${path}: expected a record of ${what} ${value}, got ${String(record?.[key])}; remove the file to compute the run again`);
  }
  if (typeof record.row !== 'object' || record.row === null) throw new ConfigurationError(`${path}: expected the run's row, got none; remove the file to compute the run again`);
  return record as SweepRecord;
}
