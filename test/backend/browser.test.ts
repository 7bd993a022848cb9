// tfjs-webgl needs a browser: the same cases in headless Chromium on software GL.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { cases } from './agreement-cases.js';
import { packagesFolder } from './backends.js';

const hasChromium = existsSync('/usr/bin/chromium');
if (!hasChromium) console.warn('skipped: no chromium here, which Debian has');

interface Result {
  name: string;
  error?: number;
  left?: number;
  failure?: string;
}

it.runIf(hasChromium && packagesFolder !== undefined)('tfjs-webgl agrees with the core in a page', async () => {
  const runner = fileURLToPath(new URL('browser.mjs', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [runner, 'tfjs-webgl', packagesFolder!], { maxBuffer: 1 << 24 });
  const results = JSON.parse(stdout) as Result[];
  expect(results.map(({ name }) => name)).toEqual(cases.map(([name]) => name));
  for (const { name, error, left, failure } of results) {
    expect(failure, name).toBeUndefined();
    expect(error, name).toBeLessThan(1e-4);
    expect(left, `${name}: tensors left on the device`).toBe(0);
  }
  expect(Math.max(...results.map(({ error }) => error!)), 'computed, and not copied').toBeGreaterThan(0);
}, 240_000);
