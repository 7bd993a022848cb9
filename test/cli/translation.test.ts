// isolab translate: what a training leaves, how it goes on after a kill, what a model does, what is refused. On made-up sentences.
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { madeUpPairs } from '../../src/verify/translation-cases.js';
import { isolab, scratchFolder, startCli } from './cli-fixture.js';

const BRIEF = ['--vocab-size', '45', '--embed-size', '12', '--hidden-size', '12', '--batch-size', '8', '--lr', '0.01', '--epochs', '2'];
const FILES = ['curves.svg', 'epochs.csv', 'model.safetensors', 'record.json', 'seconds.csv', 'source.model', 'source.vocab', 'target.model', 'target.vocab', 'translation.json'];

function writePairs(folder: string, times = 1): string {
  const path = join(folder, 'pairs.tsv');
  writeFileSync(path, Array.from({ length: times }, () => madeUpPairs).flat().map(({ source, target }) => `${target}\t${source}\tmade up\n`).join(''));
  return path;
}

async function trained(...more: string[]): Promise<{ folder: string; data: string; digest: string }> {
  const scratch = scratchFolder();
  const data = writePairs(scratch);
  const { code, stdout, stderr } = await isolab('translate', 'train', '--data', data, ...BRIEF, '--out-dir', join(scratch, 'out'), '--json', ...more);
  expect(code, stderr).toBe(0);
  return { ...(JSON.parse(stdout) as { folder: string; digest: string }), data };
}

/** Hashes of a run's files but for times; its record without the folder's own name. */
function contents(folder: string): Record<string, string> {
  const textOf = (name: string) => {
    const bytes = readFileSync(join(folder, name));
    return name === 'record.json' ? bytes.toString().replace(/^ *"out_dir": .*\n/m, '') : bytes;
  };
  const names = readdirSync(folder).filter((name) => name !== 'seconds.csv');
  return Object.fromEntries(names.map((name) => [name, createHash('sha256').update(textOf(name)).digest('hex')]));
}

