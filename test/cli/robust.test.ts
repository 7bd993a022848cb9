import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { main } from '../../src/cli/main.js';
import { parseAggregator, vectorsFrom } from '../../src/robust/index.js';
import { builtCli, isolab, scratchFolder, sourceRuntime, type Outcome } from './cli-fixture.js';

/** Runs `isolab robust ...` in this process with a text on its standard input. */
async function robust(input: string, ...argv: string[]): Promise<Outcome> {
  const outcome: Outcome = { code: null, stdout: '', stderr: '' };
  outcome.code = await main(['robust', ...argv], {
    runtime: { ...sourceRuntime(), readStandardInput: async () => new TextEncoder().encode(input) },
    stdout: (text) => void (outcome.stdout += text),
    stderr: (text) => void (outcome.stderr += text),
    isTerminal: false,
    cacheDir: '/nonexistent',
    packagedMnistDir: undefined,
  });
  return outcome;
}

const ROWS = '[[1, 2, 3], [4, 5, 6], [7, 8, 9]]';
const aggregate = (input: string, ...flags: string[]) => robust(input, 'aggregate', ...flags);
const attack = (input: string, ...flags: string[]) => robust(input, 'attack', ...flags);

describe('isolab robust aggregate', () => {
  it.each([
    [['--aggregator', 'mean'], '0', '[4, 5, 6]'], [['--aggregator', 'krum:variant=byzfl'], '1', '[1, 2, 3]'], [['--aggregator', 'monna', '--trusted', '2'], '1', '[5.5, 6.5, 7.5]'],
    [['--aggregator', 'mean', '--pre', 'nnm,clipping:norm=1e9'], '1', '[3.5, 4.5, 5.5]'], [['--aggregator', 'mean', '--pre', 'bucketing:3', '--seed', '5'], '0', '[4, 5, 6]'],
  ])('%j', async (flags, byzantine, printed) => {
    expect(await aggregate(ROWS, ...flags, '--byzantine', byzantine)).toEqual({ code: 0, stdout: `${printed}\n`, stderr: '' });
  });

  it('prints the exact geometric median in decimals that read back as the same numbers', async () => {
    const rows = [[0.1, 0.2], [3, -1], [1e-3, 7], [2.5, 2.5]];
    const { stdout } = await aggregate(rows.map((row) => row.join(',')).join('\n'), '--aggregator', 'gm', '--byzantine', '1');
    expect(JSON.parse(stdout)).toEqual([...parseAggregator('gm').aggregate(vectorsFrom(rows), { byzantine: 1 })]);
    expect((await aggregate('-0', '--aggregator', 'median', '--byzantine', '0')).stdout).toBe('[-0.0]\n');
  });

  it('reads JSON and CSV files, with a header or without', async () => {
    const folder = scratchFolder();
    for (const [name, content, ...flags] of [['a.json', ROWS], ['b.csv', 'x,y,z\n1,2,3\n4,5,6\n7,8,9\n'], ['c.txt', '1,2,3\n4,5,6\n7,8,9', '--format', 'csv']] as const) {
      writeFileSync(join(folder, name), content);
      expect(await isolab('robust', 'aggregate', '--aggregator', 'median', '--byzantine', '1', '--input', join(folder, name), ...flags)).toEqual({ code: 0, stdout: '[4, 5, 6]\n', stderr: '' });
    }
  });

  it('reads standard input as a process', async () => {
    const argv = [await builtCli(), 'robust', 'aggregate', '--aggregator', 'mda', '--byzantine', '1'];
    expect(execFileSync(process.execPath, argv, { input: '1,2\n3,4\n1000,0\n', encoding: 'utf8' })).toBe('[2, 3]\n');
  });

  it('does with rows that are not finite as it is told', async () => {
    const rows = '1,2\nnan,3\n3,4\n5,9\n';
    const flags = ['--aggregator', 'median', '--byzantine', '1'];
    expect(await aggregate(rows, ...flags)).toMatchObject({ code: 1, stdout: '', stderr: 'isolab: --input -: line 2, column 1: expected a finite number, got nan\n' });
    expect((await aggregate(rows, ...flags, '--non-finite', 'drop')).stdout).toBe('[3, 4]\n');
    expect((await aggregate(rows, ...flags, '--non-finite', 'keep')).stdout).toBe('[3, 3]\n');
    expect((await aggregate('[[NaN], [NaN], [1]]', ...flags, '--non-finite', 'keep')).stdout).toBe('[NaN]\n');
  });

  it('draws the order of buckets from its seed', async () => {
    const rows = Array.from({ length: 12 }, (_, k) => 2 ** k).join('\n');
    const flags = ['--aggregator', 'median', '--byzantine', '1', '--pre', 'bucketing:3'];
    const results = await Promise.all(['1', '1', '2', '3'].map(async (seed) => (await aggregate(rows, ...flags, '--seed', seed)).stdout));
    expect(results[0]).toBe(results[1]);
    expect(new Set(results).size).toBeGreaterThan(1);
  });
});

