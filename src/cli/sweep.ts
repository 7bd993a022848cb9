import { Command, Option } from 'commander';
import { durationText, runTitle, SHIPPED_SWEEPS, shippedSweep, type DatasetSize, type Selection, type SweepRun } from '../sweep/index.js';
import type { CliContext } from './context.js';
import { parseInterval, parseJobs, parseProfile } from './core-options.js';
import { formatTable } from '../outputs/text-table.js';
import { SweepFolder } from '../runs/sweep-folder.js';
import { collectRuns, writeCollected } from './sweep-collect.js';
import { BYTES_PER_RUN, bytesText, mostMemory, planForThisMachine, requireMemory, type Estimate } from './sweep-estimate.js';
import { executeLocally, runsLeft, seedBySeed } from './sweep-execution.js';
import { distinctRuns, planSweep, readSweep, requireData, type SweepPlan } from './sweep-plan.js';
import { submit } from './sweep-slurm.js';
import { STANDINGS, standings } from './sweep-status.js';
import { executeTask } from './sweep-task.js';
import { UsageError } from './usage-error.js';

/** Flags that say which runs are meant. */
export interface SweepFlags extends Selection {
  outDir: string;
  dataDir?: string;
  profile: string;
  json?: boolean;
}

interface RunFlags extends SweepFlags {
  jobs: string;
  engine: string;
  checkpointEvery: string;
  partition?: string;
  time?: string;
  tasks?: string;
  runsPerTask: string;
  sbatchOption?: string[];
}

const collectWords = (value: string, before: string[] = []) => [...before, value];

/** Adds the flags that say which runs of which sweep, and where they are. */
export function addSweepOptions(command: Command): Command {
  const which = 'Which runs:';
  return command
    .argument('<sweep>', `${SHIPPED_SWEEPS.join(', ')}, or the path of a .json file`)
    .addOption(new Option('--seeds <LIST>', "seeds such as 0-4 or 0,3, in place of the sweep's").helpGroup(which))
    .addOption(new Option('--conditions <LIST>', 'only these conditions, by their names').helpGroup(which))
    .addOption(new Option('--only <AXIS=VALUES>', 'only these values of an axis, such as noise_steps=1-1024 or m=3,10; repeatable').argParser(collectWords).helpGroup(which))
    .addOption(new Option('--out-dir <DIR>', 'folder of all sweeps: runs they have in common are computed once').default('./outputs/sweeps').helpGroup(which))
    .addOption(new Option('--data-dir <DIR>', 'dataset folder, as of splithead').helpGroup(which))
    .addOption(new Option('--profile <NAME>', 'strict (same bits everywhere) or fused (hardware multiply-add)').default('strict').helpGroup(which));
}

/** What a sweep's flags mean to `planSweep`. */
export function planOptions({ seeds, conditions, only, dataDir, profile }: SweepFlags) {
  const selection = { ...(seeds === undefined ? {} : { seeds }), ...(conditions === undefined ? {} : { conditions }), ...(only === undefined ? {} : { only }) };
  return { selection, dataDir, profile: parseProfile(profile) };
}

function listCommand(context: CliContext): Command {
  return new Command('list').description('the shipped sweeps: the figures of the paper').action(() => {
    const rows = SHIPPED_SWEEPS.map((name) => {
      const { title, conditions, seeds } = shippedSweep(name)!;
      const points = conditions.reduce((sum, { axes }) => sum + axes.reduce((product, { values }) => product * values.length, 1), 0);
      return { sweep: name, conditions: conditions.length, runs: points * seeds.length, what: title };
    });
    context.stdout(formatTable([{ name: 'sweep', kind: 'text' }, { name: 'conditions', kind: 'whole' }, { name: 'runs', kind: 'whole' }, { name: 'what', kind: 'text' }], rows));
  });
}

/** What `plan` prints of each condition. @param left run ids that are not recorded */
function plannedRows({ spec, runs, withoutData }: SweepPlan, left: ReadonlySet<string>, estimate: Estimate) {
  return spec.conditions.map(({ name }) => {
    const own = runs.filter(({ run }) => run.condition === name);
    const without = withoutData.filter(({ run }) => run.condition === name);
    const toCompute = [...distinctRuns(own).filter(({ runId }) => left.has(runId)), ...without];
    const sum = (count: (run: SweepRun, size: DatasetSize) => number) => toCompute.reduce((total, { run, size }) => total + count(run, size), 0);
    return {
      condition: name, runs: own.length + without.length, recorded: own.filter(({ runId }) => !left.has(runId)).length, without_data: without.length,
      multiply_adds: sum((run, size) => estimate.work(run, size).dense + estimate.work(run, size).convolved), seconds: sum((run, size) => estimate.seconds(run, size)),
    };
  });
}