describe('isolab translate train', () => {
  it('leaves a model, its curves and its record, and says an epoch a line', async () => {
    const scratch = scratchFolder();
    const data = writePairs(scratch);
    const { code, stdout, stderr } = await isolab('translate', 'train', '--data', data, ...BRIEF, '--out-dir', join(scratch, 'out'));
    expect(code, stderr).toBe(0);
    expect(stderr).toMatch(/64 pairs to train on, 16 held out; 45 and 45 pieces, \d+ parameters, 16 steps/);
    expect(stderr).toMatch(/^2\/2: #{20} 100% \[\d\d:\d\d:\d\d\.\d\d\] ppl train: \d+\.\d\d, test: \d+\.\d\d$/m);
    const [run] = readdirSync(join(scratch, 'out'));
    expect(readdirSync(join(scratch, 'out', run!))).toEqual(FILES);
    expect(stdout).toContain(`run ${run}: held-out perplexity`);
    const again = await isolab('translate', 'train', '--data', data, ...BRIEF, '--out-dir', join(scratch, 'out'));
    expect(again.stderr).toBe(`run ${run} is recorded already\n`);
    expect(again.stdout).toBe(stdout);
  });

  it('takes two aligned files as it takes their TSV, and says which lines are left out', async () => {
    const { folder, digest } = await trained();
    const scratch = scratchFolder();
    const [ja, en] = ['ja', 'en'].map((language) => join(scratch, `train.${language}`));
    writeFileSync(ja!, madeUpPairs.map(({ source }, at) => `${source}\n${at === 4 ? '\n' : ''}`).join(''));
    writeFileSync(en!, madeUpPairs.map(({ target }, at) => `${target}\n${at === 4 ? 'nothing\n' : ''}`).join(''));
    const { code, stdout, stderr } = await isolab('translate', 'train', '--data', `${ja},${en}`, ...BRIEF, '--out-dir', join(scratch, 'out'), '--json');
    expect(code, stderr).toBe(0);
    expect(stderr).toContain('80 pairs, 1 left out because a side is empty (lines 6)');
    expect(JSON.parse(stdout)).toMatchObject({ digest, run_id: folder.slice(folder.lastIndexOf('/') + 1) });
  });

  it('goes on where it was killed, to the same bytes', async () => {
    const { folder, data } = await trained();
    const out = scratchFolder();
    const run = join(out, folder.slice(folder.lastIndexOf('/') + 1));
    const argv = ['translate', 'train', '--data', data, ...BRIEF, '--out-dir', out, '--checkpoint-every', '3', '--threads', '1'];
    const child = await startCli(argv);
    const watch = setInterval(() => existsSync(join(run, '.checkpoint.safetensors')) && child.process.kill('SIGKILL'), 2);
    const { signal } = await child.ended;
    clearInterval(watch);
    expect(signal).toBe('SIGKILL');
    const { code, stderr } = await isolab(...argv);
    expect(code, stderr).toBe(0);
    expect(stderr).toMatch(/goes on after step \d+/);
    expect(contents(run)).toEqual(contents(folder));
  });

  it.each([
    [['--vocab-size', '5000'], /^isolab: source tokenizer: --vocab-size: expected at most \d+, which is all that this corpus gives, got 5000$/m],
    [['--tied-embeddings', '--embed-size', '16'], /^isolab: --tied-embeddings: expected --embed-size and --hidden-size to be equal, got 16 and 12$/m],
    [['--train-fraction', '1'], /^isolab: --train-fraction: expected a number between 0 and 1, got "1"$/m],
    [['--batch-size', '41'], /^isolab: --batch-size: expected at most half of the 80 pairs, got 41$/m],
    [['--batch-size', '20'], /^isolab: --batch-size: expected at most the 16 held-out pairs of 80, got 20$/m],
    [['--target-column', '2'], /^isolab: --target-column: expected another column than --source-column, got 2 for both$/m],
    [['--source-tokenizer', 'nowhere.model'], /^isolab: --source-tokenizer: expected a file that can be read, got "nowhere.model"/m],
    [['--data', 'nowhere.tsv'], /^isolab: --data: expected a file that can be read, got "nowhere.tsv"/m],
  ])('refuses %j in one line, and writes nothing', async (flags, message) => {
    const scratch = scratchFolder();
    const { code, stderr } = await isolab('translate', 'train', '--data', writePairs(scratch), ...BRIEF, '--out-dir', join(scratch, 'out'), ...flags);
    expect(code).not.toBe(0);
    expect(stderr.trim().split('\n').at(-1)).toMatch(message);
    expect(existsSync(join(scratch, 'out'))).toBe(false);
  });

  it.each([
    ['files of different lengths', ['a\nb\n', 'c\n'], /2.*1|1.*2/],
    ['not UTF-8', [Uint8Array.of(0x61, 0x0a, 0xff, 0x0a), 'a\nb\n'], /train\.ja.*UTF-8.*line 2/],
    ['an empty file', ['', 'a\n'], /train\.ja/],
  ] as const)('refuses %s, naming the file', async (_what, [ja, en], message) => {
    const scratch = scratchFolder();
    const names = [join(scratch, 'train.ja'), join(scratch, 'train.en')] as const;
    writeFileSync(names[0], ja);
    writeFileSync(names[1], en);
    const { code, stderr } = await isolab('translate', 'train', '--data', names.join(','), ...BRIEF, '--out-dir', join(scratch, 'out'));
    expect(code).not.toBe(0);
    expect(stderr).toMatch(message);
    expect(existsSync(join(scratch, 'out'))).toBe(false);
  });
});

describe('a saved translator', () => {
  it('translates words of the command line, greedily, by beam and by sampling, the same each time', async () => {
    const { folder } = await trained('--epochs', '8');
    const sentence = madeUpPairs[0]!.source;
    const run = async (...flags: string[]) => {
      const { code, stdout, stderr } = await isolab('translate', 'run', '--model', folder, ...flags, sentence, madeUpPairs[5]!.source);
      expect(code, stderr).toBe(0);
      expect(stdout.split('\n')).toHaveLength(3);
      return stdout;
    };
    const greedy = await run();
    expect(await run('--beam', '1')).toBe(greedy);
    expect(await run('--beam', '4')).toBe(await run('--beam', '4'));
    expect(await run('--sample', '--sample-seed', '3')).toBe(await run('--sample', '--sample-seed', '3'));
    expect(await run('--sample', '--sample-seed', '3')).not.toBe(await run('--sample', '--sample-seed', '4'));
    expect(await run('--restart-third-layer')).not.toBe('');
  });

  it('is scored on what was held out, of the same pairs only', async () => {
    const { folder, data } = await trained();
    const output = join(scratchFolder(), 'held_out.tsv');
    const { code, stdout, stderr } = await isolab('translate', 'evaluate', '--model', folder, '--json', '--output', output);
    expect(code, stderr).toBe(0);
    const { all, unseen } = JSON.parse(stdout);
    expect(all.pairs).toBe(16);
    expect(unseen.pairs).toBeLessThanOrEqual(16);
    expect(all.bleu_signature).toContain('tok:13a');
    const lines = readFileSync(output, 'utf8').trimEnd().split('\n').map((line) => line.split('\t'));
    const pairs = new Map(madeUpPairs.map(({ source, target }) => [source, target]));
    for (const [source, , reference] of lines) expect(pairs.get(source!)).toBe(reference);

    const other = join(scratchFolder(), 'other.tsv');
    writeFileSync(other, readFileSync(data, 'utf8').split('\n').slice(1).join('\n'));
    const refused = await isolab('translate', 'evaluate', '--model', folder, '--data', other);
    expect(refused).toMatchObject({ code: 2, stdout: '' });
    expect(refused.stderr).toMatch(/^isolab: --data: expected the pairs of run [0-9a-f]{12}, of which some were held out, got others/);
    expect((await isolab('translate', 'evaluate', '--model', folder, '--data', other, '--all', '--pairs', '5')).stdout).toContain('held out: 5 pairs');
  });

  it('is scored where the training pairs have every translation that was held out', async () => {
    const scratch = scratchFolder();
    const flags = ['--data', writePairs(scratch, 6), ...BRIEF, '--epochs', '1', '--out-dir', join(scratch, 'out'), '--json'];
    const { folder } = JSON.parse((await isolab('translate', 'train', ...flags)).stdout);
    const { code, stdout, stderr } = await isolab('translate', 'evaluate', '--model', folder, '--pairs', '5', '--json');
    expect(code, stderr).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ all: { pairs: 5 }, unseen: null });
    expect((await isolab('translate', 'evaluate', '--model', folder, '--pairs', '5')).stdout).toContain('held out: 5 pairs');
  });

  it('is refused where a file is missing, of another version, or of another run; and a sentence that is too long', async () => {
    const { folder } = await trained();
    const copy = join(scratchFolder(), 'model');
    mkdirSync(copy);
    for (const name of ['model.safetensors', 'source.model', 'target.model', 'translation.json']) copyFileSync(join(folder, name), join(copy, name));
    const run = async (sentence = 'ねこ') => (await isolab('translate', 'run', '--model', copy, sentence)).stderr;
    expect(await run()).toBe('');
    expect(await run('ねこ'.repeat(600))).toMatch(/^isolab: sentence 1: expected fewer than 1000 tokens, got \d+; split it$/m);

    const description = JSON.parse(readFileSync(join(copy, 'translation.json'), 'utf8'));
    writeFileSync(join(copy, 'translation.json'), JSON.stringify({ ...description, version: 2 }));
    expect(await run()).toMatch(/translation\.json: expected version 1 of a saved translator, got 2; train the model again/);
    writeFileSync(join(copy, 'translation.json'), JSON.stringify({ ...description, digest: '00' }));
    expect(await run()).toMatch(/expected translation\.json and model\.safetensors of one run/);
    const nowhere = await isolab('translate', 'run', '--model', join(copy, 'nowhere'), 'ねこ');
    expect(nowhere.stderr).toMatch(/^isolab: --model: expected a folder with translation\.json, .* without translation\.json$/m);
  });

  it('is drawn by isolab plot', async () => {
    const { folder } = await trained();
    const { code, stdout } = await isolab('plot', folder);
    expect(code).toBe(0);
    expect(stdout.trim()).toBe(`${folder}/figures/curves.svg`);
    expect(readFileSync(join(folder, 'figures/curves.svg'), 'utf8')).toContain('held out');
  });
});
