// The shipped weights are what their training program makes, byte for byte.
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it, onTestFinished } from 'vitest';
import { decodeSafetensors } from '../../src/nn/index.js';

const example = fileURLToPath(new URL('../../examples/edge-worker/', import.meta.url));

it('training again gives model.safetensors and the accuracy it states', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'isolab-edge-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const { stdout } = await promisify(execFile)(process.execPath, [join(example, 'train.mjs'), join(folder, 'model')]);
  const shipped = await readFile(join(example, 'model.safetensors'));
  expect(shipped.equals(await readFile(join(folder, 'model')))).toBe(true);
  const { metadata } = decodeSafetensors(shipped, 'model.safetensors');
  expect(stdout).toBe(`${shipped.length} bytes, accuracy ${metadata.test_accuracy} on the test images\n`);
  expect(await readFile(join(example, 'README.md'), 'utf8')).toContain(`${Number(metadata.test_accuracy) * 100}%`);
});
