// The tarball that npm would publish, unpacked in a folder that knows nothing of this one.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sha256 as hashOf } from '../../src/core/index.js';
import { repository } from './bundles.js';

const run = promisify(execFile);
const packageJson = JSON.parse(await readFile(join(repository, 'package.json'), 'utf8'));
const exported = packageJson.exports as Record<string, string | { types: string; default: string }>;

let project: string;
let installed: string;

beforeAll(async () => {
  project = await mkdtemp(join(tmpdir(), 'isolab-packed-'));
  installed = join(project, 'node_modules/isolab');
  // Without scripts: what `npm run build` made last is what is packed.
  await run('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', project], { cwd: repository });
  const archive = (await readdir(project)).find((file) => file.endsWith('.tgz'))!;
  await run('tar', ['xzf', join(project, archive), '-C', project]);
  await mkdir(join(project, 'node_modules'));
  await rename(join(project, 'package'), installed);
  for (const name of [...Object.keys(packageJson.dependencies), '@types']) {
    await symlink(join(repository, 'node_modules', name), join(project, 'node_modules', name));
  }
  await writeFile(join(project, 'package.json'), '{ "type": "module" }');
});
afterAll(() => rm(project, { recursive: true }));

describe('the packed package', () => {
  it.each(Object.keys(exported).map((path) => path.replace('.', 'isolab')))('resolves %s to a file, with its types', async (name) => {
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', `process.stdout.write(import.meta.resolve('${name}'))`], { cwd: project });
    const target = exported[name.replace('isolab', '.')]!;
    expect(stdout).toBe(new URL(typeof target === 'string' ? target : target.default, `file://${installed}/`).href);
    for (const file of typeof target === 'string' ? [target] : Object.values(target)) expect(existsSync(join(installed, file)), file).toBe(true);
  });

  it('computes', async () => {
    const code = `import { openLab, sum } from 'isolab';
      import { openLab as openEdgeLab } from 'isolab/edge';
      import { nodeRuntime } from 'isolab/node';
      import { webFiles } from 'isolab/browser';
      import { fileURLToPath } from 'node:url';
      const bytes = await nodeRuntime().files.read(fileURLToPath(import.meta.resolve('isolab/strict.wasm')));
      for (const lab of [await openLab(), await openEdgeLab({ module: await WebAssembly.compile(bytes) })]) {
        console.log(lab.step((tape) => sum(tape, lab.tensor([1, 2, 3])).item()), lab.wasmHash.length, typeof webFiles);
      }`;
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', code], { cwd: project });
    expect(stdout).toBe('6 64 function\n6 64 function\n');
  });

  it.each([['NodeNext', 'NodeNext'], ['ESNext', 'Bundler']])('has types for module %s, resolution %s', async (module, moduleResolution) => {
    await writeFile(join(project, 'consumer.ts'), `import { openLab, type Lab } from 'isolab';
      import { edgeRuntime, openLab as openEdgeLab } from 'isolab/edge';
      import { nodeRuntime } from 'isolab/node';
      import { browserRuntime } from 'isolab/browser';
      import { runInWorker } from 'isolab/web';
      import strict from 'isolab/strict.wasm';
      import fused from 'isolab/fused.wasm';
      export const labs: Promise<Lab>[] = [openLab(), openLab({ module: fused }), openEdgeLab({ module: strict })];
      export const names: string[] = [nodeRuntime(), browserRuntime(), edgeRuntime()].map(({ name }) => name);
      export const run: typeof runInWorker = runInWorker;
      // @ts-expect-error the edge entry has no core of its own
      await openEdgeLab();`);
    const options = { strict: true, target: 'ES2022', lib: ['ES2023', 'DOM'], module, moduleResolution, noEmit: true, skipLibCheck: module !== 'NodeNext', types: [] };
    await writeFile(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions: options, files: ['consumer.ts'] }));
    const tsc = join(repository, 'node_modules/typescript/bin/tsc');
    await run(process.execPath, [tsc, '-p', project]).catch((error) => expect.fail(error.stdout));
  });

  it('carries the builds that its text embeds', async () => {
    const { identities } = await import(join(installed, 'dist/core/generated/identity.js'));
    for (const { profile, kernels, sha256 } of identities as { profile: string; kernels: string; sha256: string }[]) {
      expect(await hashOf(await readFile(join(installed, `dist/isolab-${profile}${kernels === 'all' ? '-all' : ''}.wasm`)))).toBe(sha256);
    }
  });
});
