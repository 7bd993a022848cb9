// Killed runs: what is on disk afterwards, and where running again leads.
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseCsv } from '../../src/outputs/index.js';
import { Bench, startCli } from './cli-fixture.js';
import { after, before, describeMoments, halfway, killAt, type Moment } from './moments.js';

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
    return rows.map((row) => Object.fromEntries(columns.map((column, at) => [column, row[at]]).filter(([column]) => !['timestamp', 'runtime_seconds', 'outdir', 'data_dir', 'isolab_threads'].includes(column!))));
  };
  return { runs: table('runs.csv'), layers: table('layer_metrics.csv'), perturbations: table('perturbations.csv'), names: bench.list(seed) };
}

/** Milliseconds: no speed of a machine is too low, so only a run that hangs gets there. */
const PATIENCE = 3_600_000;

/** Where a try dies, and the step whose checkpoint it leaves (0: none). */
type Death = [leaves: number, ...moments: Moment[]];

const stored = (count: number) => after('rename', 'checkpoint_', count);

/** Kills and resumes until a run is left to get to its end. @returns the step that each try went on from */
async function runKilled(flags: readonly string[], deaths: readonly Death[]): Promise<number[]> {
  const said: string[] = [];
  for (const [, ...moments] of deaths) said.push(await killAt([...flags, '--resume'], ...moments));
  const { code, stderr } = await (await startCli([...flags, '--resume'])).ended;
  expect(code, stderr).toBe(0);
  return [...said, stderr].map((text) => Number(/resumed after step (\d+)/.exec(text)?.[1] ?? 0));
}

/** Of 90 teacher's and 100 student's steps, with a checkpoint after each. */
const MLP_DEATHS: Death[] = [
  [0, before('kernel', 'argmax')],
  [0, halfway('writeFile', 'checkpoint_')],
  [1, stored(1), before('kernel', 'gradient', 2)],
  [30, before('rename', 'checkpoint_', 30)],
  [90, stored(60), before('kernel', 'argmax')],
  [109, halfway('writeFile', 'checkpoint_', 20)],
  [110, stored(1), before('kernel', 'adam', 2)],
  [190, before('rename', '/runs.csv')],
  // By then the run is recorded, and nothing is left to go on from.
  [0, before('rm', '/checkpoint_')],
];
const CNN_DEATHS: Death[] = [
  [0, after('open', 'checkpoint_')],
  [1, stored(1)],
  [45, stored(44), before('kernel', 'adam', 2)],
  [89, after('writeFile', 'checkpoint_', 45)],
  [100, stored(11), before('kernel', 'loss')],
  [150, before('open', 'checkpoint_', 51)],
  [190, after('rename', '/.pending-')],
  [190, halfway('writeFile', 'runs.csv')],
];

/** While the second run of a folder adds its rows to the first's, and starts the files of all seeds. */
const ROW_DEATHS: Moment[] = [
  after('open', '/..pending-'),
  after('rename', '/.pending-'),
  halfway('writeFile', 'layer_metrics_all_seeds.csv'),
  halfway('appendFile', 'configs.jsonl'),
  halfway('appendFile', '/layer_metrics.csv'),
  after('appendFile', '/runs.csv'),
  before('rename', '/runs_all_seeds.csv'),
  before('rm', '/.pending-'),
];

describe('a run killed at any moment and resumed', { timeout: PATIENCE }, () => {
  const cases: [what: string, seed: string, flags: string[], deaths: Death[]][] = [
    ['an MLP with perturbations', 'seed_000042', PERTURBED, MLP_DEATHS],
    ['an awkward CNN', 'seed_100000000000', [...AWKWARD, ...PERTURBED], CNN_DEATHS],
  ];

  it.each(cases)('ends as one that was left alone: %s', async (_, seed, flags, deaths) => {
    const alone = new Bench();
    const expected = await alone.summary(...LONG, ...flags);
    const bench = new Bench();
    const resumed = await runKilled(bench.flags(...LONG, ...flags, '--checkpoint-every', '1'), deaths);
    expect(resumed).toEqual([0, ...deaths.map(([leaves]) => leaves)]);
    const { runs, ...rest } = results(bench, seed);
    expect(runs).toHaveLength(1);
    expect(runs[0]!.isolab_result_digest).toBe(expected.result_digest);
    expect({ runs, ...rest }).toEqual(results(alone, seed));
    expect(rest.names).toEqual(['configs.jsonl', 'layer_metrics.csv', 'perturbations.csv', 'runs.csv']);
  });

  it('while it writes its rows, is made whole by the next call', async () => {
    const sorted = (from: Bench) => Object.fromEntries(Object.entries(results(from, 'seed_000042')).map(([name, rows]) => [name, rows.map((row) => JSON.stringify(row)).sort()]));
    const alone = new Bench();
    await alone.summary('--run-label', 'first');
    await alone.summary('--append-global');
    for (const moment of ROW_DEATHS) {
      const where = describeMoments([moment]);
      const bench = new Bench();
      await bench.summary('--run-label', 'first');
      await killAt(bench.flags('--append-global'), moment);
      const { code, stderr } = await bench.run('--append-global');
      expect(code, `${where}: ${stderr}`).toBe(0);
      expect(sorted(bench), where).toEqual(sorted(alone));
      expect(bench.list(''), where).toEqual(['layer_metrics_all_seeds.csv', 'runs_all_seeds.csv', 'seed_000042']);
      expect(parseCsv(readFileSync(join(bench.out, 'runs_all_seeds.csv'), 'utf8')), where).toHaveLength(2);
    }
  });
});

describe('what a kill left', { timeout: PATIENCE }, () => {
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

  /** The checkpoint, in the folder, of a run that was killed in its student's phase. */
  async function killedInStudent(bench: Bench): Promise<string> {
    const said = await killAt(bench.flags(...LONG, '--checkpoint-every', '50'), stored(2), before('kernel', 'gradient'));
    expect(said).toContain('student initial');
    const [name, ...others] = bench.list();
    expect([name, others]).toEqual([expect.stringMatching(/^checkpoint_/), []]);
    return join(bench.out, 'seed_000042', name!);
  }

  const resume = (bench: Bench, ...more: string[]) => bench.run(...LONG, '--resume', ...more);

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
