// The runs that PyTorch made (test/reference/splithead_cases.py), and how ours are started from the same flags.
import { existsSync, readFileSync } from 'node:fs';
import { Command } from 'commander';
import { addSplitHeadOptions, configFromOptions } from '../../src/cli/splithead.js';
import { dataSource } from '../../src/cli/mnist-folders.js';
import { loadSplitHeadData } from '../../src/runs/splithead-data.js';
import type { CliContext } from '../../src/cli/context.js';
import { openCore } from '../../src/core/index.js';
import { runSplitHead, type SplitHeadConfig, type SplitHeadResult } from '../../src/experiments/splithead/index.js';
import { nodeRuntime, packagedMnistFolder } from '../../src/runtime/node.js';

export interface FixtureCase {
  name: string;
  flags: string[];
  run_row: Record<string, unknown>;
  layer_rows: Record<string, unknown>[];
  perturbation_rows: Record<string, unknown>[];
  initial_weights: Record<'teacher' | 'student', Record<string, { shape: number[]; sha256: string; first5: number[] }>>;
  first_epoch_order: { sha256: string; first: number[]; last: number[] };
  first_noise_batch: { shape: number[]; sha256: string; first: number[]; last: number[]; sum: number };
}

const url = new URL('../reference/fixtures/splithead.json', import.meta.url);
export const fixtureCases: FixtureCase[] = JSON.parse(readFileSync(url, 'utf8')).cases;

/** The EMNIST sample lies beside the project where it is developed; users do not have it. */
export const emnistFolder = new URL('../../../shared/data/emnist', import.meta.url).pathname;
export const hasEmnist = existsSync(emnistFolder);

export function usesEmnist({ flags }: FixtureCase): boolean {
  return flags.some((flag) => flag.toLowerCase() === 'emnist');
}

export function silentContext(): CliContext {
  return {
    runtime: nodeRuntime(), stdout: () => {}, stderr: () => {}, isTerminal: false, cacheDir: '/nonexistent', packagedMnistDir: packagedMnistFolder(),
  };
}

/** The configuration that a list of flags means. */
export async function configOf(flags: readonly string[]): Promise<SplitHeadConfig> {
  const command = addSplitHeadOptions(new Command()).exitOverride();
  command.parse(flags, { from: 'user' });
  return configFromOptions(silentContext().runtime.files, command.opts());
}

export async function runFlags(flags: readonly string[]): Promise<SplitHeadResult> {
  const config = await configOf(flags);
  const data = await loadSplitHeadData(dataSource(silentContext()), config);
  for await (const event of runSplitHead(await openCore(), config, data)) {
    if (event.type === 'finished') return event.result;
  }
  throw new Error('the run ended without a result');
}
