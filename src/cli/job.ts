// One experiment's run as a job: the same function in a worker, with memory of its own, or in this thread.
import { openCore, type Core, type Profile } from '../core/index.js';
import { loadMnist } from '../data/index.js';
import { runAlignment, type AlignmentConfig, type AlignmentEvent, type AlignmentRunOptions } from '../experiments/alignment/index.js';
import { runByzantine, type ByzantineConfig, type ByzantineEvent, type ByzantineRunOptions } from '../experiments/byzantine/index.js';
import { runSplitHead, type SplitHeadConfig, type SplitHeadEvent, type SplitHeadRunOptions } from '../experiments/splithead/index.js';
import { loadByzantineData } from '../runs/byzantine-data.js';
import type { DataPlaces } from '../runs/data-source.js';
import { loadSplitHeadData } from '../runs/splithead-data.js';
import type { Files, Runtime } from '../runtime/runtime.js';

/** What every job says of how it is computed. */
interface Setting {
  profile: Profile;
  threads: number;
  folders: DataPlaces;
}

/** All that a job needs; passes through postMessage. */
export type AlignmentJob = Setting & { experiment: 'alignment'; config: AlignmentConfig; seed: number; options: AlignmentRunOptions };
export type ByzantineJob = Setting & { experiment: 'byzantine'; config: ByzantineConfig; options: ByzantineRunOptions };
export type SplitHeadJob = Setting & { experiment: 'splithead'; config: SplitHeadConfig; options: Omit<SplitHeadRunOptions, 'placement'> };
export type Job = AlignmentJob | ByzantineJob | SplitHeadJob;
export type EventOf<J extends Job> = J extends AlignmentJob ? AlignmentEvent : J extends ByzantineJob ? ByzantineEvent : SplitHeadEvent;

export type JobMessage = { event: unknown } | { done: true } | { error: { name: string; message: string } };

async function* eventsOf(core: Core, files: Files, job: Job): AsyncGenerator<AlignmentEvent | ByzantineEvent | SplitHeadEvent> {
  if (job.experiment === 'alignment') yield* runAlignment(core, job.config, job.seed, await loadMnist(files, job.folders), job.options);
  else if (job.experiment === 'splithead') yield* runSplitHead(core, job.config, await loadSplitHeadData({ files, mnistFolders: () => job.folders }, job.config), job.options);
  else yield* runByzantine(core, job.config, await loadByzantineData(core, files, job.config, job.folders), job.options);
}

/** Computes a job's events on a core of its own. */
export async function* computeJob<J extends Job>(runtime: Pick<Runtime, 'files' | 'startThread'>, job: J): AsyncGenerator<EventOf<J>> {
  const { startThread, files } = runtime;
  const core = await openCore({ profile: job.profile, kernels: 'all', threads: startThread === undefined ? 1 : job.threads, ...(startThread === undefined ? {} : { startThread }) });
  try {
    yield* eventsOf(core, files, job) as AsyncGenerator<EventOf<J>>;
  } finally {
    await core.close();
  }
}

/** The events of a job, computed in a worker where the runtime has them and `inWorker` asks for one. */
export async function* runJob<J extends Job>(runtime: Runtime, job: J, inWorker: boolean): AsyncGenerator<EventOf<J>> {
  if (!inWorker || runtime.startJob === undefined) return yield* computeJob(runtime, job);
  const worker = runtime.startJob(new URL('./job-worker.js', import.meta.url), job);
  try {
    for (;;) {
      const message = (await worker.next()) as JobMessage;
      if ('event' in message) yield message.event as EventOf<J>;
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
