// isolab report, and what thousands of recorded runs take.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { planSweep } from '../../src/cli/sweep-plan.js';
import { readSweepSpecification } from '../../src/sweep/index.js';
import { parseXml } from '../figures/xml.js';
import { sourceRuntime } from './cli-fixture.js';
import { SweepBench, TINY } from './sweep-fixture.js';

const PATIENCE = 3_600_000;

describe('a report', { timeout: PATIENCE }, () => {
  it('is one page and its figures, of what is recorded; the page holds the same figures', async () => {
    const bench = new SweepBench();
    expect((await bench.isolab('report')).stderr).toMatch(/^isolab: report: expected recorded runs of tiny in .*, got none; isolab sweep run computes them\n$/);
    await bench.isolab('sweep run', '--seeds', '0');
    const { code, stdout, stderr } = await bench.isolab('report');
    expect(code, stderr).toBe(0);
    expect(stdout.trim().split('\n').map((path) => path.slice(bench.out.length + 6))).toEqual(['table.csv', 'table.parquet', 'times.csv', 'figures/accuracy.svg', 'report.html']);
    const svg = bench.read('tiny/figures/accuracy.svg');
    parseXml(svg);
    const page = bench.read('tiny/report.html');
    expect(page).toContain(svg);
    expect(page).toContain('4 of 8; the others are not computed yet');
  });

  it('of a collected table draws the same figures', async () => {
    const bench = new SweepBench();
    await bench.isolab('sweep run');
    await bench.isolab('report');
    const table = join(bench.folder, 'moved.csv');
    writeFileSync(table, bench.read('tiny/table.csv'));
    const elsewhere = new SweepBench(TINY, 'elsewhere');
    expect((await elsewhere.isolab('report', '--table', table)).code).toBe(0);
    expect(elsewhere.read('tiny/figures/accuracy.svg')).toBe(bench.read('tiny/figures/accuracy.svg'));
  });

  it('of a table with rows of another version, another sweep or a run twice is refused, and nothing is written', async () => {
    const bench = new SweepBench();
    await bench.isolab('sweep run');
    const [header, ...rows] = bench.read('tiny/table.csv').trimEnd().split('\n') as [string, ...string[]];
    const before = bench.results();
    const table = join(bench.folder, 'mixed.csv');
    const wasm = JSON.parse(bench.read(`runs/${readdirSync(join(bench.out, 'runs'))[0]}/record.json`)).wasm_sha256;
    const mixed: [text: string[], message: RegExp][] = [
      [[header, ...rows.slice(0, 3), rows[3]!.replace(wasm, 'f'.repeat(64))], /mixed\.csv row 4 column wasm_sha256: expected \w+ as in the rows before, got f{64}: results of different versions are not averaged/],
      [[header, ...rows.map((row) => row.replace(/^tiny/, 'other'))], /row 1: expected a run of sweep tiny, got one of other/],
      [[header, ...rows, rows[0]!], /row 9: expected each run once, got \w+ of same twice/],
      [[header, rows[0]!.replace(/^tiny,same,3,/, 'tiny,same,three,')], /row 1 column m: expected a number or nothing, got "three"/],
      [[header, rows[0]!.replace(/,[^,]*$/, '')], /row 1: expected \d+ cells, got \d+/],
      [[header.replace('student_final_acc', 'accuracy'), ...rows], /expected the columns of a table of tiny, got none named student_final_acc/],
    ];
    for (const [text, message] of mixed) {
      writeFileSync(table, `${text.join('\n')}\n`);
      const { code, stdout, stderr } = await bench.isolab('report', '--table', table);
      expect([code, stdout]).toEqual([2, '']);
      expect(stderr).toMatch(message);
      expect(bench.results()).toEqual(before);
    }
  });
});

describe('a thousand recorded runs', { timeout: PATIENCE }, () => {
  it('are planned, told, collected and drawn within seconds', async () => {
    const spec = { ...TINY, axes: [{ name: 'm', values: { rule: 'range', from: 1, to: 50 } }], seeds: { rule: 'range', from: 0, to: 9 } };
    const bench = new SweepBench(spec);
    const context = { runtime: sourceRuntime(), stdout: () => {}, stderr: () => {}, isTerminal: false, cacheDir: '/nonexistent', packagedMnistDir: undefined };
    const { runs } = await planSweep(context, readSweepSpecification(spec, 'spec'), { selection: {}, dataDir: bench.data, profile: 'strict' });
    await bench.isolab('sweep run', '--seeds', '0', '--only', 'm=1', '--conditions', 'same');
    const [first] = readdirSync(join(bench.out, 'runs'));
    const [record, times] = ['record.json', 'times.json'].map((name) => readFileSync(join(bench.out, 'runs', first!, name), 'utf8'));
    const path = './synthetic-runs.mjs';
    const { writeSyntheticRuns } = (await import(path)) as { writeSyntheticRuns(outDir: string, runs: { runId: string; m: number; seed: number }[], record: string, times: string): void };
    writeSyntheticRuns(bench.out, runs.map(({ runId, run: { config } }) => ({ runId, m: config.m, seed: config.seed })), record!, times!);
    for (const command of ['sweep plan', 'sweep status', 'sweep collect', 'report']) {
      const started = performance.now();
      const { code, stderr } = await bench.isolab(command);
      expect(code, stderr).toBe(0);
      // Ten times as many runs have as long on a quiet machine (bench/sweep.mjs); this one may be a tenth as fast.
      expect(performance.now() - started, command).toBeLessThan(10_000);
    }
    expect(bench.read('tiny/table.csv').split('\n')).toHaveLength(1002);
  });
});
