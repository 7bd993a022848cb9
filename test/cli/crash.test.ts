// Killed runs: what is on disk afterwards, and where running again leads.
import { appendFileSync, existsSync, readFileSync, watch, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseCsv } from '../../src/outputs/index.js';
import { Bench, startCli } from './cli-fixture.js';

const LONG = ['--teacher-epochs', '30', '--student-epochs', '2', '--noise-steps', '50'];
const PERTURBED = [
  '--perturb', 'student:all,std=0.1', '--perturb', 'teacher:fc1,std=0.05,timing=before_teacher_training', '--perturb', 'teacher:all,std=0.01,timing=after_teacher_training',
  '--perturb', 'student:fc1,std=0.1,timing=after_student_training', '--perturb', 'student:aux_head,std=0,timing=before_teacher_training',
];
// A layer without bias gives NaN metrics; this seed's derived seeds lie beyond 2^53.
const AWKWARD = [
  '--student-type', 'cnn', '--student-arch-spec', '[{"name":"fc1","type":"conv2d","out_channels":2,"kernel_size":5,"stride":4,"bias":false,"pool":{"type":"avg","kernel_size":2}}]',
  '--noise-dist', 'normal', '--seed', '100000000000', '--eval-noise-batches', '0',
];

/** Every output of a run by column, without what tells one time or place from another. */
function results(bench: Bench, seed: string) {
  const table = (name: string) => {
    const [columns = [], ...rows] = parseCsv(bench.read(name, seed) ?? '');
    return rows.map((row) => Object.fromEntries(columns.map((column, at) => [column, row[at]]).filter(([column]) => !['timestamp', 'runtime_seconds', 'outdir', 'data_dir'].includes(column!))));
  };
  return { runs: table('runs.csv'), layers: table('layer_metrics.csv'), perturbations: table('perturbations.csv'), names: bench.list(seed) };
}

/** Kills and resumes until a run gets to its end. `moments`: milliseconds from a try's first word to its death. */
async function runKilled(flags: readonly string[], moments: readonly number[]): Promise<{ kills: number; resumed: number; stderr: string }> {
  let kills = 0;
  let resumed = 0;
  for (const moment of [...moments, undefined]) {
    const child = await startCli([...flags, '--resume', '--json']);
    let timer: NodeJS.Timeout | undefined;
    if (moment !== undefined) child.process.stderr!.once('data', () => (timer = setTimeout(() => child.process.kill('SIGKILL'), moment)));
    const { code, signal, stderr } = await child.ended;
    clearTimeout(timer);
    if (/resumed after step \d+/.test(stderr)) resumed++;
    if (signal === 'SIGKILL') kills++;
    else if (code !== 0) throw new Error(stderr);
    else return { kills, resumed, stderr };
  }
  throw new Error('unreachable: the last try is not killed');
}

describe('a run killed at any moment and resumed', () => {
  const cases: [what: string, seed: string, flags: string[], moments: number[]][] = [
    ['an MLP with perturbations', 'seed_000042', PERTURBED, [0, 40, 15, 90, 60, 30, 120]],
    ['an awkward CNN', 'seed_100000000000', [...AWKWARD, ...PERTURBED], [5, 60, 25, 100, 0, 140, 45]],
  ];

  it.each(cases)('ends as one that was left alone: %s', async (_, seed, flags, moments) => {
    const alone = new Bench();
    const expected = await alone.summary(...LONG, ...flags);
    const bench = new Bench();
    const { kills, resumed } = await runKilled(bench.flags(...LONG, ...flags, '--checkpoint-every', '1'), moments);
    expect(kills).toBeGreaterThan(2);
    expect(resumed).toBeGreaterThan(2);
    const { runs, ...rest } = results(bench, seed);
    expect(runs).toHaveLength(1);
    expect(runs[0]!.isolab_result_digest).toBe(expected.result_digest);
    expect({ runs, ...rest }).toEqual(results(alone, seed));
    expect(rest.names).toEqual(['configs.jsonl', 'layer_metrics.csv', 'perturbations.csv', 'runs.csv']);
  });

  it('while it writes its rows, is made whole by the next call', async () => {
    const alone = new Bench();
    await alone.summary('--run-label', 'first');
    await alone.summary('--append-global');
    let caught = 0;
    for (let attempt = 0; attempt < 6; attempt++) {
      const bench = new Bench();
      await bench.summary('--run-label', 'first');
      const child = await startCli(bench.flags('--append-global'));
      const watcher = watch(join(bench.out, 'seed_000042'), (_, name) => {
        if (name?.includes('.pending')) child.process.kill('SIGKILL');
      });
      const { signal } = await child.ended;
      watcher.close();
      if (signal === 'SIGKILL') caught++;
      const { code, stderr } = await bench.run('--append-global');
      expect(code, stderr).toBe(0);
      const sorted = (from: Bench) => Object.fromEntries(Object.entries(results(from, 'seed_000042')).map(([name, rows]) => [name, rows.map((row) => JSON.stringify(row)).sort()]));
      expect(sorted(bench)).toEqual(sorted(alone));
      expect(bench.list('')).toEqual(['layer_metrics_all_seeds.csv', 'runs_all_seeds.csv', 'seed_000042']);
      expect(parseCsv(readFileSync(join(bench.out, 'runs_all_seeds.csv'), 'utf8'))).toHaveLength(2);
    }
    expect(caught).toBeGreaterThan(0);
  });
});

