// isolab byzantine: a run's folder, a grid, what a kill leaves, what is refused. On a small LIBSVM file.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { isolab, scratchFolder, startCli } from './cli-fixture.js';
import { after, before, describeMoments, halfway, killAt, type Moment } from './moments.js';

/** 200 samples of two classes and six features, one of which tells the class. */
function smallRows(folder: string): string {
  let state = 7;
  const noise = () => (state = (state * 1103515245 + 12345) % 2147483648) / 2147483648 - 0.5;
  const lines = Array.from({ length: 200 }, (_, row) => {
    const label = row % 2 === 0 ? '+1' : '-1';
    const values = [row % 2 === 0 ? 1 : -1, 0, 0, 0, 0, 0].map((value, column) => `${column + 1}:${(value + noise()).toFixed(4)}`);
    return `${label} ${values.join(' ')}`;
  });
  const path = join(folder, 'small.libsvm');
  writeFileSync(path, `${lines.join('\n')}\n`);
  return path;
}

const BRIEF = { '--model': 'logistic', '--honest-size': '8', '--byzantine-size': '2', '--rounds': '3', '--display-interval': '6', '--batch-size': '4', '--gamma': '0.5' };

function flags(folder: string, ...more: string[]): string[] {
  const data = join(folder, 'small.libsvm');
  if (!existsSync(data)) smallRows(folder);
  return ['--dataset', data, '--out-dir', join(folder, 'out'), ...Object.entries(BRIEF).flat(), ...more];
}

const GRID = ['--methods', 'SGD,SARAH', '--aggregators', 'mean,gm', '--attacks', 'none,sign-flip'];

/** Every file below a folder but those of times, by its path; a record without the paths in its configuration. */
function results(folder: string): Record<string, string> {
  const files: Record<string, string> = {};
  const visit = (below: string) => {
    for (const entry of readdirSync(join(folder, below), { withFileTypes: true })) {
      const path = join(below, entry.name);
      if (entry.isDirectory()) visit(path);
      else if (entry.name === 'record.json') files[path] = JSON.parse(readFileSync(join(folder, path), 'utf8')).result_digest;
      else if (entry.name !== 'seconds.csv') files[path] = readFileSync(join(folder, path), 'utf8');
    }
  };
  visit('');
  return files;
}

/** Run ids hold the path of the dataset: files in the order of the runs instead, and grids without ids. */
function contents(folder: string): { grid: string; runs: string[] } {
  const files = results(folder);
  const grid = files['grid.csv']!.split('\n').slice(1, -1);
  const runs = grid.flatMap((line) => Object.entries(files).filter(([path]) => path.startsWith(line.slice(0, 12))).map(([path, text]) => `${path.slice(13)}: ${text.replaceAll(line.slice(0, 12), 'ID')}`));
  return { grid: grid.map((line) => line.slice(13)).join('\n'), runs };
}

describe('a run', () => {
  it('writes its rounds and its record, and is not computed twice', async () => {
    const folder = scratchFolder();
    const { code, stdout, stderr } = await isolab('byzantine', ...flags(folder, '--attack', 'max-value', '--aggregator', 'median', '--json'));
    expect(code, stderr).toBe(0);
    const [run] = JSON.parse(stdout).runs;
    const out = join(folder, 'out', run.run_id);
    expect(readdirSync(out).sort()).toEqual(['record.json', 'rounds.csv', 'rounds.jsonl', 'seconds.csv']);
    const [header, ...rows] = readFileSync(join(out, 'rounds.csv'), 'utf8').trimEnd().split('\n');
    expect(header).toBe('round,step,train_loss,train_accuracy,validation_loss,validation_accuracy,variance,distance_to_honest_mean');
    expect(rows).toHaveLength(4);
    expect(readFileSync(join(out, 'rounds.jsonl'), 'utf8').trimEnd().split('\n').map((line) => JSON.parse(line).round)).toEqual([0, 1, 2, 3]);
    const again = await isolab('byzantine', ...flags(folder, '--attack', 'max-value', '--aggregator', 'median', '--json'));
    expect(again.stderr).toContain('1 of 1 runs are recorded already');
    expect(JSON.parse(again.stdout).runs).toEqual([run]);
  });

  it('learns, and does not where the mean is turned around', async () => {
    const folder = scratchFolder();
    const accuracy = async (...more: string[]) => JSON.parse((await isolab('byzantine', ...flags(folder, '--json', ...more))).stdout).runs[0].validation_accuracy as number;
    expect(await accuracy()).toBeGreaterThan(0.9);
    expect(await accuracy('--attack', 'max-value:-10', '--aggregator', 'mean')).toBeLessThan(0.5);
    expect(await accuracy('--attack', 'max-value:-10', '--aggregator', 'gm')).toBeGreaterThan(0.9);
  });
});

