// What runInWorker's worker runs: one experiment, its events posted as they come.
import { automaticThreads, openCore, type Profile } from '../core/index.js';
import { keepFirstClasses, loadEmnist, loadMnist, type DatasetPair } from '../data/index.js';
import { resolveSplitHeadConfig, runSplitHead, type SplitHeadConfig, type SplitHeadEvent, type SplitHeadRunOptions } from '../experiments/splithead/index.js';
import { browserRuntime } from '../runtime/browser.js';

/** A run to be done off the page's own thread. Everything in it passes through postMessage. */
export interface WorkerRun {
  experiment: 'splithead';
  /** The values that differ from the defaults; `data_dir` is relative to `address`. */
  config: Record<string, unknown>;
  /** Address that data paths are relative to; or the data itself in `data`. */
  address?: string;
  data?: DatasetPair;
  profile?: Profile;
  /** Default: one per processor, at most 8. */
  threads?: number;
  options?: SplitHeadRunOptions;
}

/** An experiment's event, or what it computes with, which comes first. */
export type WorkerEvent = SplitHeadEvent | { type: 'opened'; profile: Profile; wasmHash: string; threads: number; threadsNote: string | undefined };
export type WorkerMessage = { event: WorkerEvent } | { done: true } | { error: { name: string; message: string } };

async function loadData(run: WorkerRun, config: SplitHeadConfig): Promise<DatasetPair> {
  if (run.data !== undefined) return run.data;
  const { files } = browserRuntime(run.address);
  const folders = { dataDir: config.data_dir };
  const data = config.dataset === 'mnist' ? await loadMnist(files, folders) : await loadEmnist(files, config.emnist_split, folders);
  return keepFirstClasses(data, config.class_count ?? undefined);
}

async function* events(run: WorkerRun): AsyncGenerator<WorkerEvent> {
  const config = resolveSplitHeadConfig(run.config);
  const { startThread, availableThreads } = browserRuntime(run.address);
  const threads = run.threads ?? automaticThreads(availableThreads());
  const core = await openCore({ profile: run.profile ?? 'strict', kernels: 'all', threads, startThread: startThread! });
  try {
    yield { type: 'opened', profile: core.profile, wasmHash: core.wasmHash, threads: core.threads, threadsNote: core.threadsNote };
    yield* runSplitHead(core, config, await loadData(run, config), run.options ?? {});
  } finally {
    await core.close();
  }
}

const post = (message: WorkerMessage) => globalThis.postMessage(message);

globalThis.onmessage = async ({ data }: MessageEvent<WorkerRun>) => {
  try {
    for await (const event of events(data)) post({ event });
    post({ done: true });
  } catch (error) {
    post({ error: { name: (error as Error).name, message: (error as Error).message } });
  }
};
