// What the edge entry and the example's bundle are made of.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { bundle, edgeFindings } from '../package/bundles.js';

const bundler = '../../examples/edge-worker/bundle.mjs';

describe('what edge runtimes refuse', () => {
  it('is found where it is', () => {
    const code = `import fs from 'node:fs'; await fs.x; new Function('a'); eval('b'); globalThis.eval; x.process;
      async function f() { await WebAssembly.compile(y); await import('z'); new WebAssembly.Module(y); process.exit(Buffer); Math.random(); }`;
    expect(edgeFindings(code)).toEqual([
      'Buffer', 'Function', 'Math.random', 'WebAssembly.compile', 'eval', 'import node:fs', 'import()', 'new WebAssembly.Module', 'process', 'top-level await',
    ]);
  });
  it('is in the entry that compiles embedded bytes', async () => {
    const [entry, ...builds] = await bundle("export * from 'isolab';");
    expect(edgeFindings(entry!.code)).toEqual(['WebAssembly.compile', 'import()']);
    expect(builds.map(({ name }) => name).sort()).toEqual(['fused', 'fused-all', 'strict', 'strict-all']);
    for (const { code } of builds) expect(edgeFindings(code)).toEqual([expect.stringMatching(/^a text of \d{5}$/)]);
  });
  it('is not in the whole of isolab/edge', async () => {
    const chunks = await bundle("export * from 'isolab/edge';");
    expect(chunks.map(({ code }) => edgeFindings(code))).toEqual([[]]);
  });
  it("is not in the example's bundle, which imports its two modules and nothing else", async () => {
    const folder = await mkdtemp(join(tmpdir(), 'isolab-edge-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const { bundleWorker } = (await import(bundler)) as { bundleWorker(folder: URL): Promise<string> };
    const code = await readFile(await bundleWorker(pathToFileURL(`${folder}/`)), 'utf8');
    expect(edgeFindings(code)).toEqual(['import ./model.safetensors', 'import isolab/strict.wasm']);
  });
});
