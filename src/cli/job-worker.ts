// What a job's worker runs: one job, its events posted as they come.
import { nodeRuntime } from '../runtime/node.js';
import { insideJob } from '../runtime/node-jobs.js';
import { computeJob, type Job, type JobMessage } from './job.js';

const { input, post } = insideJob();
const send = (message: JobMessage) => post(message);

try {
  for await (const event of computeJob(nodeRuntime(), input as Job)) send({ event });
  send({ done: true });
} catch (error) {
  send({ error: { name: (error as Error).name, message: (error as Error).message } });
}
