// A core opened on a compiled module, as edge runtimes hand it over, is the core of the embedded bytes.
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { openCore, openCoreFrom, identifyBuild, sha256, type KernelSet, type Profile } from '../../src/core/index.js';
import { identities } from '../../src/core/generated/identity.js';
import { openLab as openEdgeLab } from '../../src/edge.js';
import { openLab } from '../../src/index.js';
import { edgeRuntime } from '../../src/runtime/edge.js';
import { nodeRuntime } from '../../src/runtime/node.js';
import { onlyInAll } from '../../src/core/generated/kernels.js';
import { casesFor, shippedCases } from '../../src/verify/index.js';

const bytesOf = async (name: string) => new Uint8Array(await readFile(new URL(`../../dist/isolab-${name}.wasm`, import.meta.url)));
const moduleOf = async (name: string) => WebAssembly.compile(await bytesOf(name));

const BUILDS: [name: string, profile: Profile, kernels: KernelSet][] = [['strict', 'strict', 'core'], ['fused', 'fused', 'core'], ['strict-all', 'strict', 'all'], ['fused-all', 'fused', 'all']];

describe.each(BUILDS)('the %s build as a module', (name, profile, kernels) => {
  it('names its profile and the hash of its bytes, as the embedded one does', async () => {
    const hash = await sha256(await bytesOf(name));
    for (const lab of [await openLab({ module: await moduleOf(name) }), await openEdgeLab({ module: await moduleOf(name) }), await openLab({ profile, kernels })]) {
      expect([lab.profile, lab.wasmHash]).toEqual([profile, hash]);
    }
  });
  it('gives the embedded one’s digests', async () => {
    const cases = shippedCases.filter((one) => /^(matmul NN|random stream|Adam)$/.test(one.name));
    const [given, embedded] = [await openCore({ module: await moduleOf(name) }), await openCore({ profile })];
    for (const { run } of cases) expect(await run(given)).toBe(await run(embedded));
    expect(cases.length).toBe(3);
  });
  it('is refused where the other profile is asked for', async () => {
    const other = profile === 'strict' ? 'fused' : 'strict';
    await expect(openCore({ module: await moduleOf(name), profile: other })).rejects.toThrow(
      new TypeError(`module: expected a build of profile '${other}', got one of '${profile}'`),
    );
  });
});

it('a module with the core\'s kernels is refused where all are asked for', async () => {
  await expect(openCore({ module: await moduleOf('strict'), kernels: 'all' })).rejects.toThrow(
    new TypeError("module: expected a build with all kernels such as 'isolab/strict-all.wasm', got one with the core's"),
  );
  await expect(openCore({ kernels: 'most' as never })).rejects.toThrow(new TypeError(`kernels: expected 'core' or 'all', got "most"`));
});

it('a module handed in serves one thread', async () => {
  const { startThread } = nodeRuntime();
  await expect(openLab({ module: await moduleOf('strict'), threads: 2, startThread: startThread! })).rejects.toThrow(
    new TypeError('threads: expected 1 with a module handed in, which imports a memory of its own, got more; leave out the module'),
  );
});

describe('a module that is no build of this version', () => {
  const remedy = "module: expected 'isolab/strict.wasm', 'isolab/fused.wasm' or one of '-all' of this version, got ";
  it('of something else', async () => {
    const empty = await WebAssembly.compile(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0));
    await expect(openCore({ module: empty })).rejects.toThrow(new TypeError(`${remedy}a module of something else`));
  });
  it('of another version', async () => {
    const bytes = await bytesOf('strict');
    bytes[bytes.length - 1] ^= 1; // the last digit of the mark
    await expect(openEdgeLab({ module: await WebAssembly.compile(bytes) })).rejects.toThrow(new TypeError(`${remedy}a build of another version`));
  });
  it.each([[undefined, 'undefined'], [null, 'null'], [new Uint8Array(8), 'object'], ['strict.wasm', 'string']])('%j', (value, got) => {
    expect(() => identifyBuild(value as never)).toThrow(
      new TypeError(`module: expected a WebAssembly.Module such as the import of 'isolab/strict.wasm', got ${got}`),
    );
  });
  it('and an unknown profile', async () => {
    const refusal = new TypeError(`profile: expected 'strict' or 'fused', got "fast"`);
    await expect(openCoreFrom(async () => identifyBuild(await moduleOf('strict')), { profile: 'fast' as never })).rejects.toThrow(refusal);
  });
});

describe('a core with its own kernels only', () => {
  it('says of the others where they are', async () => {
    const [own, all] = [(await openCore()).kernels, (await openCore({ kernels: 'all' })).kernels] as unknown as Record<string, () => void>[];
    const others = Object.keys(all!).filter((name) => onlyInAll.some((family) => name.replace(/_f(32|64)$/, '') === family));
    expect(others.length).toBeGreaterThan(20);
    for (const name of others) {
      expect(() => own![name]!()).toThrow(new TypeError(`${name}: expected a core opened with { kernels: 'all' }, got one with the core's kernels only`));
    }
  });
  it('verifies the cases it has the kernels for', async () => {
    const [small, whole] = [casesFor(await openCore()), casesFor(await openCore({ kernels: 'all' }))];
    expect(whole).toBe(shippedCases);
    expect(small.length).toBeLessThan(whole.length);
    expect(small.some(({ name }) => /cholesky|aggregation|byzantine/i.test(name))).toBe(false);
  });
});

it('every build has an identity of its own', () => {
  expect(new Set(identities.map(({ mark }) => mark)).size).toBe(identities.length);
  expect(new Set(identities.map(({ sha256: hash }) => hash)).size).toBe(identities.length);
});

describe('the edge runtime', () => {
  it('has no files and says so', async () => {
    const { files, name, startThread, availableThreads } = edgeRuntime();
    expect([name, startThread, availableThreads()]).toEqual(['edge', undefined, 1]);
    expect([await files.size('a'), await files.isFolder('a'), await files.list('a')]).toEqual([undefined, false, []]);
    await expect(files.read('data/x')).rejects.toMatchObject({
      code: 'ENOENT', message: 'data/x: expected a file, got an edge runtime, which has none; hand bytes over instead of paths',
    });
    const bytes = new Uint8Array(1);
    const writes = { makeFolder: files.makeFolder('a'), writeWhole: files.writeWhole('a', bytes), append: files.append('a', bytes), truncate: files.truncate('a', 0), rename: files.rename('a', 'b'), remove: files.remove('a') };
    for (const [operation, refused] of Object.entries(writes)) {
      await expect(refused).rejects.toThrow(`${operation}: expected a runtime with a file system, got an edge runtime`);
    }
  });
});
