// isolab sweep on this machine: plan, run, status, collect; what a kill leaves; what is refused.
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parquetReadObjects } from 'hyparquet';
import { describe, expect, it } from 'vitest';
import { parseCsv } from '../../src/outputs/index.js';
import { isolab, startCli } from './cli-fixture.js';
import { after, before, describeMoments, halfway, killAt, type Moment } from './moments.js';
import { SweepBench, TINY } from './sweep-fixture.js';

const PATIENCE = 3_600_000;

let undisturbed: Promise<Record<string, string>> | undefined;

/** What the small sweep leaves when nothing disturbs it: computed once, with one job and a checkpoint after every step. */
function undisturbedResults(): Promise<Record<string, string>> {
  undisturbed ??= (async () => {
    const bench = new SweepBench();
    const { code, stderr } = await bench.isolab('sweep run', '--checkpoint-every', '1');
    expect(code, stderr).toBe(0);
    return bench.results();
  })();
  return undisturbed;
}

/** The table as objects. */
function table(bench: SweepBench): Record<string, string>[] {
  const [header = [], ...rows] = parseCsv(bench.read('tiny/table.csv'));
  return rows.map((row) => Object.fromEntries(header.map((name, at) => [name, row[at]!])));
}

describe('a sweep', { timeout: PATIENCE }, () => {
  it('is planned, computed, collected and not computed again', async () => {
    const bench = new SweepBench();
    const plan = JSON.parse((await bench.isolab('sweep plan', '--json')).stdout);
    expect(plan).toMatchObject({ sweep: 'tiny', runs: 8, different: 8, left: 8 });
    expect(plan.seconds).toBeGreaterThan(0);
    expect(existsSync(bench.out)).toBe(false);
    const run = await bench.isolab('sweep run');
    expect(run.code, run.stderr).toBe(0);
    expect(run.stderr).toMatch(/8 of 8 runs: random_class_head, m=10, seed 1: student 0\.\d{4}, \d+\.\d s\n$/);
    expect(run.stdout).toBe(['table.csv', 'table.parquet', 'times.csv'].map((name) => `${bench.out}/tiny/${name}\n`).join(''));
    const again = await bench.isolab('sweep run');
    expect(again.stderr).toBe(`8 of 8 runs are recorded already in ${bench.out}\n`);
    expect(JSON.parse((await bench.isolab('sweep status', '--json')).stdout)).toMatchObject({ runs: 8, done: 8, failed: 0, 'not started': 0 });
    expect(JSON.parse((await bench.isolab('sweep plan', '--json')).stdout)).toMatchObject({ left: 0, seconds: 0 });
  });

  it('gives the result of isolab splithead with the same flags, under the same id', async () => {
    const bench = new SweepBench();
    expect((await bench.isolab('sweep run', '--seeds', '1', '--conditions', 'random_class_head', '--only', 'm=10')).code).toBe(0);
    const [row] = table(bench);
    const { emnist_split, class_count, ...base } = TINY.base;
    const flags = Object.entries({ ...base, emnist_split, class_count, m: 10, seed: 1, student_init: 'A,random,A' }).flatMap(([name, value]) => [`--${name.replaceAll('_', '-')}`, String(value)]);
    const alone = JSON.parse((await isolab('splithead', ...flags, '--data-dir', bench.data, '--outdir', join(bench.folder, 'alone'), '--json')).stdout);
    expect(row).toMatchObject({ condition: 'random_class_head', m: '10', seed: '1', run_id: alone.run_id, result_digest: alone.result_digest });
    expect(Number(row!.student_final_acc)).toBe(alone.student_final_acc);
    const own = readFileSync(join(bench.folder, 'alone/seed_000001/layer_metrics.csv'), 'utf8');
    expect(bench.read(`runs/${row!.run_id}/layer_metrics.csv`)).toBe(own);
  });

  it('has one row a run in the sweep\'s order, the same in CSV and Parquet', async () => {
    const bench = new SweepBench();
    await bench.isolab('sweep run');
    const rows = table(bench);
    expect(rows.map(({ condition, m, seed }) => `${condition} ${m} ${seed}`)).toEqual(['same', 'random_class_head'].flatMap((name) => ['3', '10'].flatMap((m) => [0, 1].map((seed) => `${name} ${m} ${seed}`))));
    const bytes = readFileSync(join(bench.out, 'tiny/table.parquet'));
    const objects = await parquetReadObjects({ file: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer });
    expect(objects).toHaveLength(rows.length);
    for (const [index, object] of objects.entries()) {
      expect(Object.keys(object)).toEqual(Object.keys(rows[index]!));
      for (const [name, value] of Object.entries(object)) {
        const text = rows[index]![name]!;
        if (value === null) expect(text, name).toBe('');
        else if (typeof value === 'number') expect(Number(text), name).toBe(value);
        else expect(text, name).toBe(String(value));
      }
    }
    expect(typeof objects[0]!.student_final_acc).toBe('number');
    expect(typeof objects[0]!.seed).toBe('bigint');
    expect(Object.keys(rows[0]!)).not.toContain('runtime_seconds');
  });

  it('goes on with more seeds and conditions, and computes shared runs once', async () => {
    const bench = new SweepBench();
    await bench.isolab('sweep run', '--seeds', '0', '--conditions', 'same');
    const other = { ...TINY, name: 'other', conditions: [{ name: 'again', values: { student_init: null } }] };
    writeFileSync(bench.spec, JSON.stringify(other));
    const { stderr } = await bench.isolab('sweep run');
    expect(stderr).toMatch(/^2 of 4 runs are recorded already/);
    expect(readdirSync(join(bench.out, 'runs'))).toHaveLength(4);
  });

  it('with two jobs writes the same files as with one', async () => {
    const bench = new SweepBench();
    const side = await (await startCli(bench.words('sweep run', '--jobs', '2'))).ended;
    expect(side.code, side.stderr).toBe(0);
    expect(bench.results()).toEqual(await undisturbedResults());
  });
});

