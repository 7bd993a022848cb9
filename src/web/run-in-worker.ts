import type { WorkerEvent, WorkerMessage, WorkerRun } from './experiment-worker.js';

export type { WorkerEvent, WorkerRun } from './experiment-worker.js';

/**
 * Runs an experiment in a worker of its own, so that the page stays free: the first event says what
 * computes (profile, threads), the others are the experiment's. Leaving the loop ends the worker and its threads.
 * In a page that is cross-origin isolated several threads compute; in any other one does, with the same bits.
 * @throws Error with the name and message of what failed in the worker
 */
export async function* runInWorker(run: WorkerRun): AsyncGenerator<WorkerEvent> {
  const worker = new Worker(new URL('./experiment-worker.js', import.meta.url), { type: 'module' });
  const waiting: WorkerMessage[] = [];
  let wake = () => {};
  const receive = (message: WorkerMessage) => {
    waiting.push(message);
    wake();
  };
  worker.onmessage = ({ data }: MessageEvent<WorkerMessage>) => receive(data);
  worker.onerror = ({ message }) => receive({ error: { name: 'Error', message: message ?? 'the worker could not be loaded' } });
  try {
    worker.postMessage(run);
    for (;;) {
      if (waiting.length === 0) await new Promise<void>((resolve) => (wake = resolve));
      const message = waiting.shift()!;
      if ('event' in message) yield message.event;
      else if ('error' in message) throw Object.assign(new Error(message.error.message), { name: message.error.name });
      else return;
    }
  } finally {
    worker.terminate();
  }
}
