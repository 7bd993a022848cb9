// One experiment's run as a job: the same function in a worker, with memory of its own, or in this thread.
import { openCore, type Profile } from '../core/index.js';
import { loadMnist } from '../data/index.js';
import { runAlignment, type AlignmentConfig, type AlignmentEvent, type AlignmentRunOptions } from '../experiments/alignment/index.js';
import type { Runtime } from '../runtime/runtime.js';

/** Where data is looked for: see `DataFolders`. */
export interface JobFolders {
  dataDir: string;
  cacheDir?: string;
  packagedDir?: string;
}

/** All that a job needs; passes through postMessage. */
export interface AlignmentJob {
  experiment: 'alignment';
  config: AlignmentConfig;
  seed: number;
  profile: Profile;
  threads: number;
  folders: JobFolders;
  options: AlignmentRunOptions;
}

export type JobMessage = { event: AlignmentEvent } | { done: true } | { error: { name: string; message: string } };

/** Computes a job's events on a core of its own. */
export async function* computeJob(runtime: Pick<Runtime, 'files' | 'startThread'>, job: AlignmentJob): AsyncGenerator<AlignmentEvent> {
  const { startThread, files } = runtime;
  const core = await openCore({ profile: job.profile, threads: startThread === undefined ? 1 : job.threads, ...(startThread === undefined ? {} : { startThread }) });
  try {
    const data = await loadMnist(files, job.folders);
    yield* runAlignment(core, job.config, job.seed, data, job.options);
  } finally {
    await core.close();
  }
}

/** The events of a job, computed in a worker where the runtime has them and `inWorker` asks for one. */
export async function* runJob(runtime: Runtime, job: AlignmentJob, inWorker: boolean): AsyncGenerator<AlignmentEvent> {
  if (!inWorker || runtime.startJob === undefined) return yield* computeJob(runtime, job);
  const worker = runtime.startJob(new URL('./job-worker.js', import.meta.url), job);
  try {
    for (;;) {
      const message = (await worker.next()) as JobMessage;
      if ('event' in message) yield message.event;
      else if ('error' in message) throw Object.assign(new Error(message.error.message), { name: message.error.name });
      else return;
    }
  } finally {
    await worker.terminate();
  }
}

/**
 * Runs `each` for every item, at most `limit` at once. One that fails does not stop the others.
 * @throws the first failure in the items' order, after all have ended
 */
export async function forEachLimited<T>(items: readonly T[], limit: number, each: (item: T) => Promise<void>): Promise<void> {
  const failures: unknown[] = [];
  let next = 0;
  const work = async () => {
    while (next < items.length) {
      const index = next++;
      try {
        await each(items[index]!);
      } catch (error) {
        failures[index] = error;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, work));
  const first = failures.find((failure) => failure !== undefined);
  if (first !== undefined) throw first;
}
