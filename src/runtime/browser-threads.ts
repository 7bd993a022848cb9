// Threads of a browser page or worker: module workers. The page must be cross-origin isolated.
import type { StartThread } from '../core/index.js';

/** Milliseconds that a thread is given to end by itself. */
const PATIENCE = 2000;

/** Starts one thread of a core's pool. The pool's caller must itself be a worker: a page's own thread may not wait. */
export const startThread: StartThread = (start, ended) => {
  const worker = new Worker(new URL('./browser-thread.js', import.meta.url), { type: 'module' });
  let leave: () => void;
  const left = new Promise<void>((resolve) => (leave = resolve));
  const ready = new Promise<void>((resolve, reject) => {
    worker.onerror = (event) => {
      event.preventDefault();
      const reason = event.message === undefined ? 'its script could not be loaded' : event.message;
      ended(reason);
      leave();
      reject(new Error(`a thread that did not start (${reason})`));
    };
    worker.onmessage = ({ data }) => (data === 'left' ? leave() : resolve());
  });
  worker.postMessage(start);
  const terminate = async () => {
    const impatience = setTimeout(leave, PATIENCE);
    await left;
    clearTimeout(impatience);
    worker.terminate();
  };
  return { ready, terminate };
};
