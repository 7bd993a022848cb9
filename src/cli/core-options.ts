// The flags that say how a command computes, and the core they open.
import { Option, type Command } from 'commander';
import { automaticThreads, openCore, type Core, type Profile } from '../core/index.js';
import type { CliContext } from './context.js';
import { UsageError } from './usage-error.js';

export interface CoreFlags {
  profile: string;
  threads: string;
}

export function addCoreOptions(command: Command, group: string): Command {
  return command
    .addOption(new Option('--profile <NAME>', 'strict (same bits everywhere) or fused (hardware multiply-add)').default('strict').helpGroup(group))
    .addOption(new Option('--threads <N>', 'threads that compute: a number, or auto for one per processor (at most 8); they change no bit').default('auto').helpGroup(group));
}

export function parseProfile(given: string): Profile {
  if (given === 'strict' || given === 'fused') return given;
  throw new UsageError(`--profile: expected strict or fused, got ${JSON.stringify(given)}`);
}

export function parseThreads(given: string, available: number): number {
  if (given === 'auto') return automaticThreads(available);
  if (/^\d{1,9}$/.test(given) && Number(given) >= 1) return Number(given);
  throw new UsageError(`--threads: expected a whole number of at least 1, or auto, got ${JSON.stringify(given)}`);
}

/** Runs at once, from the text of --jobs. */
export function parseJobs(given: string, available: number): number {
  if (given === 'auto') return available;
  if (/^\d{1,4}$/.test(given) && Number(given) >= 1) return Number(given);
  throw new UsageError(`--jobs: expected a whole number of at least 1, or auto, got ${JSON.stringify(given)}`);
}

/** @throws UsageError unless the text of --checkpoint-every is a number of steps */
export function parseInterval(given: string): number {
  if (/^\d+$/.test(given) && Number.isSafeInteger(Number(given))) return Number(given);
  throw new UsageError(`--checkpoint-every: expected a whole number of steps of at least 0, got ${JSON.stringify(given)}`);
}

/** Opens the core that the flags ask for. @throws UsageError for flags that cannot be met */
export async function openChosenCore(context: CliContext, flags: CoreFlags): Promise<Core> {
  const { runtime } = context;
  const profile = parseProfile(flags.profile);
  const threads = parseThreads(flags.threads, runtime.availableThreads());
  try {
    const core = await openCore({ profile, kernels: 'all', threads, ...(runtime.startThread === undefined ? {} : { startThread: runtime.startThread }) });
    if (core.threadsNote !== undefined) context.stderr(`--threads ${flags.threads}: ${core.threadsNote}\n`);
    return core;
  } catch (error) {
    throw error instanceof RangeError && error.message.startsWith('threads:') ? new UsageError(`--${error.message}`) : error;
  }
}
