// The page's archives, taken apart by another program.
import { unzipSync } from 'fflate';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { zipOf } from '../../src/web/page/zip.js';

const path = fc.string({ minLength: 1, maxLength: 20, unit: 'grapheme' }).filter((name) => !name.includes('\0') && !name.startsWith('__'));

it('a zip holds the files, whatever is in them and however they are named', async () => {
  await fc.assert(fc.asyncProperty(fc.dictionary(path, fc.uint8Array({ maxLength: 3000 })), async (files) => {
    expect(unzipSync(await zipOf(files))).toEqual(Object.fromEntries(Object.entries(files).map(([name, bytes]) => [name, new Uint8Array(bytes)])));
  }));
});

it('a zip of the same files has the same bytes, and is smaller than they are', async () => {
  const files = { 'outputs/run/epochs.csv': new TextEncoder().encode('epoch,steps\n'.repeat(5000)), 'モデル.bin': new Uint8Array(70_000) };
  const archive = await zipOf(files);
  expect(await zipOf(files)).toEqual(archive);
  expect(archive.length).toBeLessThan(1500);
  expect(Object.keys(unzipSync(archive))).toEqual(Object.keys(files));
});

it('a zip tells the CRC-32 of each file', async () => {
  const archive = await zipOf({ digits: new TextEncoder().encode('123456789') });
  // The check value of this CRC, where a local header has it.
  expect(new DataView(archive.buffer).getUint32(14, true)).toBe(0xcbf43926);
});
