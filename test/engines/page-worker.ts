// A page's worker: runs the jobs that it is sent, where waiting is allowed.
import { startThread } from '../../src/runtime/browser.js';
import { runJob, type Job } from './cases.js';

globalThis.onmessage = async ({ data }: MessageEvent<{ jobs: Job[]; address: string }>) => {
  try {
    for (const job of data.jobs) globalThis.postMessage({ report: await runJob(job, data.address, startThread) });
    globalThis.postMessage({ done: true });
  } catch (error) {
    globalThis.postMessage({ error: String((error as Error)?.stack ?? error) });
  }
};
