// A page that keeps free: its experiment runs in a worker. And one that computes itself, with one thread.
import { openCore } from '../../src/core/index.js';
import { startThread } from '../../src/runtime/browser.js';
import { madeUpDataset, shortRun } from '../../src/verify/index.js';
import { runInWorker, type WorkerEvent } from '../../src/web/run-in-worker.js';

/** Events of a short run in a worker, and how often the page's own clock ticked meanwhile. */
export async function runShort() {
  const own = await openCore({ threads: 4, startThread });
  let ticks = 0;
  const clock = setInterval(() => ticks++, 5);
  let opened: WorkerEvent | undefined;
  let digest: string | undefined;
  let progress = 0;
  for await (const event of runInWorker({ experiment: 'splithead', config: shortRun, data: madeUpDataset(own), threads: 3 })) {
    if (event.type === 'opened') opened = event;
    if (event.type === 'progress') progress++;
    if (event.type === 'finished') digest = event.digest;
  }
  clearInterval(clock);
  const failure = await (async () => {
    try {
      for await (const event of runInWorker({ experiment: 'splithead', config: { m: -1 }, data: madeUpDataset(own) })) void event;
      return undefined;
    } catch (error) {
      return (error as Error).message;
    }
  })();
  return { ownThreads: own.threads, ownNote: own.threadsNote, opened, digest, progress, ticks, failure };
}
