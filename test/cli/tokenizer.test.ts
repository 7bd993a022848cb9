import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { main } from '../../src/cli/main.js';
import { Tokenizer } from '../../src/text/index.js';
import { fixture, inputOf, modelBytes } from '../text/tokenizer-fixture.js';
import { builtCli, isolab, scratchFolder, sourceRuntime, type Outcome } from './cli-fixture.js';

const recorded = fixture.models.default!;
const CORPUS = fixture.corpus.map((line) => `${line}\n`).join('');

/** Runs `isolab tokenizer ...` in this process with bytes on its standard input. */
async function tokenizer(input: string | Uint8Array, ...argv: string[]): Promise<Outcome> {
  const outcome: Outcome = { code: null, stdout: '', stderr: '' };
  outcome.code = await main(['tokenizer', ...argv], {
    runtime: { ...sourceRuntime(), readStandardInput: async () => (typeof input === 'string' ? new TextEncoder().encode(input) : input) },
    stdout: (text) => void (outcome.stdout += text),
    stderr: (text) => void (outcome.stderr += text),
    isTerminal: false,
    cacheDir: '/nonexistent',
    packagedMnistDir: undefined,
  });
  return outcome;
}

function modelFile(): string {
  const path = join(scratchFolder(), 'm.model');
  writeFileSync(path, modelBytes(recorded));
  return path;
}

describe('isolab tokenizer train', () => {
  it('writes the files that spm_train writes', async () => {
    const folder = scratchFolder();
    writeFileSync(join(folder, 'corpus.txt'), CORPUS);
    const run = spawnSync(process.execPath, [await builtCli(), 'tokenizer', 'train', '--input', 'corpus.txt', '--model-prefix', 'model', '--vocab-size', '180'], { cwd: folder, encoding: 'utf8' });
    expect([run.status, run.stdout]).toEqual([0, '']);
    expect(run.stderr).toMatch(/^read 40\d sentences .*\nbegin with \d+ pieces over \d+ texts\nround 1, step 1: /);
    expect(run.stderr).toMatch(/\nwrote model\.model and model\.vocab: 180 pieces\n$/);
    expect(Buffer.compare(readFileSync(join(folder, 'model.model')), modelBytes(recorded))).toBe(0);
    expect(readFileSync(join(folder, 'model.vocab'), 'utf8')).toBe(recorded.vocabulary);
    expect(readdirSync(folder).sort()).toEqual(['corpus.txt', 'model.model', 'model.vocab']);
  });

  it('takes every option, and several files', async () => {
    const folder = scratchFolder();
    const half = Math.floor(fixture.corpus.length / 2);
    const files = [fixture.corpus.slice(0, half), fixture.corpus.slice(half)].map((lines, i) => {
      writeFileSync(join(folder, `${i}.txt`), lines.map((line) => `${line}\n`).join(''));
      return join(folder, `${i}.txt`);
    });
    const { options, vocabulary } = fixture.models.symbols!;
    const flags = Object.entries(options).flatMap(([option, value]) => [`--${option.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`, String(value)]);
    const { code } = await isolab('tokenizer', 'train', '--input', files.join(','), '--model-prefix', join(folder, 'm'), ...flags);
    expect(code).toBe(0);
    expect(readFileSync(join(folder, 'm.vocab'), 'utf8')).toBe(vocabulary);
  });

  it.each<[string, string[], string | Uint8Array, string]>([
    ['a file that is not UTF-8', [], Uint8Array.of(0x61, 10, 0x62, 0xe9, 10), 'isolab: --input: FILE: expected UTF-8, got 0xe9 in line 2, byte 2 (byte 4 of the file)\n'],
    ['an empty file', [], '', 'isolab: --input: expected sentences to train on, got none (0 empty, 0 over 4192 bytes, 0 with the reserved character U+2585)\n'],
    ['a large vocabulary', ['--vocab-size', '5000'], CORPUS, 'isolab: --vocab-size: expected at most 321, which is all that this corpus gives, got 5000\n'],
    ['a small one', ['--vocab-size', '9'], CORPUS, 'isolab: --vocab-size: expected at least 73 (70 characters and 3 reserved pieces), got 9; a smaller characterCoverage needs fewer characters\n'],
    ['a word for a number', ['--vocab-size', 'many'], CORPUS, 'isolab: --vocab-size: expected a number, got "many"\n'],
    ['a word for a truth', ['--split-digits', 'yes'], CORPUS, 'isolab: --split-digits: expected true or false, got "yes"\n'],
    ['an unknown rule', ['--normalization-rule-name', 'nfd'], CORPUS, 'isolab: --normalization-rule-name: expected one of nmt_nfkc, nfkc, nmt_nfkc_cf, nfkc_cf, identity, got "nfd"\n'],
  ])('refuses %s in one sentence and writes nothing', async (_what, flags, corpus, message) => {
    const folder = scratchFolder();
    const file = join(folder, 'corpus.txt');
    writeFileSync(file, corpus);
    const { code, stdout, stderr } = await isolab('tokenizer', 'train', '--input', file, '--model-prefix', join(folder, 'm'), ...flags);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr.split('\n').filter((line) => line.startsWith('isolab:')).join('\n') + '\n').toBe(message.replace('FILE', file));
    expect(readdirSync(folder)).toEqual(['corpus.txt']);
  });

  it('names a file or folder that is not there', async () => {
    expect((await isolab('tokenizer', 'train', '--input', '/no/such', '--model-prefix', 'm')).stderr).toMatch(/^isolab: --input: expected a file that can be read, got "\/no\/such"/);
    expect((await isolab('tokenizer', 'train', '--input', '/no/such', '--model-prefix', '/no/such/m')).stderr).toBe('isolab: --model-prefix: expected a folder that is there, got "/no/such/m"\n');
  });
});

