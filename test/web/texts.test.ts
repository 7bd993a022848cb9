// The sentence pairs that the page carries: whole, with their authors, and made by the program that is named beside them.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { readParallelText } from '../../src/data/texts.js';
import { EXPERIMENTS } from '../../src/web/experiments/index.js';
import { SHORT_PAIRS } from '../../src/web/page-data.js';
import { repository } from '../package/bundles.js';

const folder = join(repository, 'src/web/texts');
const bytes = await readFile(join(folder, SHORT_PAIRS));
const corpus = join(repository, '../shared/data/tatoeba_jpn_eng/jpn-eng.zip');
if (!existsSync(corpus)) console.warn(`skipped: no ${corpus} here, which the pairs are chosen from`);

describe('the short pairs', () => {
  it('are 2500, each sentence once on either side', () => {
    const { pairs, report } = readParallelText([{ name: SHORT_PAIRS, bytes }], { source: 2, target: 1 });
    expect([pairs.length, report.format, report.duplicates, report.empty.count]).toEqual([2500, 'tsv', 0, 0]);
    for (const side of ['source', 'target'] as const) expect(new Set(pairs.map((pair) => pair[side])).size).toBe(2500);
  });

  it('name the authors of every pair, and their licence lies beside them', async () => {
    const lines = bytes.toString().trimEnd().split('\n');
    for (const line of lines) expect(line.split('\t')[2]).toMatch(/^CC-BY 2\.0 \(France\) Attribution: tatoeba\.org #\d+ \(.+\) & #\d+ \(.+\)$/);
    expect(await readFile(join(folder, 'tatoeba-short.license.txt'), 'utf8')).toContain('https://creativecommons.org/licenses/by/2.0/fr/');
  });

  it('are what the one-minute preset trains on', () => {
    expect(EXPERIMENTS.find(({ translates }) => translates === true)!.presets[1]!.values.data).toEqual([SHORT_PAIRS]);
  });

  it.runIf(existsSync(corpus))('are chosen again by the program to the same bytes', async () => {
    const scratch = await mkdtemp(join(tmpdir(), 'isolab-pairs-'));
    try {
      const output = join(scratch, 'pairs.tsv');
      await promisify(execFile)(process.execPath, [join(repository, 'test/reproduce/short-pairs.mjs'), '--output', output]);
      expect((await readFile(output)).equals(bytes)).toBe(true);
    } finally {
      await rm(scratch, { recursive: true });
    }
  });
});
