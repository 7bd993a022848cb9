// What a thread of startThread runs.
import { parentPort, workerData } from 'node:worker_threads';
import type { ThreadStart } from '../core/threads/control.js';
import { serveThread } from '../core/threads/thread.js';

serveThread(workerData as ThreadStart, () => parentPort!.postMessage('ready'));
