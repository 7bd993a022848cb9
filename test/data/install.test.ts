import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { gzipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { CATALOG, type CatalogEntry } from '../../src/data/catalog.js';
import { sha256 } from '../../src/core/index.js';
import { emnistFileNames, loadEmnist } from '../../src/data/emnist.js';
import { encodeIdxImages, encodeIdxLabels, IMAGE_PIXELS } from '../../src/data/idx.js';
import { installDataset } from '../../src/data/install.js';
import { verifyDataset } from '../../src/data/verify.js';
import { nodeRuntime } from '../../src/runtime/node.js';
import { sendFile, serve } from './file-server.js';
import { scratchFolder } from './scratch-folder.js';
import { buildZip, type Planned } from './zip-builder.js';

const { files } = nodeRuntime();
const EMNIST = CATALOG.find((entry) => entry.name === 'emnist') as CatalogEntry;

/** An archive shaped as EMNIST's own: both splits in `gzip/`, and members nobody wants. */
function smallEmnistZip(extra: Planned[] = []): Uint8Array {
  const members: Planned[] = [{ name: 'gzip/', bytes: new Uint8Array(0), stored: true }];
  for (const [split, first, classes] of [['balanced', 0, 47], ['letters', 1, 26]] as const) {
    for (const name of emnistFileNames(split)) {
      const bytes = name.includes('images')
        ? encodeIdxImages(new Uint8Array(classes * IMAGE_PIXELS).fill(9))
        : encodeIdxLabels(Uint8Array.from({ length: classes }, (_, index) => first + index));
      members.push({ name: `gzip/${name}.gz`, bytes: gzipSync(bytes, { mtime: 0 }) });
    }
  }
  return buildZip([...members, { name: 'gzip/emnist-digits-mapping.txt', bytes: new Uint8Array(9) }, ...extra]);
}

/** The catalog's entry with another archive behind it. */
async function entryFor(zip: Uint8Array, url: string): Promise<CatalogEntry> {
  return { ...EMNIST, downloads: [{ name: 'gzip.zip', size: zip.length, sha256: await sha256(zip), md5: '', mirrors: [`${url}/gzip.zip`] }] };
}

describe('an archive', () => {
  it('is fetched, unpacked, removed, loaded and known as official; a second time nothing is fetched', async () => {
    const root = await scratchFolder();
    const zip = smallEmnistZip();
    const server = await serve(sendFile(zip));
    const entry = await entryFor(zip, server.url);
    const installed = await installDataset(entry, root, { files });
    expect(installed.every((file) => file.fresh)).toBe(true);
    const expected = [...emnistFileNames('balanced'), ...emnistFileNames('letters')].map((name) => `${name}.gz`);
    expect(await readdir(`${root}/EMNIST/raw`)).toEqual(['SHA256SUMS', ...expected].sort());
    expect((await loadEmnist(files, 'letters', { cacheDir: root })).train.count).toBe(26);
    expect((await verifyDataset(files, 'emnist', { cacheDir: root })).map((result) => [result.split, result.ok, result.official])).toEqual([
      ['balanced', true, true],
      ['letters', true, true],
    ]);
    expect((await installDataset(entry, root, { files })).every((file) => !file.fresh)).toBe(true);
    expect(server.requests.length).toBe(1);
  });

  it('is fetched again when a file was changed or lost', async () => {
    const root = await scratchFolder();
    const zip = smallEmnistZip();
    const server = await serve(sendFile(zip));
    const entry = await entryFor(zip, server.url);
    const path = (await installDataset(entry, root, { files }))[1].path;
    const before = await readFile(path);
    await writeFile(path, gzipSync(encodeIdxLabels(new Uint8Array(47)), { mtime: 0 }));
    expect((await verifyDataset(files, 'emnist', { cacheDir: root }))[0]).toMatchObject({ ok: false, absent: false, problem: expect.stringContaining('got changed ones') });
    await installDataset(entry, root, { files });
    expect(Buffer.compare(await readFile(path), before)).toBe(0);
    await rm(path);
    await installDataset(entry, root, { files });
    expect(Buffer.compare(await readFile(path), before)).toBe(0);
  });

  it('with a member outside its folder unpacks nothing', async () => {
    const root = await scratchFolder();
    const zip = smallEmnistZip([{ name: '../../evil', bytes: new Uint8Array(3) }]);
    const server = await serve(sendFile(zip));
    await expect(installDataset(await entryFor(zip, server.url), root, { files })).rejects.toThrow(/member "\.\.\/\.\.\/evil": expected a file inside/);
    expect(await readdir(`${root}/EMNIST/raw`)).toEqual(['gzip.zip']);
    expect(await readdir(root)).toEqual(['EMNIST']);
  });
});

describe('the catalog', () => {
  it('holds whole facts', () => {
    for (const { downloads, archive, licence, attribution } of CATALOG) {
      for (const file of downloads) {
        expect(file.sha256).toMatch(/^[0-9a-f]{64}$/);
        expect(file.md5).toMatch(/^[0-9a-f]{32}$/);
        expect(file.size).toBeGreaterThan(0);
        expect(file.mirrors.length).toBeGreaterThan(1);
        for (const mirror of file.mirrors) expect(mirror).toMatch(new RegExp(`^https://.*/${file.name}$`));
      }
      expect([licence, attribution]).not.toContain('');
      for (const member of archive?.members ?? []) expect(member).toMatch(/^gzip\/emnist-(balanced|letters)-(train|test)-(images-idx3|labels-idx1)-ubyte\.gz$/);
    }
    expect(EMNIST.archive?.members.length).toBe(8);
  });
});
