// What the page's workers run: one experiment, its events posted in batches as they come; or a finished run's translator.
import { automaticThreads, openCore, type Profile } from '../core/index.js';
import type { DatasetPair } from '../data/index.js';
import type { DataSource } from '../runs/data-source.js';
import { browserRuntime } from '../runtime/browser.js';
import { storedFiles } from '../runtime/browser-storage.js';
import type { RunEvent } from './experiment.js';
import { experimentNamed } from './experiments/index.js';
import { KeptRun } from './kept-run.js';
import { MemoryFiles } from './memory-files.js';
import { pageData } from './page-data.js';
import { answer, type Question } from './stored-translator.js';

/** A run to be done off the page's own thread. Everything in it passes through postMessage. */
export interface WorkerRun {
  /** `splithead`, `alignment`, `byzantine`, `moments tightness`, ... */
  experiment: string;
  /** The values that differ from the defaults; `data_dir` is relative to `address`. */
  config: Record<string, unknown>;
  /** Address that data paths are relative to; or the images themselves in `data`. */
  address?: string;
  data?: DatasetPair;
  profile?: Profile;
  /** Default: one per processor, at most 8. */
  threads?: number;
  /** Steps, or rounds, between two checkpoints; default: the command line's. */
  checkpointEvery?: number;
  /** Name of a run in the browser's store, which takes its files and checkpoints; without it they end with the worker. */
  keep?: string;
}

/** An experiment's event, or what it computes with, which comes first. */
export type WorkerEvent = RunEvent | { type: 'opened'; profile: Profile; wasmHash: string; threads: number; threadsNote: string | undefined };
export type WorkerMessage = { events: WorkerEvent[] } | { done: true } | { answer: string } | { error: { name: string; message: string } };
export type WorkerOrder = { start: WorkerRun } | { pause: boolean } | { question: Question };

/** Milliseconds between two batches of events, and between two looks at the page's orders. */
const BATCH = 200;

const post = (message: WorkerMessage) => globalThis.postMessage(message);

/** Lets messages in. Shorter than a timer, which browsers stretch. */
function breathe(): Promise<void> {
  const { port1, port2 } = new MessageChannel();
  return new Promise((resolve) => {
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
}

let goOn: (() => void) | undefined;
let paused: Promise<void> | undefined;

function obey(pause: boolean): void {
  if (pause) paused ??= new Promise((resolve) => (goOn = resolve));
  else {
    goOn?.();
    paused = undefined;
  }
}

function sourceOf({ address, keep }: WorkerRun): Promise<DataSource> | DataSource {
  if (keep !== undefined) return pageData(address ?? globalThis.location.href);
  return { files: browserRuntime(address).files, mnistFolders: (dataDir) => ({ dataDir }) };
}

async function* events(run: WorkerRun): AsyncGenerator<WorkerEvent> {
  const experiment = experimentNamed(run.experiment);
  const config = experiment.resolve(run.config, 'configuration');
  const { startThread, availableThreads, version } = browserRuntime(run.address);
  const threads = run.threads ?? automaticThreads(availableThreads());
  const source = await sourceOf(run);
  const reading = run.data ?? experiment.images?.(source, config);
  // What fails is told below, once the core is there.
  Promise.resolve(reading).catch(() => {});
  const core = await openCore({ profile: run.profile ?? 'strict', kernels: 'all', threads, startThread: startThread! });
  try {
    yield { type: 'opened', profile: core.profile, wasmHash: core.wasmHash, threads: core.threads, threadsNote: core.threadsNote };
    const files = run.keep === undefined ? new MemoryFiles() : await storedFiles(`runs/${run.keep}/files`);
    yield* experiment.run({
      core, files, source, images: await reading, now: () => performance.now(), engine: `browser ${version}`, checkpointEvery: run.checkpointEvery,
    }, config);
  } finally {
    await core.close();
  }
}

/** Posts events in batches, a panel's first one at once; stands still while it is told to pause. */
async function relay(run: WorkerRun, kept: KeptRun | undefined): Promise<void> {
  let batch: WorkerEvent[] = [];
  let before = performance.now();
  const plotted = new Set<string>();
  for await (const event of events(run)) {
    batch.push(event);
    await kept?.take(event);
    const isFirst = event.type === 'plot' && !plotted.has(event.panel);
    if (event.type === 'plot') plotted.add(event.panel);
    if (!isFirst && performance.now() - before < BATCH) continue;
    post({ events: batch });
    batch = [];
    await breathe();
    if (paused !== undefined) {
      kept?.stopClock();
      await paused;
      kept?.startClock();
    }
    before = performance.now();
  }
  post({ events: batch });
}

async function start(run: WorkerRun): Promise<void> {
  const kept = run.keep === undefined ? undefined : await KeptRun.open(run.keep);
  try {
    await relay(run, kept);
    post({ done: true });
  } catch (error) {
    await kept?.fail((error as Error).message);
    throw error;
  }
}

globalThis.onmessage = async ({ data }: MessageEvent<WorkerOrder>) => {
  if ('pause' in data) return obey(data.pause);
  try {
    if ('question' in data) post({ answer: await answer(data.question) });
    else await start(data.start);
  } catch (error) {
    post({ error: { name: (error as Error).name, message: (error as Error).message } });
  }
};
