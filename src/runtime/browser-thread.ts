// What a thread of startThread runs.
import type { ThreadStart } from '../core/threads/control.js';
import { serveThread } from '../core/threads/thread.js';

globalThis.onmessage = ({ data }: MessageEvent<ThreadStart>) => {
  serveThread(data, () => globalThis.postMessage('ready'));
  globalThis.postMessage('left');
};
