// `isolab sweep task`: what a Slurm task runs. It can be started any number of times, and computes what is not recorded.
import { resolve } from 'node:path';
import { readSweepSpecification, runTitle } from '../sweep/index.js';
import { SweepFolder } from '../runs/sweep-folder.js';
import type { CliContext } from './context.js';
import { parseProfile } from './core-options.js';
import { readJsonFile } from './flags.js';
import { distinctRuns, planSweep, requireData } from './sweep-plan.js';
import { SweepRunner } from './sweep-run.js';
import type { Submission } from './sweep-slurm.js';
import { UsageError } from './usage-error.js';

/** @throws UsageError unless `task` is one of the submission's; Error naming how many runs failed, once all have been tried */
export async function executeTask(context: CliContext, manifest: string, task: string): Promise<void> {
  const submission = (await readJsonFile(context.runtime.files, 'sweep task', resolve(manifest))) as Submission;
  const runIds = submission.tasks[Number(task)];
  if (runIds === undefined) throw new UsageError(`sweep task: expected a task from 0 to ${submission.tasks.length - 1}, got ${JSON.stringify(task)}`);
  const plan = await planSweep(context, readSweepSpecification(submission.sweep, `sweep task ${manifest}`), {
    selection: { seeds: submission.seeds.join(',') }, dataDir: submission.data_dir ?? undefined, profile: parseProfile(submission.profile),
  });
  const own = distinctRuns(plan.runs).filter(({ runId }) => runIds.includes(runId));
  // Other runs of the sweep may need data that is not here.
  if (own.length < runIds.length) requireData(plan);
  if (own.length < runIds.length) throw new Error(`sweep task: expected the program and the data that submitted ${manifest}, got others: ${runIds.length - own.length} of ${runIds.length} runs are unknown`);
  const folder = new SweepFolder(context.runtime.files, submission.out_dir);
  const states = await folder.states(runIds);
  const runner = new SweepRunner(context, folder, submission.checkpoint_every);
  let failures = 0;
  for (const planned of own) {
    if (states.get(planned.runId) === 'recorded') continue;
    try {
      const { seconds } = await runner.run(planned, false);
      context.stderr(`${runTitle(planned.run)}: ${seconds.toFixed(1)} s\n`);
    } catch (error) {
      failures++;
      context.stderr(`${runTitle(planned.run)}: failed: ${(error as Error).message}\n`);
    }
  }
  if (failures > 0) throw new Error(`sweep task: expected every run to end, got ${failures} failed of ${own.length}`);
}
