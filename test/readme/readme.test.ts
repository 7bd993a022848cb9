// The README's promises: its examples run and print what they say, and its tables follow the schema.
import { execFile } from 'node:child_process';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { VERSION } from '../../src/version.js';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../', import.meta.url));
const readme = await readFile(`${root}README.md`, 'utf8');
const packageJson = JSON.parse(await readFile(`${root}package.json`, 'utf8'));
// Inside the package, so that `import 'isolab'` means this package.
const folder = `${root}.cache/readme`;

const examples = [...readme.matchAll(/```js\n([\s\S]*?)```/g)].map((match) => match[1]!);

afterAll(() => rm(folder, { recursive: true, force: true }));

describe('README examples', () => {
  it('has some', () => expect(examples.length).toBeGreaterThanOrEqual(4));
  it.each(examples.map((code, index) => [index + 1, code] as const))('example %i prints what its comments say', async (index, code) => {
    await mkdir(folder, { recursive: true });
    const file = `${folder}/example-${index}.mjs`;
    await writeFile(file, code);
    const { stdout } = await run(process.execPath, [file], { cwd: root });
    const promised = [...code.matchAll(/console\.log\(.*\);? \/\/ (.*)$/gm)].map((match) => match[1]!.trim());
    expect(promised.length).toBeGreaterThan(0);
    expect(stdout.trim().split('\n')).toEqual(promised);
  });
});

describe('README and package', () => {
  it('has the flag tables that the schema makes', async () => {
    const path = './flag-table.mjs';
    const { withFlagTables } = (await import(path)) as { withFlagTables(text: string): string };
    expect(withFlagTables(readme)).toBe(readme);
  });
  it('names scripts that exist', () => {
    const named = new Set([...readme.matchAll(/npm run ([\w:]+)/g)].map((match) => match[1]!));
    for (const script of named) expect(packageJson.scripts, `npm run ${script}`).toHaveProperty([script]);
  });
  it('has one version', () => expect(packageJson.version).toBe(VERSION));
});
