// Threads of a browser page or worker: module workers. The page must be cross-origin isolated.
import type { StartThread } from '../core/index.js';

/** Starts one thread of a core's pool. The pool's caller must itself be a worker: a page's own thread may not wait. */
export const startThread: StartThread = (start, ended) =>
  new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./browser-thread.js', import.meta.url), { type: 'module' });
    let leave: () => void;
    const left = new Promise<void>((done) => (leave = done));
    worker.onerror = (event) => {
      event.preventDefault();
      const reason = event.message === undefined ? 'its script could not be loaded' : event.message;
      reject(new Error(`a thread that did not start (${reason})`));
      ended(reason);
    };
    worker.onmessage = ({ data }) => {
      if (data === 'left') return leave();
      resolve({
        terminate: async () => {
          await left;
          worker.terminate();
        },
      });
    };
    worker.postMessage(start);
  });
