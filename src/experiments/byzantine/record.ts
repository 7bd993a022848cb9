// What names a Byzantine run, and its rows as files hold them.
import { identifying, runIdOf, type RunSetting } from '../identity.js';
import { byzantineFields, type ByzantineConfig } from './config.js';
import type { RoundRow } from './events.js';

/** The 12 hexadecimal digits that name a run. */
export function byzantineRunId(config: ByzantineConfig, setting: RunSetting): Promise<string> {
  return runIdOf('byzantine', identifying(byzantineFields, config), setting);
}

/** Columns of rounds.csv. */
export const ROUND_COLUMNS = [
  { name: 'round', kind: 'whole' }, { name: 'step', kind: 'whole' },
  ...['train_loss', 'train_accuracy', 'validation_loss', 'validation_accuracy', 'variance', 'distance_to_honest_mean'].map((name) => ({ name, kind: 'float' as const })),
] as const;

/** What a grid's table has of a run. */
export interface GridRow extends Record<string, string | number> {
  run_id: string;
  method: string;
  aggregator: string;
  pre: string;
  attack: string;
  seed: number;
  validation_accuracy: number;
  validation_loss: number;
  digest: string;
}

export function gridRow(runId: string, config: ByzantineConfig, rows: readonly RoundRow[], digest: string): GridRow {
  const { method, aggregator, pre, attack, seed } = config;
  const { validation_accuracy, validation_loss } = rows.at(-1)!;
  return { run_id: runId, method, aggregator, pre, attack, seed, validation_accuracy, validation_loss, digest };
}

export const GRID_COLUMNS = [
  ...['run_id', 'method', 'aggregator', 'pre', 'attack'].map((name) => ({ name, kind: 'text' as const })),
  { name: 'seed', kind: 'whole' }, { name: 'validation_accuracy', kind: 'float' }, { name: 'validation_loss', kind: 'float' }, { name: 'digest', kind: 'text' },
] as const;
