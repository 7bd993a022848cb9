// Modules of this package run in threads of their own, with their own memory: Node, and Deno and Bun through node:worker_threads.
import { parentPort, Worker, workerData } from 'node:worker_threads';
import type { Job } from './runtime.js';

/** Starts a module in a thread; what it posts comes out in order. */
export function startJob(module: URL, input: unknown): Job {
  const worker = new Worker(module, { workerData: input });
  const waiting: unknown[] = [];
  let ended: Error | undefined;
  let wake = () => {};
  const end = (error: Error) => {
    ended ??= error;
    wake();
  };
  worker.on('message', (message) => {
    waiting.push(message);
    wake();
  });
  worker.on('error', end);
  worker.on('exit', (code) => end(new Error(`a worker ended too early, with exit code ${code}`)));
  return {
    next: async () => {
      while (waiting.length === 0) {
        if (ended !== undefined) throw ended;
        await new Promise<void>((resolve) => (wake = resolve));
      }
      return waiting.shift();
    },
    terminate: async () => void (await worker.terminate()),
  };
}

/** Inside a job: what it was started with, and how it answers. */
export function insideJob(): { input: unknown; post: (message: unknown) => void } {
  return { input: workerData, post: (message) => parentPort!.postMessage(message) };
}
