// What every engine runs: bundled into one module, loaded from a script or a page's worker.
import { openCore, type Core, type Profile, type StartThread } from '../../src/core/index.js';
import { loadMnist } from '../../src/data/index.js';
import { resolveSplitHeadConfig, runSplitHead } from '../../src/experiments/splithead/index.js';
import { webFiles } from '../../src/runtime/browser.js';
import { shippedCases, wideCases, type Case } from '../../src/verify/index.js';

export interface Job {
  profile: Profile;
  threads: number;
  /** Leave out what takes an emulated processor more than a few seconds. */
  emulated?: boolean;
  /** Run the cases that threads share this often instead of every case once. */
  times?: number;
  /** Run the default experiment on all of MNIST, with these values changed, instead of the cases. */
  run?: Record<string, unknown>;
}

export interface EngineReport {
  job: Job;
  /** Why the profile cannot run here, when it cannot. */
  refused?: string;
  /** Threads that computed, and why not as many as asked for. */
  threads?: number;
  note?: string | undefined;
  digests: Record<string, string>;
  /** Milliseconds until the core could be computed with, and until all its threads were up. */
  opening?: number;
  joined?: number;
}

/** Cases that an emulated processor does not finish in a few seconds; with several threads it runs those that they share only. */
const SLOW_FOR_EMULATION = /default cnn|byzantine: every (method|attack)/;

async function runOnce(core: Core, cases: readonly Case[], emulated: boolean): Promise<Record<string, string>> {
  const digests: Record<string, string> = {};
  for (const { name, run } of cases) if (!emulated || !SLOW_FOR_EMULATION.test(name)) digests[name] = await run(core);
  return digests;
}

/** The last digest of every case, and those that differed from an earlier one under names that say so. */
async function runRepeatedly(core: Core, times: number): Promise<Record<string, string>> {
  const digests: Record<string, string> = {};
  for (let i = 0; i < times; i++) {
    for (const [name, digest] of Object.entries(await runOnce(core, wideCases, false))) {
      if ((digests[name] ??= digest) !== digest) digests[`${name}, time ${i + 1}`] = digest;
    }
  }
  return digests;
}

/** The default run on all of MNIST, whose files the test's server offers below `address`. */
async function runDefault(core: Core, address: string, overrides: Record<string, unknown>): Promise<Record<string, string>> {
  const data = await loadMnist(webFiles(address), { dataDir: 'mnist' });
  const digests: Record<string, string> = {};
  for await (const event of runSplitHead(core, resolveSplitHeadConfig(overrides), data)) {
    if (event.type === 'finished') {
      const { digest, metrics } = event.result;
      digests['default run'] = digest;
      digests['default run metrics'] = JSON.stringify(metrics);
    }
  }
  return digests;
}

/** Runs one job on a core of its own. */
export function runJob(job: Job, address: string, startThread: StartThread): Promise<EngineReport> {
  return runJobOn(job, address, () => openCore({ profile: job.profile, kernels: 'all', threads: job.threads, startThread }));
}

/** Runs one job on the core that `open` gives. */
export async function runJobOn(job: Job, address: string, open: () => Promise<Core>): Promise<EngineReport> {
  const { emulated = false, times, run } = job;
  const began = performance.now();
  let core: Core;
  try {
    core = await open();
  } catch (error) {
    return { job, refused: (error as Error).message, digests: {} };
  }
  const opening = performance.now() - began;
  await core.threadsReady();
  const joined = performance.now() - began;
  try {
    const digests = run !== undefined ? await runDefault(core, address, run)
      : times !== undefined ? await runRepeatedly(core, times) : await runOnce(core, emulated && core.threads > 1 ? wideCases : shippedCases, emulated);
    return { job, threads: core.threads, note: core.threadsNote, digests, opening, joined };
  } finally {
    await core.close();
  }
}
