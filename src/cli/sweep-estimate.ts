// What a plan will take: time on this machine, memory, disk.
import { totalmem } from 'node:os';
import type { DatasetPair } from '../data/index.js';
import { ConfigurationError } from '../experiments/configuration.js';
import { expectedSeconds, memoryOf, runTitle, workOf, type DatasetSize, type Rates, type RunMemory, type RunWork, type SweepRun, type SweepSpecification } from '../sweep/index.js';
import type { CliContext } from './context.js';
import { calibrate, calibrationSample } from './sweep-calibration.js';
import { planSweep, type PlannedRun, type PlanOptions, type SweepPlan } from './sweep-plan.js';
import { UsageError } from './usage-error.js';

/** Bytes that the core can hold at most. */
const CORE_BOUND = 4 * 2 ** 30;
/** Files of a run on disk, in blocks of 4 KiB. */
export const BYTES_PER_RUN = 24 * 1024;

/** Work, memory and, where the machine was measured, seconds of runs; grid points that differ in their seed alone are counted once. */
export class Estimate {
  readonly #works = new Map<string, RunWork>();
  readonly #memories = new Map<string, RunMemory>();
  readonly rates: Rates | undefined;

  constructor(rates: Rates | undefined) {
    this.rates = rates;
  }

  #once<T>(known: Map<string, T>, { condition, point }: SweepRun, make: () => T): T {
    const key = JSON.stringify([condition, point]);
    const found = known.get(key) ?? make();
    known.set(key, found);
    return found;
  }

  work(run: SweepRun, size: DatasetSize): RunWork {
    return this.#once(this.#works, run, () => workOf(run.config, size));
  }

  memory(run: SweepRun, size: DatasetSize): RunMemory {
    return this.#once(this.#memories, run, () => memoryOf(run.config, size));
  }

  /** NaN where the machine was not measured. */
  seconds(run: SweepRun, size: DatasetSize): number {
    return this.rates === undefined ? NaN : expectedSeconds(this.work(run, size), this.rates);
  }
}

/** Bytes of the process of the largest of some runs. */
export function mostMemory(runs: readonly Pick<PlannedRun, 'run' | 'size'>[]): number {
  const estimate = new Estimate(undefined);
  return runs.reduce((most, { run, size }) => Math.max(most, estimate.memory(run, size).process), 0);
}

/** @throws ConfigurationError naming the first run that no core can hold */
export function requireMemory({ runs, withoutData }: SweepPlan): void {
  const estimate = new Estimate(undefined);
  for (const { run, size } of [...runs, ...withoutData]) {
    const { core } = estimate.memory(run, size);
    if (core <= CORE_BOUND) continue;
    throw new ConfigurationError(`${runTitle(run)}: expected a run of at most ${bytesText(CORE_BOUND)} in the core, got one of about ${bytesText(core)}; use narrower layers or smaller batches`);
  }
}

/** @throws UsageError when that many runs at once are more than the machine's memory */
export function requireRoom(jobs: number, bytesOfRun: number): void {
  const total = totalmem();
  if (jobs * bytesOfRun <= 0.9 * total) return;
  const fitting = Math.floor((0.9 * total) / bytesOfRun);
  const advice = fitting < 1 ? 'this machine cannot hold one' : `--jobs ${fitting} fits`;
  throw new UsageError(`--jobs ${jobs}: expected runs that fit in ${bytesText(total)} of memory, got ${jobs} of about ${bytesText(bytesOfRun)} each; ${advice}`);
}

/** `290 kB`, `18 MB`, `1.2 GB`. */
export function bytesText(bytes: number): string {
  if (bytes < 1e6) return `${Math.round(bytes / 1e3)} kB`;
  return bytes < 1e9 ? `${Math.round(bytes / 1e6)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}

/** A plan, and how to measure the machine on the first dataset that is there: only who needs times waits for it. */
export async function planForThisMachine(context: CliContext, sweep: SweepSpecification, options: PlanOptions): Promise<{ plan: SweepPlan; measure: () => Promise<Estimate> }> {
  let sample: DatasetPair | undefined;
  let start = 0;
  const begun = context.runtime.now();
  const plan = await planSweep(context, sweep, options, (pair) => {
    // Opening a core and reading a dataset: what a run does before its first step.
    if (sample === undefined) start = (context.runtime.now() - begun) / 1000;
    sample ??= calibrationSample(pair);
  });
  const measure = async () => {
    const withConvolutions = [...plan.runs, ...plan.withoutData].some(({ run: { config } }) => config.teacher_type === 'cnn' || config.student_type === 'cnn');
    return new Estimate(sample === undefined ? undefined : await calibrate(context.runtime, options.profile, sample, start, withConvolutions));
  };
  return { plan, measure };
}