describe('isolab robust attack', () => {
  it('prints the crafted rows', async () => {
    expect(await attack(ROWS, '--attack', 'alie', '--byzantine', '2')).toEqual({ code: 0, stdout: '[[8.5, 9.5, 10.5],\n [8.5, 9.5, 10.5]]\n', stderr: '' });
    const { stdout } = await attack(ROWS, '--attack', 'zero-gradient', '--byzantine', '3');
    expect(JSON.parse((await aggregate(JSON.stringify([...JSON.parse(ROWS), ...JSON.parse(stdout)]), '--aggregator', 'mean', '--byzantine', '3')).stdout)).toEqual([0, 0, 0]);
  });

  it("draws PyTorch's normals from its seed", async () => {
    // torch.manual_seed(0); torch.randn(2, 1, dtype=torch.float64)
    const rows = JSON.parse((await attack('[[0]]', '--attack', 'white:1', '--byzantine', '2', '--seed', '0')).stdout) as number[][];
    expect(rows[0]![0]).toBeCloseTo(1.5409960746765137, 7);
    expect(rows[1]![0]).toBeCloseTo(-0.293428897857666, 7);
  });

  it('searches against a rule', async () => {
    const { code, stdout } = await attack('[[1, 1], [2, 3], [4, 4], [3, 1]]', '--attack', 'optimal-ipm', '--byzantine', '1', '--aggregator', 'median', '--pre', 'nnm');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toHaveLength(1);
  });
});

describe('isolab robust list', () => {
  it('prints names, options, defaults and bounds', async () => {
    const { code, stdout } = await isolab('robust', 'list');
    expect(code).toBe(0);
    for (const line of ['Aggregators', 'Pre-aggregators', 'Attacks', '      needs 4f + 3 <= n; from El Mhamdi, Guerraoui and Rouault 2018', '      size=2  a whole number of at least 1: rows in a bucket (also bucketing:VALUE)']) expect(stdout.split('\n')).toContain(line);
  });

  it('with --json: one line', async () => {
    const { stdout } = await isolab('robust', 'list', '--json');
    expect(stdout).toMatch(/^\[.*\]\n$/);
    expect(JSON.parse(stdout)).toHaveLength(32);
  });
});