describe('what a kill left', () => {
  it('half-written rows and a mark: running again gives clean files', async () => {
    const bench = new Bench();
    const { run_id, result_digest } = await bench.summary();
    const clean = ['runs.csv', 'layer_metrics.csv'].map((name) => parseCsv(bench.read(name)!).length);
    const folder = join(bench.out, 'seed_000042');
    writeFileSync(join(folder, `.pending-${run_id}`), '');
    writeFileSync(join(folder, 'runs.csv'), bench.read('runs.csv')!.slice(0, -20));
    appendFileSync(join(folder, 'layer_metrics.csv'), `subliminal_unified_v1,${run_id},42,"def`);
    appendFileSync(join(folder, 'configs.jsonl'), `{"run_id": "${run_id}`);
    expect(await bench.summary()).toMatchObject({ run_id, result_digest, already_recorded: false });
    expect(['runs.csv', 'layer_metrics.csv'].map((name) => parseCsv(bench.read(name)!).length)).toEqual(clean);
    expect(bench.read('configs.jsonl')!.trimEnd().split('\n')).toHaveLength(1);
    expect(bench.list()).toEqual(['configs.jsonl', 'layer_metrics.csv', 'runs.csv']);
  });

  /** A folder with the checkpoint of a run that was killed in its student's phase. */
  async function killedInStudent(bench: Bench): Promise<string> {
    const child = await startCli(bench.flags(...LONG, '--noise-steps', '100000', '--checkpoint-every', '50'));
    let said = '';
    child.process.stderr!.on('data', (bytes) => {
      said += bytes;
    });
    const find = () => bench.list().find((name) => name.startsWith('checkpoint_'));
    while (find() === undefined || !said.includes('student initial')) {
      if (child.process.exitCode !== null) throw new Error(`the run ended before it could be killed: ${said}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    child.process.kill('SIGKILL');
    await child.ended;
    return join(bench.out, 'seed_000042', find()!);
  }

  const resume = (bench: Bench, ...more: string[]) => bench.run(...LONG, '--noise-steps', '100000', '--resume', ...more);

  it('a damaged checkpoint: one clear error, whatever is damaged; nothing is written', async () => {
    const bench = new Bench();
    const path = await killedInStudent(bench);
    const whole = readFileSync(path);
    const flip = (at: number) => {
      const bytes = Buffer.from(whole);
      bytes[at]! ^= 1;
      return bytes;
    };
    const header = 8 + Number(whole.readBigUInt64LE(0));
    const damaged = [
      Buffer.alloc(0), whole.subarray(0, 5), whole.subarray(0, 100), whole.subarray(0, header), whole.subarray(0, -1), Buffer.alloc(whole.length), Buffer.alloc(whole.length, 255),
      flip(2), flip(20), flip(whole.indexOf('"position') + 12), flip(header + 1), flip(whole.length - 3), Buffer.from('not a checkpoint at all, but a text'),
      ...Array.from({ length: 30 }, (_, index) => flip(Math.floor(((index + 0.5) * whole.length) / 30))),
    ];
    for (const [index, bytes] of damaged.entries()) {
      writeFileSync(path, bytes);
      const { code, stdout, stderr } = await resume(bench);
      expect([code, stdout], `damage ${index}: ${stderr}`).toEqual([1, '']);
      expect(stderr.split('\n')).toHaveLength(2);
      expect(stderr).toMatch(/^isolab: .*checkpoint_[0-9a-f]{12}\.safetensors: expected .*, got .*; remove the file to start afresh\n$/s);
    }
    expect(bench.list()).toHaveLength(1);
  });

  it("another configuration's checkpoint: not used", async () => {
    const bench = new Bench();
    const path = await killedInStudent(bench);
    const other = await bench.run('--resume');
    expect(other.code).toBe(0);
    expect(other.stderr).toMatch(/^--resume: no checkpoint of run [0-9a-f]{12} in .*; starting from the beginning\n/);
    expect(other.stderr).not.toContain('resumed after step');
    expect(existsSync(path)).toBe(true);
    // Under the other run's name it is refused.
    const { run_id } = await bench.summary('--seed', '42', '--force');
    writeFileSync(join(bench.out, `seed_000042/checkpoint_${run_id}.safetensors`), readFileSync(path));
    const refused = await bench.run('--resume', '--force');
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(new RegExp(`expected a version 2 checkpoint of run ${run_id}, got version 2 of run [0-9a-f]{12}`));
  });

  it('a checkpoint: ignored without --resume, and replaced', async () => {
    const bench = new Bench();
    const { run_id, result_digest } = await bench.summary('--outdir', join(bench.folder, 'elsewhere'));
    await bench.summary('--run-label', 'makes the folder');
    writeFileSync(join(bench.out, `seed_000042/checkpoint_${run_id}.safetensors`), 'nonsense');
    expect(await bench.summary()).toMatchObject({ result_digest });
    expect(bench.list()).toEqual(['configs.jsonl', 'layer_metrics.csv', 'runs.csv']);
  });
});
