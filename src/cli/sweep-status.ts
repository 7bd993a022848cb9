// Where every run of a sweep stands.
import type { SweepFolder } from '../runs/sweep-folder.js';
import type { CliContext } from './context.js';
import { distinctRuns, type PlannedRun, type SweepPlan } from './sweep-plan.js';
import { queuedRuns, readSubmissions } from './sweep-slurm.js';

export const STANDINGS = ['done', 'running', 'waiting', 'lost', 'failed', 'not started'] as const;
/** `lost`: was in Slurm's queue, is no more, and left neither a record nor a failure. */
export type Standing = (typeof STANDINGS)[number];

/** Asks the folder and, where something was submitted, Slurm's queue. */
export async function standings(context: CliContext, folder: SweepFolder, { spec, runs }: SweepPlan): Promise<{ planned: PlannedRun; standing: Standing }[]> {
  const distinct = distinctRuns(runs);
  const submissions = await readSubmissions(context.runtime.files, folder, spec.name);
  // The queue first: a task that ends meanwhile is then seen as done, never as lost.
  const queued = await queuedRuns(submissions);
  const states = await folder.states(distinct.map(({ runId }) => runId));
  const submitted = new Set(submissions.flatMap(({ tasks }) => tasks.flat()));
  return distinct.map((planned) => {
    const { runId } = planned;
    const state = states.get(runId);
    const standing = state === 'recorded' ? 'done' : (queued.get(runId) ?? (state === 'failed' ? 'failed' : submitted.has(runId) ? 'lost' : 'not started'));
    return { planned, standing };
  });
}