const CHECKPOINT = '.checkpoint.safetensors';
const DEATHS: Moment[] = [
  before('kernel', 'adam', 5), halfway('writeFile', CHECKPOINT, 2), after('rename', CHECKPOINT, 7), halfway('writeFile', 'layer_metrics.csv', 2),
  before('rename', 'record.json', 3), after('rename', 'record.json', 4), halfway('writeFile', 'table.csv'), before('rename', 'table.parquet'),
];

describe('a kill', { timeout: PATIENCE }, () => {
  it.each(DEATHS.map((moment) => [describeMoments([moment]), moment] as const))('%s: run again, the collected files are those of an undisturbed sweep, byte for byte', async (_what, moment) => {
    const killed = new SweepBench();
    await killAt(killed.words('sweep run', '--jobs', '1', '--checkpoint-every', '1'), moment);
    const { code, stderr } = await killed.isolab('sweep run', '--checkpoint-every', '1');
    expect(code, stderr).toBe(0);
    expect(killed.results()).toEqual(await undisturbedResults());
  });
});

describe('a run that fails', { timeout: PATIENCE }, () => {
  it('does not stop the others, is named at the end, and is tried again', async () => {
    const bench = new SweepBench();
    await bench.isolab('sweep run', '--seeds', '0');
    const [first] = readdirSync(join(bench.out, 'runs'));
    rmSync(join(bench.out, 'runs', first!, 'record.json'));
    writeFileSync(join(bench.out, 'runs', first!, CHECKPOINT), 'no checkpoint at all');
    const failed = await bench.isolab('sweep run');
    expect(failed.code).toBe(1);
    expect(failed.stderr).toMatch(/\nfailed: \w+, m=\d+, seed 0: .*checkpoint\.safetensors: expected .*remove the file to start afresh\nisolab: sweep: expected every run to end, got 1 failed of 5; .*\n$/);
    expect(readdirSync(join(bench.out, 'runs'))).toHaveLength(8);
    const status = await bench.isolab('sweep status');
    expect(status.stdout).toMatch(/^tiny: 8 different runs: 7 done, .* 1 failed, 0 not started\nfailed: .*expected/);
    rmSync(join(bench.out, 'runs', first!, CHECKPOINT));
    expect((await bench.isolab('sweep run')).code).toBe(0);
    expect(existsSync(join(bench.out, 'runs', first!, 'failure.json'))).toBe(false);
  });
});

