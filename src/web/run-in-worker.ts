import type { WorkerEvent, WorkerMessage, WorkerOrder, WorkerRun } from './experiment-worker.js';

export type { WorkerEvent, WorkerRun } from './experiment-worker.js';

/** A run under way in a worker of its own. */
export class RunningExperiment {
  readonly #worker: Worker;
  readonly #waiting: WorkerMessage[] = [];
  #wake = () => {};
  #isStopped = false;

  constructor(run: WorkerRun) {
    this.#worker = new Worker(new URL('./experiment-worker.js', import.meta.url), { type: 'module' });
    this.#worker.onmessage = ({ data }: MessageEvent<WorkerMessage>) => this.#receive(data);
    this.#worker.onerror = ({ message }) => this.#receive({ error: { name: 'Error', message: message ?? 'the worker could not be loaded' } });
    this.#order({ start: run });
  }

  #order(order: WorkerOrder): void {
    this.#worker.postMessage(order);
  }

  #receive(message: WorkerMessage): void {
    this.#waiting.push(message);
    this.#wake();
  }

  /** Stands still after the next event, or goes on. */
  pause(isPaused: boolean): void {
    this.#order({ pause: isPaused });
  }

  /** Ends the worker and its threads; the events end too. */
  stop(): void {
    this.#isStopped = true;
    this.#worker.terminate();
    this.#wake();
  }

  /** Events in batches, as they come. @throws Error with the name and message of what failed in the worker */
  async *batches(): AsyncGenerator<WorkerEvent[]> {
    while (!this.#isStopped) {
      const message = this.#waiting.shift();
      if (message === undefined) await new Promise<void>((resolve) => (this.#wake = resolve));
      else if ('events' in message) yield message.events;
      else if ('error' in message) throw Object.assign(new Error(message.error.message), { name: message.error.name });
      else return;
    }
  }
}

/**
 * Runs an experiment in a worker, so that the page stays free: the first event says what computes (profile, threads), the others
 * are the experiment's. Leaving the loop ends the worker and its threads.
 * In a page that is cross-origin isolated several threads compute; in any other one does, with the same bits.
 * @throws Error with the name and message of what failed in the worker
 */
export async function* runInWorker(run: WorkerRun): AsyncGenerator<WorkerEvent> {
  const running = new RunningExperiment(run);
  try {
    for await (const events of running.batches()) yield* events;
  } finally {
    running.stop();
  }
}
