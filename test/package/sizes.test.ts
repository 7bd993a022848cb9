// What a page downloads, gzipped. Bars are bars: when one does not hold, the design changes.
import { describe, expect, it } from 'vitest';
import * as random from '../../src/random/index.js';
import * as tensor from '../../src/tensor/index.js';
import { bundle, edgeFindings, type Chunk } from './bundles.js';

const KB = 1000;

/** Sum and parts; printed, so that every run tells the figures. */
function weigh(what: string, chunks: readonly Chunk[]): number {
  const total = chunks.reduce((sum, { gzipped }) => sum + gzipped, 0);
  console.log(`${what}: ${total} bytes gzipped (${chunks.map(({ name, gzipped }) => `${name} ${gzipped}`).join(', ')})`);
  return total;
}

/** A page loads one build: each is a chunk of its own, fetched when a core of it is opened. */
function loadedWith(chunks: readonly Chunk[], build: string): Chunk[] {
  expect(chunks.map(({ name }) => name)).toContain(build);
  return chunks.filter(({ name }) => name === build || !/^(strict|fused)/.test(name));
}

describe('sizes', () => {
  it('core with tensors and random, the strict build embedded: below 60 kB', async () => {
    const names = [...Object.keys(tensor), ...Object.keys(random)];
    const chunks = await bundle(`export { openLab, Digest, ${names.join(', ')} } from 'isolab';`);
    expect(chunks.map(({ name }) => name).sort()).toEqual(['entry', 'fused', 'fused-all', 'strict', 'strict-all']);
    expect(weigh('core, tensors, random', loadedWith(chunks, 'strict'))).toBeLessThan(60 * KB);
  });

  it.each(['strict-all', 'fused-all'])('the whole library, data, experiments, the %s build embedded: below 150 kB', async (build) => {
    expect(weigh('whole library', loadedWith(await bundle("export * from 'isolab';"), build))).toBeLessThan(150 * KB);
  });

  it('the whole library at the edge, where the .wasm is a file of its own: below 150 kB', async () => {
    expect(weigh('isolab/edge', await bundle("export * from 'isolab/edge';"))).toBeLessThan(150 * KB);
  });
});

describe('tree shaking', () => {
  it('leaves nothing but the digest of Digest', async () => {
    expect(weigh('Digest', await bundle("export { Digest } from 'isolab';"))).toBeLessThan(1 * KB);
  });
  it.each(['isolab', 'isolab/edge'])('leaves no experiment, data or schema in openLab of %s', async (entry) => {
    const chunks = await bundle(`export { openLab } from '${entry}';`);
    weigh(`openLab of ${entry}`, chunks);
    for (const { code } of chunks) expect(code).not.toMatch(/teacher|train-images|~standard|safetensors/);
    const [whole] = await bundle(`export * from '${entry}';`);
    for (const text of [/teacher/, /train-images/, /~standard/, /safetensors/]) expect(whole!.code).toMatch(text);
  });
});

describe('no Node built-in', () => {
  it.each(['isolab', 'isolab/browser', 'isolab/web', 'isolab/edge'])('in %s', async (entry) => {
    for (const { code } of await bundle(`export * from '${entry}';`)) {
      const allowed = new Set(['WebAssembly.compile', 'import()']);
      expect(edgeFindings(code).filter((finding) => !allowed.has(finding) && !finding.startsWith('a text of'))).toEqual([]);
    }
  });
  it('or the bundler says so', async () => {
    await expect(bundle("export * from 'isolab/node';")).rejects.toThrow(/node:/);
  });
});