describe('what is refused', { timeout: PATIENCE }, () => {
  const REFUSED: [what: string, spec: unknown, more: string[], message: RegExp][] = [
    ['an unknown flag', { ...TINY, base: { ...TINY.base, teacher_epoch: 1 } }, [], /^isolab: sweep tiny: same, m=3, seed 0: values: expected names among .*; got "teacher_epoch"\n$/],
    ['an empty grid', { ...TINY, axes: [{ name: 'm', values: [] }] }, [], /tiny\.json axis m: expected at least one value, got none\n$/],
    ['a value that splithead refuses', { ...TINY, axes: [{ name: 'm', values: [3, -1] }] }, [], /^isolab: sweep tiny: same, m=-1, seed 0: --m: expected a whole number of at least 1, got -1\n$/],
    ['a run that no core holds', { ...TINY, base: { ...TINY.base, teacher_hidden_dims: [20000, 20000] } }, [], /^isolab: same, m=3, seed 0: expected a run of at most 4\.3 GB in the core, got one of about \d+\.\d GB/],
    ['more jobs than memory', { ...TINY, base: { ...TINY.base, teacher_hidden_dims: [4096, 4096] }, seeds: { rule: 'range', from: 0, to: 999 } }, ['--jobs', '4000'], /^isolab: --jobs 4000: expected runs that fit in .* of memory, got 4000 of about .* each; --jobs \d+ fits\n$/],
    ['an unknown engine', TINY, ['--engine', 'cloud'], /^isolab: --engine: expected local or slurm, got "cloud"\n$/],
    ['a dataset that is not there', { ...TINY, base: { ...TINY.base, emnist_split: 'balanced' } }, [], /^isolab: emnist balanced: expected emnist-balanced-train-images/],
  ];
  it.each(REFUSED)('%s', async (_what, spec, more, message) => {
    const bench = new SweepBench(spec);
    const { code, stdout, stderr } = await bench.isolab('sweep run', ...more);
    expect(stderr).toMatch(message);
    expect([code === 0, stdout, existsSync(bench.out)]).toEqual([false, '', false]);
  });

  it('a sweep of no name, a file that is none', async () => {
    expect((await isolab('sweep', 'run', 'figure7')).stderr).toBe('isolab: sweep: expected figure2, figure3, figure4, figure5, figure6 or the path of a .json file, got "figure7"\n');
    expect((await isolab('sweep', 'plan', '/nonexistent/spec.json')).stderr).toMatch(/^isolab: sweep: expected a file that can be read, got "\/nonexistent\/spec\.json"/);
    expect((await isolab('sweep')).code).toBe(2);
  });

  it('a record of another build among the runs, a record that is cut off, nothing to collect', async () => {
    const bench = new SweepBench();
    expect((await bench.isolab('sweep collect')).stderr).toMatch(/expected recorded runs of tiny in .*, got none; isolab sweep run computes them/);
    await bench.isolab('sweep run');
    const [first] = readdirSync(join(bench.out, 'runs'));
    const path = join(bench.out, 'runs', first!, 'record.json');
    const whole = readFileSync(path, 'utf8');
    const record = JSON.parse(whole);
    const before = bench.read('tiny/table.csv');
    for (const [text, message] of [
      [JSON.stringify({ ...record, wasm_sha256: 'f'.repeat(64) }), `expected a record of build ${record.wasm_sha256}, got ffff`],
      [JSON.stringify({ ...record, version: 'isolab-sweep-run-0' }), 'expected a record of version isolab-sweep-run-1, got isolab-sweep-run-0'],
      [JSON.stringify({ ...record, row: { ...record.row, another: 1 } }), 'it is of another version'],
      [whole.slice(0, 500), 'expected the JSON that isolab wrote'],
    ] as const) {
      writeFileSync(path, text);
      const { code, stderr } = await bench.isolab('sweep collect');
      expect([code, stderr]).toEqual([2, expect.stringContaining(message)]);
      expect(bench.read('tiny/table.csv')).toBe(before);
    }
  });
});
