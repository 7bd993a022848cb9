// isolab sweep on Slurm: a cluster of one machine, started for these tests where Slurm is installed.
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import process from 'node:process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { scratchFolder, startCli, type Outcome } from './cli-fixture.js';
import { SlurmCluster, whyNoSlurm } from './slurm-cluster.js';
import { SweepBench, TINY } from './sweep-fixture.js';

const PATIENCE = 3_600_000;
const reason = whyNoSlurm();
if (reason !== undefined) console.warn(`no Slurm here, its tests are skipped: ${reason}`);

let cluster: SlurmCluster;

async function run(words: string[], env: Record<string, string> = cluster.env): Promise<Outcome> {
  return (await startCli(words, { env })).ended;
}

const slurm = (bench: SweepBench, ...more: string[]) => run(bench.words('sweep run', '--engine', 'slurm', '--runs-per-task', '2', ...more));
const status = async (bench: SweepBench) => JSON.parse((await run(bench.words('sweep status', '--json'))).stdout) as Record<string, number>;

/** Tasks of some seconds each, so that one can be killed at its work. */
const LONGER = { ...TINY, base: { ...TINY.base, teacher_epochs: 400 } };

describe.skipIf(reason !== undefined)('a sweep on Slurm', { timeout: PATIENCE }, () => {
  beforeAll(async () => {
    cluster = await SlurmCluster.start();
  }, PATIENCE);
  afterAll(() => (cluster as SlurmCluster | undefined)?.stop());

  it('agrees with the local engine byte for byte, but for times', async () => {
    const [here, there] = [new SweepBench(), new SweepBench()];
    expect((await here.isolab('sweep run')).code).toBe(0);
    const submitted = await slurm(there, '--partition', 'work', '--time', '10', '--tasks', '2', '--sbatch-option=--nice=5');
    expect(submitted.code, submitted.stderr).toBe(0);
    expect(submitted.stdout).toMatch(/^submitted 8 runs in 4 tasks as job \d+; isolab sweep status tells where they are\n$/);
    await cluster.untilEmpty();
    expect(await status(there), slurmLogs(there)).toMatchObject({ runs: 8, done: 8, lost: 0, failed: 0 });
    expect((await slurm(there)).stdout).toBe('nothing to submit: every run is done\n');
    expect((await there.isolab('sweep collect')).code).toBe(0);
    expect(there.results()).toEqual(here.results());
  });

  it('a task that is killed is lost, and is submitted alone; the table is that of an undisturbed sweep', async () => {
    const [here, there] = [new SweepBench(LONGER), new SweepBench(LONGER)];
    expect((await here.isolab('sweep run')).code).toBe(0);
    const [job] = /job (\d+)/.exec((await slurm(there, '--checkpoint-every', '50')).stdout)!.slice(1);
    await cluster.until('a task at its first run', () => existsSync(join(there.out, 'runs')) && readdirSync(join(there.out, 'runs')).some((id) => readdirSync(join(there.out, 'runs', id)).includes('.checkpoint.safetensors')));
    const queued = await status(there);
    expect(queued.running! + queued.waiting!).toBeGreaterThan(0);
    expect((await slurm(there)).stdout).toMatch(/^nothing to submit: \d+ runs are in the queue\n$/);
    // The first task dies at its work, another before it has begun.
    cluster.ask('scancel', '--signal=KILL', '--full', `${job}_0`);
    cluster.ask('scancel', `${job}_3`);
    await cluster.untilEmpty();
    const after = await status(there);
    expect(after, slurmLogs(there)).toMatchObject({ runs: 8, running: 0, waiting: 0, failed: 0 });
    expect(after.lost).toBeGreaterThanOrEqual(2);
    expect(after.done! + after.lost!).toBe(8);
    const again = await slurm(there);
    expect(again.stdout).toMatch(new RegExp(`^submitted ${after.lost} runs in ${Math.ceil(after.lost! / 2)} tasks`));
    await cluster.untilEmpty();
    expect(await status(there), slurmLogs(there)).toMatchObject({ done: 8 });
    expect((await there.isolab('sweep collect')).code).toBe(0);
    expect(there.results()).toEqual(here.results());
  });

  it('what sbatch refuses is said in its words, and leaves no submission', async () => {
    const bench = new SweepBench();
    const { code, stdout, stderr } = await slurm(bench, '--partition', 'elsewhere');
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/^isolab: --engine slurm: expected sbatch to accept the job, got sbatch: error: invalid partition specified: elsewhere/);
    expect(await status(bench)).toMatchObject({ lost: 0, 'not started': 8 });
  });

  it('a failure in a task is told by status and tried again', async () => {
    const bench = new SweepBench();
    await bench.isolab('sweep run', '--seeds', '0');
    const [first] = readdirSync(join(bench.out, 'runs'));
    rmSync(join(bench.out, 'runs', first!, 'record.json'));
    writeFileSync(join(bench.out, 'runs', first!, '.checkpoint.safetensors'), 'no checkpoint at all');
    await slurm(bench);
    await cluster.untilEmpty();
    expect(await status(bench), slurmLogs(bench)).toMatchObject({ done: 7, failed: 1 });
    rmSync(join(bench.out, 'runs', first!, '.checkpoint.safetensors'));
    expect((await slurm(bench)).stdout).toMatch(/^submitted 1 runs in 1 tasks/);
    await cluster.untilEmpty();
    expect(await status(bench)).toMatchObject({ done: 8, failed: 0 });
  });
});