async function plan(context: CliContext, given: string, flags: SweepFlags & { printSpec?: boolean; jobs: string }): Promise<void> {
  const sweep = await readSweep(context, given);
  if (flags.printSpec === true) return context.stdout(`${JSON.stringify(sweep.source, null, 2)}\n`);
  const jobs = parseJobs(flags.jobs, context.runtime.availableThreads());
  const { plan: planned, measure } = await planForThisMachine(context, sweep, planOptions(flags));
  requireMemory(planned);
  const left = await runsLeft(new SweepFolder(context.runtime.files, flags.outDir), planned);
  const estimate = await measure();
  const rows = plannedRows(planned, new Set(left.map(({ runId }) => runId)), estimate);
  const summary = {
    sweep: planned.spec.name, runs: planned.runs.length + planned.withoutData.length, different: distinctRuns(planned.runs).length, left: left.length, jobs,
    seconds: left.reduce((sum, { run, size }) => sum + estimate.seconds(run, size), 0),
    memory_bytes: mostMemory(left), disk_bytes: left.length * BYTES_PER_RUN,
  };
  if (flags.json === true) context.stdout(`${JSON.stringify({ ...summary, conditions: rows })}\n`);
  else printPlan(context, planned, rows, summary);
}

function printPlan(context: CliContext, { spec, data }: SweepPlan, rows: ReturnType<typeof plannedRows>, summary: Record<'runs' | 'different' | 'left' | 'jobs' | 'seconds' | 'memory_bytes' | 'disk_bytes', number>): void {
  const shown = rows.map((row) => ({ ...row, work: (row.multiply_adds / 1e12).toPrecision(3), time: row.multiply_adds === 0 ? '-' : Number.isNaN(row.seconds) ? 'unknown' : durationText(row.seconds) }));
  const columns = [{ name: 'condition', kind: 'text' }, { name: 'runs', kind: 'whole' }, { name: 'recorded', kind: 'whole' }, { name: 'work', kind: 'text' }, { name: 'time', kind: 'text' }] as const;
  context.stdout(`${spec.name}: ${spec.title}\n${formatTable(columns, shown)}`);
  context.stdout('work: 10^12 multiply-adds of what is left; time: of one thread, from a calibration just now\n');
  for (const { error } of data) if (error !== undefined) context.stdout(`no data: ${error.message}\n`);
  const { runs, different, left, jobs, seconds, memory_bytes, disk_bytes } = summary;
  if (left === 0) return context.stdout(`${runs} runs, ${different} different, none to compute\n`);
  const side = Math.min(jobs, left);
  const named = data.every(({ error }) => error === undefined) ? `${different} different` : `${different} different with data`;
  context.stdout(
    `${runs} runs, ${named}, ${left} of them to compute: about ${durationText(seconds)} of one thread, ${durationText(seconds / side)} with --jobs ${side}\n` +
    `memory: up to ${bytesText(memory_bytes)} a run; disk: about ${bytesText(disk_bytes)}\n`,
  );
}

function parseCount(flag: string, given: string): number {
  if (/^\d{1,6}$/.test(given) && Number(given) >= 1) return Number(given);
  throw new UsageError(`${flag}: expected a whole number of at least 1, got ${JSON.stringify(given)}`);
}

async function submitLeft(context: CliContext, folder: SweepFolder, planned: SweepPlan, flags: RunFlags): Promise<void> {
  const { partition, time, tasks, runsPerTask, sbatchOption = [] } = flags;
  const options = {
    partition, time, tasks: tasks === undefined ? undefined : parseCount('--tasks', tasks), runsPerTask: parseCount('--runs-per-task', runsPerTask), sbatchOptions: sbatchOption,
    checkpointEvery: parseInterval(flags.checkpointEvery),
  };
  requireData(planned);
  requireMemory(planned);
  const all = await standings(context, folder, planned);
  const left = seedBySeed(all.filter(({ standing }) => !['done', 'running', 'waiting'].includes(standing)).map((one) => one.planned), planned.spec.seeds);
  const queued = all.filter(({ standing }) => standing === 'running' || standing === 'waiting').length;
  if (left.length === 0) return context.stdout(queued === 0 ? 'nothing to submit: every run is done\n' : `nothing to submit: ${queued} runs are in the queue\n`);
  const { jobs, tasks: count } = await submit(context, folder, planned, left, options);
  context.stdout(`submitted ${left.length} runs in ${count} tasks as job ${jobs.join(', ')}; isolab sweep status tells where they are\n`);
}

async function run(context: CliContext, given: string, flags: RunFlags): Promise<void> {
  const checkpointEvery = parseInterval(flags.checkpointEvery);
  const jobs = parseJobs(flags.jobs, context.runtime.availableThreads());
  if (flags.engine !== 'local' && flags.engine !== 'slurm') throw new UsageError(`--engine: expected local or slurm, got ${JSON.stringify(flags.engine)}`);
  const { plan: planned, measure } = await planForThisMachine(context, await readSweep(context, given), planOptions(flags));
  const folder = new SweepFolder(context.runtime.files, flags.outDir);
  if (flags.engine === 'slurm') return submitLeft(context, folder, planned, flags);
  await executeLocally(context, folder, planned, measure, { jobs, checkpointEvery });
  await collect(context, given, flags);
}

