// A short part of `npm run test:web`: a run of seconds in Chromium, its files, its link, and what is refused.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';

const hasChromium = existsSync('/usr/bin/chromium');
if (!hasChromium) console.warn('skipped: no chromium here, which Debian has');

it('the page is below 250 kB gzipped, all in all but the datasets beside it', async () => {
  const folder = fileURLToPath(new URL('../../dist/page/', import.meta.url));
  const names = (await readdir(folder)).filter((name) => name !== 'texts');
  const sizes = await Promise.all(names.map(async (name) => [name, gzipSync(await readFile(folder + name), { level: 9 }).length] as const));
  const total = sizes.reduce((sum, [, size]) => sum + size, 0);
  console.log(`the page: ${total} bytes gzipped (${sizes.map(([name, size]) => `${name} ${size}`).join(', ')})`);
  expect(total).toBeLessThan(250_000);
});

it.runIf(hasChromium)('the lab page runs, gives the command line’s files, shares, and refuses in sentences', async () => {
  const runner = fileURLToPath(new URL('run.mjs', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [runner, '--browsers', 'chromium', '--only', 'links,wrong,requests']);
  expect(stdout).toMatch(/same bits: holds/);
  expect(stdout).toMatch(/a file of 2 GB: holds/);
  expect(stdout).toMatch(/web: all checks hold/);
}, 240_000);