/** What tasks said, for a test that fails. */
function slurmLogs(bench: SweepBench): string {
  const folder = join(bench.out, 'tiny/slurm');
  if (!existsSync(folder)) return '';
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.log')).map((name) => `${name}: ${readFileSync(join(folder, name), 'utf8')}`).join('\n');
}

describe('without Slurm', { timeout: PATIENCE }, () => {
  it('sbatch that is not there: one sentence', async () => {
    const bench = new SweepBench();
    const { code, stdout, stderr } = await run(bench.words('sweep run', '--engine', 'slurm'), { PATH: '/nonexistent' });
    expect([code, stdout, stderr]).toEqual([2, '', 'isolab: --engine slurm: expected sbatch in the PATH, got none; use --engine local, or a machine with Slurm\'s commands\n']);
  });

  it('hands the script, the array and the words for sbatch over; several arrays for more than 1000 tasks', async () => {
    const bench = new SweepBench({ ...TINY, seeds: { rule: 'range', from: 0, to: 299 } }, "out with ' and %");
    const programs = join(scratchFolder(), 'bin');
    mkdirSync(programs);
    writeFileSync(join(programs, 'sbatch'), `#!/bin/sh\nfor word in "$@"; do echo "$word" >> ${programs}/words; done\necho 17\n`);
    writeFileSync(join(programs, 'squeue'), '#!/bin/sh\n');
    for (const name of ['sbatch', 'squeue']) chmodSync(join(programs, name), 0o755);
    const submitted = await run(bench.words('sweep run', '--engine', 'slurm', '--runs-per-task', '1', '--tasks', '4', '--time', '1:00:00', '--sbatch-option=--account=x'), { PATH: `${programs}${delimiter}${process.env.PATH}` });
    expect(submitted.stdout, submitted.stderr).toMatch(/^submitted 1200 runs in 1200 tasks as job 17, 17;/);
    const words = readFileSync(join(programs, 'words'), 'utf8').split('\n');
    expect(words.filter((word) => word.startsWith('--array'))).toEqual(['--array=0-999%4', '--array=0-199%4']);
    expect(words).toEqual(expect.arrayContaining(['--time=1:00:00', '--account=x', '--cpus-per-task=1']));
    expect(words.find((word) => word.startsWith('--output='))).toMatch(/out with ' and %%\/tiny\/slurm\/001\/task-0-%a\.log$/);
    expect(bench.read('tiny/slurm/001/job-1.sh')).toContain('"$((SLURM_ARRAY_TASK_ID + 1000))"');
    expect(JSON.parse(bench.read('tiny/slurm/001/manifest.json')).tasks).toHaveLength(1200);
  });
});