async function collect(context: CliContext, given: string, flags: SweepFlags): Promise<void> {
  const planned = await planSweep(context, await readSweep(context, given), planOptions(flags));
  const folder = new SweepFolder(context.runtime.files, flags.outDir);
  const collected = await collectRuns(folder, planned);
  const { rows } = collected.table;
  if (rows.length === 0) throw new Error(`sweep collect: expected recorded runs of ${planned.spec.name} in ${folder.path}, got none; isolab sweep run computes them`);
  const paths = await writeCollected(folder, planned.spec.name, collected);
  if (rows.length < collected.expected) context.stderr(`${rows.length} of ${collected.expected} runs are recorded; the table holds those\n`);
  for (const path of paths) context.stdout(`${path}\n`);
}

async function status(context: CliContext, given: string, flags: SweepFlags): Promise<void> {
  const planned = await planSweep(context, await readSweep(context, given), planOptions(flags));
  requireData(planned);
  const folder = new SweepFolder(context.runtime.files, flags.outDir);
  const all = await standings(context, folder, planned);
  const counts = Object.fromEntries(STANDINGS.map((standing) => [standing, all.filter((one) => one.standing === standing).length]));
  const failed = all.filter(({ standing }) => standing === 'failed');
  if (flags.json === true) return context.stdout(`${JSON.stringify({ sweep: planned.spec.name, runs: all.length, ...counts })}\n`);
  context.stdout(`${planned.spec.name}: ${all.length} different runs: ${STANDINGS.map((standing) => `${counts[standing]} ${standing}`).join(', ')}\n`);
  for (const { planned: one } of failed.slice(0, 20)) context.stdout(`failed: ${runTitle(one.run)}: ${await folder.failure(one.runId)}\n`);
}

function runCommand(context: CliContext): Command {
  const [running, slurm] = ['Running:', 'Slurm:'];
  return addSweepOptions(new Command('run').description('computes the runs that are not recorded yet, and collects the table'))
    .addOption(new Option('--jobs <N>', 'runs computed at once, each in a worker with one thread and one memory, or auto for one per processor').default('auto').helpGroup(running))
    .addOption(new Option('--checkpoint-every <N>', "save a run's state after every N steps; 0 for never").default('1000').helpGroup(running))
    .addOption(new Option('--engine <NAME>', 'local, or slurm: submit the runs as a job array').default('local').helpGroup(running))
    .addOption(new Option('--partition <NAME>', "Slurm's partition").helpGroup(slurm))
    .addOption(new Option('--time <TIME>', 'limit of one task, as sbatch takes it, such as 2:00:00').helpGroup(slurm))
    .addOption(new Option('--tasks <N>', 'tasks that run at once, at most').helpGroup(slurm))
    .addOption(new Option('--runs-per-task <N>', 'runs that a task computes one after another').default('10').helpGroup(slurm))
    .addOption(new Option('--sbatch-option <WORD>', 'a further word for sbatch, such as --sbatch-option=--account=x; repeatable').argParser(collectWords).helpGroup(slurm))
    .action((given: string, flags: RunFlags) => run(context, given, flags));
}

/** `isolab sweep`: grids of split-head runs on this machine or on Slurm. */
export function sweepCommand(context: CliContext): Command {
  const json = new Option('--json', 'print one line of JSON on stdout');
  const command = new Command('sweep').description('grids of split-head runs: the figures of the paper, or your own');
  command.addCommand(listCommand(context));
  command.addCommand(addSweepOptions(new Command('plan').description('runs, work, expected time on this machine, memory and disk, before anything starts'))
    .addOption(new Option('--jobs <N>', 'runs at once that the time is for, or auto for one per processor').default('auto'))
    .addOption(new Option('--print-spec', 'print the sweep as JSON and stop'))
    .addOption(json)
    .action((given: string, flags: SweepFlags & { printSpec?: boolean; jobs: string }) => plan(context, given, flags)));
  command.addCommand(runCommand(context));
  command.addCommand(addSweepOptions(new Command('status').description('how many runs are done, running, waiting, lost, failed')).addOption(json).action((given: string, flags: SweepFlags) => status(context, given, flags)));
  command.addCommand(addSweepOptions(new Command('collect').description('writes the recorded runs as one table, CSV and Parquet')).action((given: string, flags: SweepFlags) => collect(context, given, flags)));
  const task = new Command('task').description('what a Slurm task runs').argument('<manifest>').argument('<task>');
  command.addCommand(task.action((manifest: string, index: string) => executeTask(context, manifest, index)), { hidden: true });
  return command;
}
