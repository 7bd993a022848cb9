// What makes two runs the same run, and what happens when one is asked for twice.
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseCsv } from '../../src/outputs/index.js';
import { splitHeadFields, type SplitHeadConfig } from '../../src/experiments/splithead/index.js';
import { flagOf, textOf } from '../../src/experiments/configuration.js';
import { Bench } from './cli-fixture.js';

describe('the same configuration again', () => {
  it('says that it is recorded, adds no row, computes nothing and succeeds', async () => {
    const bench = new Bench();
    const first = await bench.summary('--perturb', 'student:fc1,std=0.1');
    const files = bench.list().map((name) => bench.read(name));
    const again = await bench.run('--perturb', 'student:fc1,std=0.1');
    expect(again.code).toBe(0);
    expect(again.stderr).toBe(`run ${first.run_id} is already recorded in ${bench.out}/seed_000042/runs.csv; --force runs it again\n`);
    expect(again.stdout).toContain(String(first.result_digest));
    expect(bench.list().map((name) => bench.read(name))).toEqual(files);
    const summary = await bench.summary('--perturb', 'student:fc1,std=0.1');
    expect(summary).toMatchObject({ run_id: first.run_id, result_digest: first.result_digest, already_recorded: true, profile: 'strict' });
    expect(summary.teacher_final_acc).toBeCloseTo(first.teacher_final_acc as number, 11);
  });

  it('with --force is computed again, gives the same digest and takes the place of its rows', async () => {
    const bench = new Bench();
    await bench.summary('--run-label', 'other');
    const first = await bench.summary('--append-global');
    const rows = (name: string) => parseCsv(bench.read(name)!);
    const counts = ['runs.csv', 'layer_metrics.csv'].map((name) => rows(name).length);
    const forced = await bench.summary('--force', '--append-global');
    expect(forced).toMatchObject({ run_id: first.run_id, result_digest: first.result_digest, already_recorded: false });
    expect(['runs.csv', 'layer_metrics.csv'].map((name) => rows(name).length)).toEqual(counts);
    expect(bench.read('configs.jsonl')!.trimEnd().split('\n').length).toBe(2);
    expect(bench.list()).toEqual(['configs.jsonl', 'layer_metrics.csv', 'runs.csv']);
    expect(rows('../runs_all_seeds.csv').length).toBe(2);
  });

  it('says so when a recorded digest is not the one that is computed', async () => {
    const bench = new Bench();
    const { result_digest } = await bench.summary();
    const path = join(bench.out, 'seed_000042/runs.csv');
    writeFileSync(path, bench.read('runs.csv')!.replace(String(result_digest), 'f'.repeat(64)));
    const forced = await bench.run('--force');
    expect(forced.stderr).toContain(`had another digest: ${'f'.repeat(64)}`);
    expect(bench.read('runs.csv')).toContain(String(result_digest));
  });
});

// A value other than the default for every field; and what else it takes for that value to be allowed.
const OTHER: Record<keyof SplitHeadConfig, string[]> = {
  outdir: [], data_dir: [], num_workers: ['4'], device: ['cpu'], append_global: [],
  seed: ['43'], sweep_name: ['other'], run_label: ['other'], dataset: [], emnist_split: [], class_count: ['3'], class_selection: [],
  teacher_type: ['cnn'], student_type: ['cnn'], teacher_hidden_dims: ['9'], student_hidden_dims: ['9'],
  teacher_arch_spec: ['[{"type":"linear","out_features":4}]'], student_arch_spec: ['[{"type":"linear","out_features":4}]'], m: ['3'],
  teacher_init: ['all:B'], student_init: ['all:B'], teacher_trainable: ['fc1:false'], student_trainable: ['fc1:false'],
  teacher_epochs: ['2'], student_epochs: ['2'], data_bsize: ['16'], noise_bsize: ['8'], noise_steps: ['2'], teacher_lr: ['0.01'], student_lr: ['0.01'],
  noise_dist: ['normal'], perlin_res: ['4'], normalize_noise: [], eval_noise_batches: ['2'], eval_noise_bsize: ['8'],
  perturb_specs: ['student:fc1,std=0.1'],
};
// Fields with one allowed value beside what the small dataset is, and folders: tried apart.
const APART = ['outdir', 'data_dir', 'dataset', 'emnist_split', 'class_selection', 'append_global', 'normalize_noise'];

describe('run_id', () => {
  it('stays under other folders, workers, devices and global files', async () => {
    const bench = new Bench();
    const { run_id, result_digest } = await bench.summary();
    const copy = join(bench.folder, 'copy of the data');
    cpSync(bench.data, copy, { recursive: true });
    for (const more of [['--data-dir', copy], ['--outdir', join(bench.folder, 'elsewhere')], ['--num-workers', '4'], ['--device', 'cpu'], ['--append-global'], ['--checkpoint-every', '1']]) {
      expect(await bench.summary('--force', ...more), more.join(' ')).toMatchObject({ run_id, result_digest });
    }
  });

  it('changes with every other flag', async () => {
    const bench = new Bench();
    const ids = new Map<string, string>([[String((await bench.summary()).run_id), 'nothing']]);
    const fields = (Object.keys(splitHeadFields) as (keyof SplitHeadConfig)[]).filter((name) => textOf(splitHeadFields[name]).cosmetic !== true && !APART.includes(name));
    expect(fields.length).toBe(Object.keys(splitHeadFields).length - APART.length - 2);
    for (const name of [...fields, 'normalize_noise' as const]) {
      const flag = name === 'perturb_specs' ? '--perturb' : flagOf(name);
      const { run_id } = await bench.summary(flag, ...OTHER[name], '--outdir', join(bench.folder, name));
      expect(ids.get(String(run_id)), `${flag} gave the id of ${ids.get(String(run_id))}`).toBeUndefined();
      ids.set(String(run_id), flag);
    }
  });

  it('changes with the data', async () => {
    const bench = new Bench();
    const { run_id } = await bench.summary();
    const path = join(bench.data, 'emnist-letters-test-images-idx3-ubyte');
    const bytes = readFileSync(path);
    bytes[5000]! ^= 1;
    writeFileSync(path, bytes);
    expect((await bench.summary()).run_id).not.toBe(run_id);
  });
});