describe('a command line that cannot be carried out', () => {
  const gm = ['--aggregator', 'gm', '--byzantine', '1'];
  it.each([
    ['an unknown rule', ['aggregate', '--aggregator', 'krm', '--byzantine', '1'], '--aggregator: expected one among mean, median, ', 'got "krm" (the nearest is krum)'],
    ['an unknown option', ['aggregate', '--aggregator', 'krum:neighbors=n-f', '--byzantine', '1'], '--aggregator: krum: expected options among variant, neighbours, power; got "neighbors"'],
    ['an unknown pre-aggregator', ['aggregate', ...gm, '--pre', 'nmm'], '--pre: expected one among nnm', '(the nearest is nnm)'],
    ['an unknown attack', ['attack', '--attack', 'alies', '--byzantine', '1'], '--attack: expected one among white', '(the nearest is alie)'],
    ['no rule', ['aggregate', '--byzantine', '1'], '--aggregator <NAME>'], ['no f', ['aggregate', '--aggregator', 'gm'], '--byzantine <F>'],
    ['a negative f', ['aggregate', '--aggregator', 'gm', '--byzantine', '-1'], '--byzantine: expected a whole number of at least 0, got "-1"'],
    ['a fraction for f', ['aggregate', '--aggregator', 'gm', '--byzantine', '0.5'], '--byzantine: expected a whole number of at least 0, got "0.5"'],
    ['no attackers', ['attack', '--attack', 'ipm', '--byzantine', '0'], '--byzantine: expected a whole number of at least 1, got "0"'],
    ['too large an f', ['aggregate', '--aggregator', 'krum', '--byzantine', '1'], 'krum: expected 2f + 2 < n, got f = 1 with n = 3'],
    ['an unknown policy', ['aggregate', ...gm, '--non-finite', 'skip'], '--non-finite: expected one of error, drop, keep, got "skip"'],
    ['an unknown format', ['aggregate', ...gm, '--format', 'xml'], '--format: expected one of auto, json, csv, got "xml"'],
    ['a seed that is no number', ['aggregate', ...gm, '--seed', 'x'], '--seed: expected a whole number, got "x"'],
    ['a seed beyond 64 bits', ['aggregate', ...gm, '--seed', '99999999999999999999'], '--seed: expected -2^63 <= seed < 2^64'],
    ['a trusted row for a rule without one', ['aggregate', ...gm, '--trusted', '1'], '--trusted: expected only with monna or fltrust, got it with gm'],
    ['a trusted row that is not there', ['aggregate', '--aggregator', 'monna', '--byzantine', '1', '--trusted', '3'], 'monna: expected a trusted row from 0 to 2, got 3'],
    ['a file that is not there', ['aggregate', ...gm, '--input', '/nonexistent/rows.csv'], '--input: expected a file that can be read, got "/nonexistent/rows.csv"'],
    ['a folder for a file', ['aggregate', ...gm, '--input', '/tmp'], '--input: expected a file that can be read, got "/tmp"'],
    ['a search against no rule', ['attack', '--attack', 'optimal-alie', '--byzantine', '1'], '--aggregator: expected the rule that "optimal-alie" is up against, got none'],
    ['a rule for an attack that does not search', ['attack', '--attack', 'alie', '--byzantine', '1', '--aggregator', 'gm'], '--aggregator, --pre: expected only with an attack that searches'],
    ['an attack on data', ['attack', '--attack', 'label-flip', '--byzantine', '1'], 'label-flip: expected an attack on messages, got one on data'],
    ['an unknown command', ['agregate'], 'agregate'], ['no command', [], 'expected a command, got none'],
  ])('%s', async (_, argv, ...parts) => {
    const { code, stdout, stderr } = await robust(ROWS, ...argv);
    expect([code, stdout]).toEqual([2, '']);
    const sentence = stderr.trimEnd().split('\n').at(-1)!;
    expect(sentence).toMatch(/^isolab: /);
    for (const part of parts) expect(sentence).toContain(part);
  });

  it.each([
    ['ragged rows', '1,2\n3\n', 'line 2, column 1: expected 2 values, as in the first row, got 1'], ['no rows', '', 'expected at least one row of numbers, got none'],
    ['a word', '[[1, 2], [3, "x"]]', 'line 1, column 14: expected a number, got "x"'], ['broken JSON', '[[1, 2', 'expected , or ], got nothing'],
  ])('%s', async (_, input, part) => {
    expect(await aggregate(input, ...gm)).toEqual({ code: 1, stdout: '', stderr: expect.stringMatching(/^isolab: --input -: .*\n$/) });
    expect((await aggregate(input, ...gm)).stderr).toContain(part);
  });

  it('a runtime without standard input', async () => {
    const outcome: Outcome = { code: null, stdout: '', stderr: '' };
    const { readStandardInput: _, ...runtime } = sourceRuntime();
    outcome.code = await main(['robust', 'aggregate', ...gm], { runtime, stdout: () => {}, stderr: (text) => void (outcome.stderr += text), isTerminal: false, cacheDir: '', packagedMnistDir: undefined });
    expect(outcome).toMatchObject({ code: 2, stderr: 'isolab: --input: expected a file, got none, and node has no standard input here\n' });
  });
});