const checkpoint = '.checkpoint.safetensors';
const DEATHS: Moment[] = [
  before('kernel', 'weighted_sum', 2), halfway('writeFile', checkpoint, 2), after('rename', checkpoint, 1), after('rename', checkpoint, 9),
  halfway('writeFile', 'rounds.csv', 3), before('rename', 'record.json', 2), after('rename', 'record.json', 4), halfway('writeFile', 'grid.csv'),
];

describe('a grid', { timeout: 3_600_000 }, () => {
  it('computes every combination, whatever the number of jobs, and prints its table', async () => {
    const [one, two] = [scratchFolder(), scratchFolder()];
    const alone = await isolab('byzantine', 'grid', ...flags(one, ...GRID));
    expect(alone.code, alone.stderr).toBe(0);
    expect(alone.stdout).toMatch(/^SGD\n {2}rule +none +sign-flip\n {2}mean +\d\.\d{4} +\d\.\d{4}\n {2}gm .*\nSARAH\n/);
    const side = await (await startCli(['byzantine', 'grid', ...flags(two, ...GRID, '--jobs', '2')])).ended;
    expect(side.code, side.stderr).toBe(0);
    expect(contents(join(two, 'out'))).toEqual(contents(join(one, 'out')));
    expect(side.stdout).toBe(alone.stdout);
  });

  it('killed anywhere and given again ends in the same files, byte for byte', async () => {
    const alone = scratchFolder();
    expect((await isolab('byzantine', 'grid', ...flags(alone, ...GRID))).code).toBe(0);
    for (const moment of DEATHS) {
      const folder = scratchFolder();
      const argv = ['byzantine', 'grid', ...flags(folder, ...GRID, '--jobs', '1', '--threads', '1')];
      await killAt(argv, moment);
      const { code, stderr } = await isolab(...argv);
      expect(code, `${describeMoments([moment])}: ${stderr}`).toBe(0);
      expect(contents(join(folder, 'out')), describeMoments([moment])).toEqual(contents(join(alone, 'out')));
    }
  });
});

describe('what is refused', () => {
  const REFUSED: [string, string[], string[]][] = [
    ['f too large', ['--aggregator', 'krum', '--byzantine-size', '4', '--attack', 'sign-flip', '--honest-size', '5'], ['krum', '2f + 2 < n', 'f = 4 with n = 9']],
    ['f too large for what bucketing leaves', ['--aggregator', 'gm', '--pre', 'bucketing:3', '--attack', 'sign-flip'], ['gm', '2f < n', 'f = 2 with n = 4']],
    ['an unknown rule', ['--aggregator', 'krumm'], ['--aggregator', 'krum']],
    ['an unknown attack', ['--attack', 'maxvalue'], ['--attack', 'max-value']],
    ['an unknown pre-aggregator', ['--pre', 'nmn'], ['--pre', 'nnm']],
    ['an unknown partition', ['--partition', 'dirichlet'], ['--partition', 'dirichlet:ALPHA']],
    ['an unknown method', ['--method', 'ADAM'], ['--method', 'SGD']],
    ['an attack without workers', ['--method', 'CentralSGD', '--attack', 'sign-flip'], ['--method CentralSGD', 'no attack']],
    ['more workers than samples', ['--honest-size', '500'], ['--honest-size', 'at most 16']],
    ['a model for images', ['--model', 'softmax'], ['--model', 'logistic for a LIBSVM file']],
    ['no steps', ['--display-interval', '0'], ['--display-interval', 'at least 1']],
  ];

  it.each(REFUSED)('%s', async (_what, more, parts) => {
    const folder = scratchFolder();
    const { code, stdout, stderr } = await isolab('byzantine', ...flags(folder, ...more));
    expect([code, stdout], stderr).toEqual([2, '']);
    const sentence = stderr.trimEnd().split('\n').at(-1)!;
    for (const part of parts) expect(sentence).toContain(part);
    expect(stderr).not.toMatch(/\n {4}at /);
    expect(existsSync(join(folder, 'out'))).toBe(false);
  });

  it('a LIBSVM file with a broken line, naming the line', async () => {
    const folder = scratchFolder();
    smallRows(folder);
    const path = join(folder, 'small.libsvm');
    writeFileSync(path, readFileSync(path, 'utf8').replace('\n', '\n+1 3:1 2:5\n'));
    const { code, stderr } = await isolab('byzantine', ...flags(folder));
    expect(code).toBe(1);
    expect(stderr).toMatch(/small\.libsvm.*line 2/);
    expect(existsSync(join(folder, 'out'))).toBe(false);
  });
});