describe('isolab tokenizer encode and decode', () => {
  const texts = recorded.results.filter(([text, ids]) => typeof text === 'string' && !/[\n\ud800-\udfff\0]/.test(text) && ids.length > 0);
  const lines = texts.map(([text]) => `${inputOf(text) as string}\n`).join('');

  it('print pieces, ids and text as spm_encode and spm_decode do', async () => {
    const model = modelFile();
    expect(texts.length).toBeGreaterThan(40);
    const pieces = texts.map(([, , words]) => `${words.join(' ')}\n`).join('');
    const ids = texts.map(([, words]) => `${words.join(' ')}\n`).join('');
    expect(await tokenizer(lines, 'encode', '--model', model)).toEqual({ code: 0, stdout: pieces, stderr: '' });
    expect((await tokenizer(lines, 'encode', '--model', model, '--output-format', 'id')).stdout).toBe(ids);
    expect((await tokenizer(ids, 'decode', '--model', model, '--input-format', 'id')).stdout).toBe(texts.map(([, , , text]) => `${text}\n`).join(''));
    expect((await tokenizer(pieces, 'decode', '--model', model)).stdout).toBe(texts.map(([, , , , text]) => `${text}\n`).join(''));
  });

  it('print n best encodings and draws', async () => {
    const model = modelFile();
    const own = Tokenizer.fromModel(modelBytes(recorded));
    const best = await tokenizer('walking\n私は\n', 'encode', '--model', model, '--output-format', 'nbest_id', '--nbest-size', '3');
    expect(best.stdout).toBe(['walking', '私は'].flatMap((text) => own.nBest(text, 3).map(({ ids }) => `${ids.join(' ')}\n`)).join(''));
    const draw = (...flags: string[]) => tokenizer('walking the talk\n'.repeat(30), 'encode', '--model', model, '--output-format', 'sample_piece', '--alpha', '0.05', ...flags);
    const [first, again, other] = [await draw(), await draw(), await draw('--random-seed', '1', '--nbest-size', '-1')];
    expect(first.stdout).toBe(again.stdout);
    expect(other.stdout).not.toBe(first.stdout);
    for (const line of other.stdout.trimEnd().split('\n')) expect(line.replaceAll(' ', '')).toBe('▁walking▁the▁talk');
  });

  it('work as a process, from a file', async () => {
    const model = modelFile();
    const file = join(scratchFolder(), 'text.txt');
    writeFileSync(file, lines);
    const ids = execFileSync(process.execPath, [await builtCli(), 'tokenizer', 'encode', '--model', model, '--input', file, '--output-format', 'id'], { encoding: 'utf8' });
    expect(ids).toBe(texts.map(([, words]) => `${words.join(' ')}\n`).join(''));
  });

  it.each<[string, string[], string]>([
    ['encode', ['--model', '/no/such'], 'isolab: --model: expected a file that can be read, got "/no/such"'],
    ['encode', ['--model', 'MODEL', '--output-format', 'proto'], 'isolab: --output-format: expected one of piece, id, nbest_piece, nbest_id, sample_piece, sample_id, got "proto"'],
    ['encode', ['--model', 'MODEL', '--output-format', 'nbest_id', '--nbest-size', '0'], 'isolab: --nbest-size: expected a whole number from 1 to 1024, got "0"'],
    ['encode', ['--model', 'MODEL', '--output-format', 'sample_id', '--alpha', 'x'], 'isolab: --alpha: expected a number, got "x"'],
    ['encode', ['--model', 'CORPUS'], 'isolab: --model CORPUS: expected '],
    ['decode', ['--model', 'MODEL', '--input-format', 'id'], 'isolab: --input: line 2: expected ids from 0 to 179, got "x"'],
  ])('%s %j is refused', async (command, flags, message) => {
    const model = modelFile();
    const corpus = join(scratchFolder(), 'corpus.txt');
    writeFileSync(corpus, CORPUS);
    const words = flags.map((word) => (word === 'MODEL' ? model : word === 'CORPUS' ? corpus : word));
    const { code, stdout, stderr } = await tokenizer('1 2\nx\n', command, ...words);
    expect([code, stdout, stderr.trimEnd().split('\n').length]).toEqual([2, '', 1]);
    expect(stderr.startsWith(message.replace('CORPUS', corpus))).toBe(true);
    expect(existsSync(model)).toBe(true);
  });
});
