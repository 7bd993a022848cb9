// Threads of a Node process, and of Deno's and Bun's, which offer node:worker_threads.
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { StartThread } from '../core/index.js';

/** Milliseconds that a thread is given to end by itself. */
const PATIENCE = 2000;

/** Threads that this machine runs at once. */
export function availableThreads(): number {
  return availableParallelism();
}

/** Starts one thread of a core's pool. It does not keep the process alive. */
export const startThread: StartThread = (start, ended) => {
  const worker = new Worker(new URL('./node-thread.js', import.meta.url), { workerData: start, execArgv: [] });
  let reason: string | undefined;
  worker.once('error', (error) => (reason = (error as Error).message));
  const exited = new Promise<void>((resolve) => {
    worker.once('exit', (code) => {
      ended(reason ?? `exit code ${code}`);
      resolve();
    });
  });
  const ready = new Promise<void>((resolve, reject) => {
    worker.once('message', () => {
      worker.unref();
      resolve();
    });
    void exited.then(() => reject(new Error(`a thread that ended at once (${reason ?? 'no error'})`)));
  });
  const terminate = async () => {
    worker.ref();
    const impatience = setTimeout(() => void worker.terminate(), PATIENCE);
    await exited;
    clearTimeout(impatience);
  };
  return { ready, terminate };
};
