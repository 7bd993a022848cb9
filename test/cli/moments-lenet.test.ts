// isolab moments lenet, and gaussianity and robustness of what it saves: files, what a kill leaves, what is refused. On some of MNIST.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { decodeSafetensors } from '../../src/nn/index.js';
import { isolab, scratchFolder, startCli } from './cli-fixture.js';

const BRIEF = ['--train-size', '48', '--test-size', '30', '--batch-size', '16', '--epochs', '2', '--lr', '1e-5'];

async function folderOf(...argv: string[]): Promise<string> {
  const { code, stdout, stderr } = await isolab('moments', ...argv, '--json');
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout).folder;
}

describe('isolab moments lenet', () => {
  it('saves a network file that gaussianity and robustness read', async () => {
    const out = scratchFolder();
    const folder = await folderOf('lenet', ...BRIEF, '--out-dir', out);
    expect(readdirSync(folder)).toEqual(['epochs.csv', 'lenet.json', 'lenet.safetensors', 'record.json', 'seconds.csv']);
    const record = JSON.parse(readFileSync(join(folder, 'record.json'), 'utf8'));
    expect(record.rows.map(({ steps }: { steps: number }) => steps)).toEqual([3, 6]);
    const { tensors, metadata } = decodeSafetensors(readFileSync(join(folder, 'lenet.safetensors')), 'lenet.safetensors');
    expect([...tensors.keys()]).toEqual(['0.weight', '0.bias', '3.weight', '3.bias', '7.weight', '7.bias', '9.weight', '9.bias']);
    expect(metadata.result_digest).toBe(record.result_digest);

    const again = await isolab('moments', 'lenet', ...BRIEF, '--out-dir', out);
    expect(again.stderr).toContain('is recorded already');

    const model = ['--model', join(folder, 'lenet.json')];
    const units = await folderOf('gaussianity', ...model, '--image', '1', '--count', '20', '--out-dir', join(out, 'g'));
    expect(readdirSync(units)).toEqual(['fits.csv', 'gaussianity.csv', 'gaussianity.svg', 'record.json', 'seconds.csv']);
    const layers = readFileSync(join(units, 'gaussianity.csv'), 'utf8').trim().split('\n').slice(1).map((line) => line.split(',').slice(0, 3).join(' '));
    expect(layers).toEqual(['0 conv2d 25088', '1 maxPool2d 6272', '2 relu 6272', '3 conv2d 12544', '4 maxPool2d 3136', '5 relu 3136', '7 linear 1024', '8 relu 1024', '9 linear 10']);
    expect(readFileSync(join(units, 'gaussianity.svg'), 'utf8')).toContain('7 linear: mean fit');

    const noise = await folderOf('robustness', ...model, '--count', '10', '--levels', '2', '--out-dir', join(out, 'r'));
    expect(readdirSync(noise)).toEqual(['record.json', 'robustness.csv', 'robustness.svg', 'seconds.csv', 'summary.csv']);
    const agreement = readFileSync(join(noise, 'robustness.csv'), 'utf8').trim().split('\n').slice(1).map((line) => Number(line.split(',')[2]));
    const robustness = Number(readFileSync(join(noise, 'summary.csv'), 'utf8').trim().split('\n')[1]!.split(',')[1]);
    expect(robustness).toBeCloseTo((agreement[0]! + agreement[1]!) / 2, 12);
  });

  it('goes on where it was killed, to the same bytes', async () => {
    const [whole, killed] = [scratchFolder(), scratchFolder()];
    const folder = await folderOf('lenet', ...BRIEF, '--out-dir', whole);
    const runId = folder.slice(folder.lastIndexOf('/') + 1);
    const argv = ['moments', 'lenet', ...BRIEF, '--out-dir', killed, '--checkpoint-every', '1', '--threads', '1'];
    const child = await startCli(argv);
    const checkpoint = join(killed, runId, '.checkpoint.safetensors');
    const watch = setInterval(() => existsSync(checkpoint) && child.process.kill('SIGKILL'), 5);
    const { signal } = await child.ended;
    clearInterval(watch);
    expect(signal).toBe('SIGKILL');
    expect(existsSync(checkpoint)).toBe(true);
    const { stderr, code } = await isolab(...argv);
    expect(code, stderr).toBe(0);
    expect(stderr).toContain('goes on after step ');
    expect(readdirSync(join(killed, runId))).toEqual(readdirSync(folder));
    for (const name of ['lenet.safetensors', 'lenet.json', 'epochs.csv']) expect(readFileSync(join(killed, runId, name)).equals(readFileSync(join(folder, name))), name).toBe(true);
  });

  it('prints its configuration', async () => {
    const { stdout } = await isolab('moments', 'lenet', '--print-config', '--seed', '3');
    expect(JSON.parse(stdout)).toMatchObject({ seed: 3, decay: 'linear', train_size: null });
  });
});

describe('a network file', () => {
  const write = (folder: string, name: string, text: string) => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const relu = { input: 2, layers: [{ kind: 'relu' }] };
  const refused: [string, (folder: string) => string, string][] = [
    ['is not there', (folder) => join(folder, 'none.json'), 'expected a file that can be read'],
    ['is no JSON', (folder) => write(folder, 'text.json', 'relu'), 'expected JSON, got "relu"'],
    ['names no safetensors file', (folder) => write(folder, 'number.json', JSON.stringify({ tensors: 3, ...relu })), 'tensors: expected the name of a safetensors file beside it, got 3'],
    ['names a file that is not there', (folder) => write(folder, 'lost.json', JSON.stringify({ tensors: 'lost.safetensors', ...relu })), 'tensors: expected a file that can be read'],
    ['names what is no safetensors file', (folder) => write(folder, 'bad.json', JSON.stringify({ tensors: 'bad.json', ...relu })), 'expected a safetensors file, got a header of'],
    ['has no layers', (folder) => write(folder, 'empty.json', JSON.stringify({ input: 2, layers: [] })), 'layers: expected a list of at least one layer, got []'],
    ['has an unknown layer', (folder) => write(folder, 'relo.json', JSON.stringify({ input: 2, layers: [{ kind: 'relo' }] })), 'relu'],
  ];
  it.each(refused)('is refused when it %s', async (_name, make, message) => {
    const out = scratchFolder();
    const path = make(out);
    const { code, stderr, stdout } = await isolab('moments', 'gaussianity', '--model', path, '--out-dir', join(out, 'g'));
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('--model');
    expect(stderr).toContain(message);
    expect(existsSync(join(out, 'g'))).toBe(false);
  });
});

describe('isolab moments robustness', () => {
  it('asks for a model', async () => {
    const { code, stderr } = await isolab('moments', 'robustness');
    expect({ code, stderr }).toEqual({ code: 2, stderr: 'isolab: --model: expected a network file, such as the lenet.json that isolab moments lenet writes, got none\n' });
  });
});
