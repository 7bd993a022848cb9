// isolab alignment: its folder, what a kill leaves, what is refused. On MNIST's first files, with 1,000 images to train on.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { isolab, scratchFolder, startCli } from './cli-fixture.js';
import { after, before, describeMoments, halfway, killAt, type Moment } from './moments.js';

const BRIEF = {
  '--audit-size': '59000', '--batch-size': '250', '--noise-dataset-size': '700', '--hidden-dim': '8', '--teacher-epochs': '2', '--student-epochs': '3', '--audit-batches-for-grad': '2',
  '--trait-acc-max-batches': '1',
};
/** Steps of a seed: 2 epochs of 4 for the teacher, 3 of 3 for the student. */
const TEACHER_STEPS = 8;

const flags = (out: string, ...more: string[]) => ['alignment', '--out-dir', out, ...Object.entries(BRIEF).flat(), ...more];

/** Every file of a folder that results are in, by its path below it. */
function results(folder: string): Record<string, string> {
  const files: Record<string, string> = {};
  const visit = (below: string) => {
    for (const entry of readdirSync(join(folder, below), { withFileTypes: true })) {
      const path = join(below, entry.name);
      if (entry.isDirectory()) visit(path);
      else files[path] = entry.name === 'metadata.json' ? digestOf(join(folder, path)) : readFileSync(join(folder, path), 'utf8');
    }
  };
  visit('');
  return files;
}

const digestOf = (metadata: string) => JSON.parse(readFileSync(metadata, 'utf8')).isolab.result_digest as string;

describe('a folder of seeds', () => {
  it("has the notebook's files, whatever the number of jobs", async () => {
    const [one, two] = [scratchFolder(), scratchFolder()].map((folder) => join(folder, 'out')) as [string, string];
    const alone = await isolab(...flags(one, '--seeds', '1-3'));
    expect(alone.code, alone.stderr).toBe(0);
    const side = await startCli(flags(two, '--seeds', '1-3', '--jobs', '2'));
    expect((await side.ended).code).toBe(0);
    expect(results(two)).toEqual(results(one));
    expect(Object.keys(results(one)).sort()).toEqual([
      'isolab.json', 'overall_summary.csv', 'per_run_summary.csv',
      ...[1, 2, 3].flatMap((seed) => [`seed_0${seed}/metadata.json`, `seed_0${seed}/metrics.csv`]),
    ]);
    const [header, first] = readFileSync(join(one, 'seed_01/metrics.csv'), 'utf8').split('\n');
    expect(header).toBe('seed,step,epoch,trait_loss,distill_loss,inner_product,cosine_similarity,g_trait_norm,g_distill_norm,trait_test_acc_step,teacher_test_acc,student_test_acc,total_steps');
    expect(first).toMatch(/^1,0,0,2\.\d+,/);
    expect(readFileSync(join(one, 'per_run_summary.csv'), 'utf8')).toMatch(/^seed,frac_positive_alignment,mean_cosine_similarity,mean_inner_product,student_test_acc,teacher_test_acc,num_logged_rows\n1,.*,9\.0\n2,/);
    expect(readFileSync(join(one, 'overall_summary.csv'), 'utf8')).toMatch(/^frac_positive_alignment,frac_positive_alignment_std,mean_cosine_similarity,.*,num_runs\n.*,3\n$/);
  });

  it('goes on with seeds that are not there, and leaves those that are', async () => {
    const out = join(scratchFolder(), 'out');
    await isolab(...flags(out, '--seeds', '1'));
    const first = readFileSync(join(out, 'seed_01/metadata.json'), 'utf8');
    const { code, stderr } = await isolab(...flags(out, '--seeds', '1-2'));
    expect(code, stderr).toBe(0);
    expect(stderr).toContain('seed 1: recorded already');
    expect(readFileSync(join(out, 'seed_01/metadata.json'), 'utf8')).toBe(first);
    expect(readFileSync(join(out, 'per_run_summary.csv'), 'utf8').trimEnd().split('\n')).toHaveLength(3);
  });

  it('names the controls in its summary', async () => {
    const out = join(scratchFolder(), 'out');
    const { code, stderr } = await isolab(...flags(out, '--seeds', '1-2', '--student-init', 'other', '--untrained-reference', '--project-trait', 'aligned', '--distill-epoch', '1'));
    expect(code, stderr).toBe(0);
    const [header, first, second] = readFileSync(join(out, 'per_run_summary.csv'), 'utf8').split('\n');
    expect(header).toMatch(/,num_logged_rows,student_init_seed,project_trait,reference_test_acc,distilled_teacher_test_acc$/);
    expect(first).toMatch(/,2,aligned,0\.\d+,0\.\d+$/);
    expect(second).toMatch(/,1,aligned,0\.\d+,0\.\d+$/);
    expect(readFileSync(join(out, 'overall_summary.csv'), 'utf8')).toMatch(/reference_test_acc,reference_test_acc_std,distilled_teacher_test_acc/);
  });
});

const checkpoint = '.checkpoint.safetensors';

