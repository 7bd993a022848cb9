// The Slurm engine: the runs that are left as array jobs. Slurm decides when and where; we write the script, submit and ask.
import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { sha256 } from '../core/index.js';
import { splitHeadFields } from '../experiments/splithead/index.js';
import type { SweepFolder } from '../runs/sweep-folder.js';
import type { Files } from '../runtime/runtime.js';
import type { CliContext } from './context.js';
import { mostMemory } from './sweep-estimate.js';
import type { PlannedRun, SweepPlan } from './sweep-plan.js';
import { UsageError } from './usage-error.js';

export interface SlurmOptions {
  partition?: string | undefined;
  time?: string | undefined;
  /** Tasks that run at once, at most; all of them where undefined. */
  tasks?: number | undefined;
  runsPerTask: number;
  /** Words for sbatch as they are, such as `--account=x`. */
  sbatchOptions: readonly string[];
  checkpointEvery: number;
}

/** What a task has to know; written beside the job's script. */
export interface Submission {
  /** Jobs' names begin with it: one array job has at most so many tasks. */
  name: string;
  sweep: unknown;
  out_dir: string;
  data_dir: string | null;
  profile: string;
  checkpoint_every: number;
  seeds: readonly number[];
  /** Run ids of each task. */
  tasks: string[][];
}

/** Slurm's default MaxArraySize, less one. */
const MOST_TASKS = 1000;

/** Runs a program of Slurm's. @throws UsageError naming --engine slurm when it is not there or refuses */
async function slurm(program: string, argv: readonly string[]): Promise<string> {
  return new Promise((done, fail) => {
    execFile(program, argv, { maxBuffer: 2 ** 28 }, (error, stdout, stderr) => {
      if (error === null) return done(stdout);
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return fail(new UsageError(`--engine slurm: expected ${program} in the PATH, got none; use --engine local, or a machine with Slurm's commands`));
      fail(new UsageError(`--engine slurm: expected ${program} to accept the job, got ${stderr.trim() || error.message}`));
    });
  });
}

/** A word for sh. */
const quoted = (word: string) => `'${word.replaceAll("'", "'\\''")}'`;

/** How this program was started, for a task to start it again. */
function program(context: CliContext): string[] {
  const bin = fileURLToPath(new URL('./bin.js', import.meta.url));
  return context.runtime.name === 'deno' ? [process.execPath, 'run', '-A', bin] : [process.execPath, ...process.execArgv, bin];
}

function jobScript(context: CliContext, manifest: string, first: number): string {
  return `#!/bin/sh
# A task computes its runs one after another, and skips those that are recorded.
exec ${[...program(context), 'sweep', 'task', manifest].map(quoted).join(' ')} "$((SLURM_ARRAY_TASK_ID + ${first}))"
`;
}

function chunks<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) => items.slice(index * size, (index + 1) * size));
}

/** Submissions of a sweep, in their order. */
export async function readSubmissions(files: Files, folder: SweepFolder, sweep: string): Promise<Submission[]> {
  const path = `${folder.sweepPath(sweep)}/slurm`;
  const found: Submission[] = [];
  for (const name of await files.list(path)) {
    const manifest = `${path}/${name}/manifest.json`;
    if ((await files.size(manifest)) !== undefined) found.push(JSON.parse(new TextDecoder().decode(await files.read(manifest))) as Submission);
  }
  return found;
}

export type QueueState = 'running' | 'waiting';

/** Run ids that tasks in Slurm's queue have still before them, or are at. */
export async function queuedRuns(submissions: readonly Submission[]): Promise<Map<string, QueueState>> {
  const queued = new Map<string, QueueState>();
  if (submissions.length === 0) return queued;
  const listed = await slurm('squeue', ['--noheader', '--array', '--format', '%j %K %T']);
  const byName = new Map(submissions.map((submission) => [submission.name, submission]));
  for (const line of listed.split('\n')) {
    const [job = '', index = '', state = ''] = line.trim().split(/\s+/);
    const [, name = '', part = ''] = /^(.*)\.(\d+)$/.exec(job) ?? [];
    const task = byName.get(name)?.tasks[Number(part) * MOST_TASKS + Number(index)];
    for (const runId of task ?? []) queued.set(runId, state === 'PENDING' ? 'waiting' : 'running');
  }
  return queued;
}

async function submitArray(context: CliContext, folder: SweepFolder, submission: Submission, part: number, path: string, megabytes: number, options: SlurmOptions): Promise<string> {
  const { partition, time, tasks, sbatchOptions } = options;
  const count = Math.min(MOST_TASKS, submission.tasks.length - part * MOST_TASKS);
  const script = await folder.writeForSweep(path, `job-${part}.sh`, jobScript(context, resolve(`${folder.sweepPath(path)}/manifest.json`), part * MOST_TASKS));
  const log = resolve(`${folder.sweepPath(path)}/task-${part}-%a.log`).replaceAll(/%(?!a\.log$)/g, '%%');
  const printed = await slurm('sbatch', [
    '--parsable', `--job-name=${submission.name}.${part}`, `--array=0-${count - 1}${tasks === undefined ? '' : `%${tasks}`}`, '--cpus-per-task=1', `--mem=${megabytes}M`, `--output=${log}`,
    ...(partition === undefined ? [] : [`--partition=${partition}`]), ...(time === undefined ? [] : [`--time=${time}`]), ...sbatchOptions, script,
  ]);
  return printed.trim().split(';')[0]!;
}

/**
 * Submits runs as array jobs of at most 1000 tasks each.
 * @param left runs that are neither recorded nor in the queue
 * @returns the jobs' numbers
 * @throws UsageError when sbatch is missing or refuses; what it refused leaves no submission behind
 */
export async function submit(context: CliContext, folder: SweepFolder, plan: SweepPlan, left: readonly PlannedRun[], options: SlurmOptions): Promise<{ jobs: string[]; tasks: number }> {
  const { files } = context.runtime;
  const { spec } = plan;
  const number = String((await files.list(`${folder.sweepPath(spec.name)}/slurm`)).length + 1).padStart(3, '0');
  const path = `${spec.name}/slurm/${number}`;
  const place = (await sha256(resolve(folder.sweepPath(spec.name)))).slice(0, 8);
  const { data_dir } = left[0]!.run.config;
  const submission: Submission = {
    name: `isolab-${spec.name}-${place}-${number}`, sweep: spec.source, out_dir: resolve(folder.path),
    data_dir: data_dir === splitHeadFields.data_dir.parse(undefined) ? null : resolve(data_dir), profile: plan.profile, checkpoint_every: options.checkpointEvery,
    seeds: spec.seeds, tasks: chunks(left.map(({ runId }) => runId), options.runsPerTask),
  };
  // A quarter more than was counted: Slurm ends a task that takes more than it asked for.
  const megabytes = Math.ceil((1.25 * mostMemory(left)) / 2 ** 20);
  await folder.writeForSweep(path, 'manifest.json', `${JSON.stringify(submission)}\n`);
  const jobs: string[] = [];
  try {
    for (let part = 0; part * MOST_TASKS < submission.tasks.length; part++) jobs.push(await submitArray(context, folder, submission, part, path, megabytes, options));
  } catch (error) {
    if (jobs.length === 0) await files.remove(`${folder.sweepPath(path)}/manifest.json`);
    throw error;
  }
  return { jobs, tasks: submission.tasks.length };
}
