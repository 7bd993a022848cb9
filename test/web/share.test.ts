import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareBits, fragmentOf, runOfFragment } from '../../src/web/page/share.js';

const setting = { profile: 'strict' as const, wasmHash: 'a'.repeat(64), dataHash: 'b'.repeat(64) };
const shared = { experiment: 'splithead', config: { seed: 7, teacher_init: 'A,A,random,B' }, digest: 'c'.repeat(64), setting };
const cut = (await fragmentOf(shared)).slice(0, 60);

describe('a link to a run', () => {
  it('carries any configuration, in characters that an address may have', async () => {
    await fc.assert(fc.asyncProperty(fc.dictionary(fc.string(), fc.jsonValue({ noUnicodeString: false })), async (values) => {
      const config = JSON.parse(JSON.stringify(values)) as Record<string, unknown>;
      const fragment = await fragmentOf({ ...shared, config });
      expect(fragment).toMatch(/^#run=[A-Za-z0-9_-]+$/);
      expect(await runOfFragment(fragment)).toEqual({ ...shared, config });
    }));
  });

  it('is none where the address has no such fragment', async () => {
    for (const fragment of ['', '#', '#section']) expect(await runOfFragment(fragment)).toBeUndefined();
  });

  it.each(['#run=', '#run=%%%', cut, '#run=q80', `#run=${'A'.repeat(200_000)}`])('is refused with a sentence when it is cut or made up: %.40s', async (fragment) => {
    await expect(runOfFragment(fragment)).rejects.toThrow(/^link: expected a shared run/);
  });
});

describe('a link that would grow beyond any run', () => {
  it('is refused before it has grown', async () => {
    const large = await fragmentOf({ ...shared, config: { text: ' '.repeat(2_000_000) } });
    expect(large.length).toBeLessThan(10_000);
    await expect(runOfFragment(large)).rejects.toThrow(/^link: expected a shared run, got one that cannot be read \(more than 1000000 bytes\)/);
  });
});

describe('what is said of a run that was shared', () => {
  it('is that the bits are the same', () => {
    expect(compareBits(shared, shared.digest, { ...setting, wasmHash: 'other' })).toEqual({ same: true, sentence: expect.stringMatching(/^Same bits/) });
  });
  it.each([['profile', 'fused', /the profile: there strict, here fused/], ['wasmHash', 'd'.repeat(64), /the core \(.wasm hash\): there aaaaaaaaaaaa, here dddddddddddd/], ['dataHash', 'e'.repeat(64), /the data: there bbbb/]])(
    'names what differs: %s', (name, value, words) => {
      expect(compareBits(shared, 'f'.repeat(64), { ...setting, [name]: value }).sentence).toMatch(words);
    });
  it.each([
    [undefined, 'webgpu', /^Other bits than were shared, since these differ: the backend: there core, here webgpu\.$/],
    ['wasm', undefined, /the backend: there wasm, here core/],
  ])('names the backend: %s and %s', (there, here, words) => {
    const expected = { digest: shared.digest, setting: { ...setting, ...(there === undefined ? {} : { backend: there }) } };
    expect(compareBits(expected, 'f'.repeat(64), { ...setting, ...(here === undefined ? {} : { backend: here }) }).sentence).toMatch(words);
  });
  it('asks for a report where nothing differs but the bits', () => {
    expect(compareBits(shared, 'f'.repeat(64), setting)).toEqual({ same: false, sentence: expect.stringMatching(/cccccccccccc there, ffffffffffff here. Please report/) });
  });
});