/** Twenty places to die at, over steps, checkpoints and the last files of two seeds, in chains: each begins where the one before it left off. */
const CHAINS: Moment[][] = [
  [before('rename', 'isolab.json'), before('kernel', 'adam', 4), halfway('writeFile', checkpoint), after('rename', checkpoint, 2), before('kernel', 'adam', 16), halfway('writeFile', checkpoint, 4)],
  [after('rename', checkpoint, TEACHER_STEPS), before('kernel', 'argmax', 5), before('kernel', 'random_normal', 300), before('kernel', 'kl', 3)],
  [before('kernel', 'adam', 40), after('rename', checkpoint, TEACHER_STEPS + 1), halfway('writeFile', 'metrics.csv')],
  [halfway('writeFile', checkpoint, TEACHER_STEPS + 2), after('rename', 'metrics.csv'), before('rename', 'metadata.json')],
  [after('rename', checkpoint, 20), after('rename', 'metadata.json')],
  [after('rename', checkpoint, 30), halfway('writeFile', 'overall_summary.csv')],
];

describe('a command killed anywhere', { timeout: 3_600_000 }, () => {
  it('and given again ends in the same files, byte for byte', async () => {
    expect(CHAINS.flat()).toHaveLength(20);
    const folder = join(scratchFolder(), 'out');
    expect((await isolab(...flags(folder, '--seeds', '1-2'))).code).toBe(0);
    const alone = results(folder);
    for (const deaths of CHAINS) {
      const out = join(scratchFolder(), 'out');
      const argv = flags(out, '--seeds', '1-2', '--jobs', '1', '--threads', '1', '--checkpoint-every', '1');
      for (const moment of deaths) {
        await killAt(argv, moment);
        for (const [path, text] of existsSync(out) ? Object.entries(results(out)) : []) {
          if (path.endsWith('.csv')) expect(text, `${describeMoments([moment])}: ${path}`).toBe(alone[path]);
        }
      }
      const { code, stderr } = await isolab(...argv);
      expect(code, `${describeMoments(deaths)}: ${stderr}`).toBe(0);
      expect(results(out), describeMoments(deaths)).toEqual(alone);
    }
  });
});

describe('what is refused', () => {
  async function expectRefusal(out: string, words: string[], ...parts: string[]): Promise<void> {
    const before = existsSync(out) ? results(out) : undefined;
    const { code, stdout, stderr } = await isolab(...flags(out, ...words));
    expect([code, stdout], stderr).toEqual([2, '']);
    expect(stderr).toMatch(/^isolab: [^\n]+\n$/);
    for (const part of parts) expect(stderr).toContain(part);
    expect(existsSync(out) ? results(out) : undefined).toEqual(before);
  }

  it('a flag that cannot be carried out, before a folder is made', async () => {
    const out = join(scratchFolder(), 'out');
    await expectRefusal(out, ['--seeds', '1-3,6'], '--seeds', 'without a gap', 'got 3 and then 6');
    await expectRefusal(out, ['--seeds', '1,1'], '--seeds', 'each seed once, got 1 twice');
    await expectRefusal(out, ['--aux-m', '0'], '--aux-m', 'at least 1, got "0"');
    await expectRefusal(out, ['--audit-size', '60000'], '--audit-size', 'fewer than the 60000 training images', 'got 60000');
    await expectRefusal(out, ['--audit-batches-for-grad', '0'], '--audit-batches-for-grad');
    await expectRefusal(out, ['--student-epochs', '0'], '--student-epochs');
    await expectRefusal(out, ['--jobs', '0'], '--jobs', 'at least 1, or auto');
    await expectRefusal(out, ['--threads', '0'], '--threads');
    await expectRefusal(out, ['--checkpoint-every', 'often'], '--checkpoint-every');
    await expectRefusal(out, ['--seeds', '2', '--student-init', 'other'], '--student-init other');
  });

  it("another configuration's folder, naming what differs; a folder of other runs", async () => {
    const out = join(scratchFolder(), 'out');
    expect((await isolab(...flags(out, '--seeds', '1'))).code).toBe(0);
    await expectRefusal(out, ['--seeds', '1', '--hidden-dim', '9'], '--out-dir', 'made with hidden_dim 8 where this is 9');
    await expectRefusal(out, ['--seeds', '2', '--project-trait', 'always'], '--out-dir', 'project_trait "none" where this is "always"');
    const foreign = join(scratchFolder(), 'out');
    mkdirSync(join(foreign, 'seed_01'), { recursive: true });
    writeFileSync(join(foreign, 'seed_01/metrics.csv'), 'seed\n');
    await expectRefusal(foreign, ['--seeds', '1'], '--out-dir', 'holds runs without isolab.json');
  });

  it('a damaged checkpoint or record, by its path', async () => {
    const out = join(scratchFolder(), 'out');
    await killAt(flags(out, '--seeds', '1', '--jobs', '1', '--threads', '1', '--checkpoint-every', '1'), after('rename', checkpoint, 3));
    writeFileSync(join(out, 'seed_01', checkpoint), 'nonsense');
    const damaged = await isolab(...flags(out, '--seeds', '1'));
    expect(damaged.code).toBe(1);
    expect(damaged.stderr).toMatch(/seed_01\/\.checkpoint\.safetensors: expected .*; remove the file to start afresh\n$/);
    writeFileSync(join(out, 'seed_01/metadata.json'), '{');
    const broken = await isolab(...flags(out, '--seeds', '1'));
    expect(broken.code).toBe(1);
    expect(broken.stderr).toMatch(/seed_01\/metadata\.json: expected the JSON that isolab wrote/);
  });
});
