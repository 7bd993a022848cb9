import { readdir, readFile, writeFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { gzipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import type { DownloadFile } from '../../src/data/catalog.js';
import { sha256 } from '../../src/core/index.js';
import { fetchFile, type FetchOptions } from '../../src/data/fetch.js';
import { receiveBody } from '../../src/data/receive.js';
import { nodeRuntime } from '../../src/runtime/node.js';
import { type FileServer, sendFile, sendPart, serve } from './file-server.js';
import { scratchFolder } from './scratch-folder.js';

const { files } = nodeRuntime();
const BYTES = Uint8Array.from({ length: 300_000 }, (_, index) => (index * 2654435761) >>> 24);
const OTHER = BYTES.map((byte) => byte ^ 1);

/** The file as the catalog would describe it, at these addresses. */
async function fileAt(...mirrors: string[]): Promise<DownloadFile> {
  return { name: 'data.gz', size: BYTES.length, sha256: await sha256(BYTES), md5: '', mirrors: mirrors.map((mirror) => `${mirror}/data.gz`) };
}

/** Fetches, and returns what happened and what lies in the folder. */
async function attempt(file: DownloadFile, folder: string, options: Partial<FetchOptions> = {}) {
  const notices: string[] = [];
  const received: number[] = [];
  const outcome = await fetchFile(file, folder, { files, onNotice: (text) => notices.push(text), onProgress: (event) => received.push(event.received), ...options }).then(
    (fetched) => ({ fetched, error: undefined }),
    (error: Error) => ({ fetched: undefined, error }),
  );
  return { ...outcome, notices, received, left: (await readdir(folder)).sort() };
}

/** Drops the connection whenever so many bytes more have come through, so that the test knows what arrived. */
function dropEvery(bytes: number, server: () => FileServer): Partial<FetchOptions> {
  return { onProgress: ({ received }) => void (received % bytes === 0 && received < BYTES.length && server().drop()) };
}

async function expectWhole(folder: string): Promise<void> {
  // Compared as a whole: vitest takes seconds to compare this many elements one by one.
  expect(Buffer.compare(await readFile(`${folder}/data.gz`), BYTES)).toBe(0);
}

describe('a good server', () => {
  it('gives the file, once', async () => {
    const folder = await scratchFolder();
    const server = await serve(sendFile(BYTES));
    const first = await attempt(await fileAt(server.url), folder);
    expect(first.error).toBeUndefined();
    expect([first.fetched?.downloaded, first.fetched?.url, first.received.at(-1)]).toEqual([true, `${server.url}/data.gz`, BYTES.length]);
    expect(first.left).toEqual(['data.gz']);
    await expectWhole(folder);
    expect((await attempt(await fileAt(server.url), folder)).fetched?.downloaded).toBe(false);
    expect(server.requests).toEqual(['/data.gz']);
  });

  it('makes good a damaged file under the final name', async () => {
    const folder = await scratchFolder();
    await writeFile(`${folder}/data.gz`, OTHER);
    const server = await serve(sendFile(BYTES));
    expect((await attempt(await fileAt(server.url), folder)).fetched?.downloaded).toBe(true);
    await expectWhole(folder);
  });

  it('is found after mirrors that fail, and mirrors given by the caller come first', async () => {
    const folder = await scratchFolder();
    const missing = await serve((_, response) => response.writeHead(404).end('no'));
    const server = await serve(sendFile(BYTES));
    const { fetched, notices } = await attempt(await fileAt('http://127.0.0.1:1', server.url), folder, { mirrors: [`${missing.url}/base/`] });
    expect(fetched?.url).toBe(`${server.url}/data.gz`);
    expect(missing.requests).toEqual(['/base/data.gz']);
    expect(notices[0]).toBe(`data.gz: ${missing.url}/base/data.gz: expected HTTP 200, got 404 Not Found`);
    expect(notices[1]).toMatch(/^data\.gz: http:\/\/127\.0\.0\.1:1\/data\.gz: fetch failed/);
  });
});

describe('resuming', () => {
  it('continues after a dropped connection, with the ETag as a condition', async () => {
    const folder = await scratchFolder();
    let calls = 0;
    const server = await serve((request, response) => (calls++ === 0 ? sendPart(BYTES, 100_000) : sendFile(BYTES))(request, response));
    const { fetched, notices, left } = await attempt(await fileAt(server.url), folder, dropEvery(100_000, () => server));
    expect(fetched?.downloaded).toBe(true);
    expect(server.requests).toEqual(['/data.gz', '/data.gz bytes=100000- "one"']);
    expect(notices).toEqual([expect.stringMatching(/; trying again from byte 100000$/)]);
    expect(left).toEqual(['data.gz']);
    await expectWhole(folder);
  });

  it('continues in another process: what arrived is kept when every try fails', async () => {
    const folder = await scratchFolder();
    const dropping = await serve(sendPart(BYTES, 50_000));
    const first = await attempt(await fileAt(dropping.url), folder, dropEvery(50_000, () => dropping));
    expect(first.error?.message).toMatch(/^data\.gz: expected one of 1 mirrors to send it, got: http.*; try again, pass --mirror URL, or put the file into /);
    expect(first.left).toEqual(['data.gz.partial', 'data.gz.partial.json']);
    expect((await readFile(`${folder}/data.gz.partial`)).length).toBe(150_000);
    const server = await serve(sendFile(BYTES));
    expect((await attempt(await fileAt(server.url), folder)).left).toEqual(['data.gz']);
    // Another server: its ETag says nothing about the bytes on disk, so none is sent.
    expect(server.requests).toEqual(['/data.gz bytes=150000-']);
    await expectWhole(folder);
  });

  it('starts anew when the ETag has changed', async () => {
    const folder = await scratchFolder();
    let calls = 0;
    const server = await serve((request, response) => (calls++ === 0 ? sendPart(OTHER, 100_000, '"old"') : sendFile(BYTES, '"new"'))(request, response));
    const { fetched, notices } = await attempt(await fileAt(server.url), folder, dropEvery(100_000, () => server));
    expect(fetched?.downloaded).toBe(true);
    expect(notices.at(-1)).toBe(`data.gz: ${server.url}/data.gz sends the whole file again, starting anew`);
    await expectWhole(folder);
  });

  it('starts anew with a server that knows no ranges', async () => {
    const folder = await scratchFolder();
    await writeFile(`${folder}/data.gz.partial`, BYTES.subarray(0, 1000));
    const server = await serve((_, response) => response.end(BYTES));
    expect((await attempt(await fileAt(server.url), folder)).error).toBeUndefined();
    expect(server.requests).toEqual(['/data.gz bytes=1000-']);
    await expectWhole(folder);
  });

  it.each([
    ['416', (response: ServerResponse) => response.writeHead(416).end()],
    ['another total', (response: ServerResponse) => response.writeHead(206, { 'content-range': 'bytes 1000-9/10' }).end()],
    ['another start', (response: ServerResponse) => response.writeHead(206, { 'content-range': `bytes 7-299999/${BYTES.length}` }).end()],
  ])('starts anew after %s', async (_, refuse) => {
    const folder = await scratchFolder();
    await writeFile(`${folder}/data.gz.partial`, BYTES.subarray(0, 1000));
    const server = await serve((request, response) => (request.headers.range === undefined ? sendFile(BYTES)(request, response) : refuse(response)));
    const { error, notices } = await attempt(await fileAt(server.url), folder);
    expect(error).toBeUndefined();
    expect(notices).toEqual([`data.gz: ${server.url}/data.gz cannot continue at byte 1000, starting anew`]);
    await expectWhole(folder);
  });

  it('drops the wrong bytes of an earlier run and tries the same mirror once more', async () => {
    const folder = await scratchFolder();
    await writeFile(`${folder}/data.gz.partial`, OTHER.subarray(0, 1000));
    await writeFile(`${folder}/data.gz.partial.json`, 'not json');
    const server = await serve(sendFile(BYTES));
    expect((await attempt(await fileAt(server.url), folder)).left).toEqual(['data.gz']);
    expect(server.requests).toEqual(['/data.gz bytes=1000-', '/data.gz']);
    await expectWhole(folder);
  });

  it('only checks a partial file that is already whole, and removes one that is too long', async () => {
    const [folder, second] = [await scratchFolder(), await scratchFolder()];
    await writeFile(`${folder}/data.gz.partial`, BYTES);
    await writeFile(`${second}/data.gz.partial`, new Uint8Array(BYTES.length + 1));
    const server = await serve(sendFile(BYTES));
    expect((await attempt(await fileAt(server.url), folder)).left).toEqual(['data.gz']);
    expect(server.requests).toEqual([]);
    expect((await attempt(await fileAt(server.url), second)).left).toEqual(['data.gz']);
    expect(server.requests).toEqual(['/data.gz']);
  });
});

describe('a bad server leaves nothing under the final name', () => {
  it('wrong checksum', async () => {
    const folder = await scratchFolder();
    const server = await serve(sendFile(OTHER));
    const { error, left } = await attempt(await fileAt(server.url), folder);
    expect(error?.message).toContain(`expected sha256 ${await sha256(BYTES)}, got ${await sha256(OTHER)}`);
    expect(left).toEqual([]);
    expect(server.requests.length).toBe(1);
  });

  it('more bytes than the file has: refused by its length, or cut off while streaming', async () => {
    const folder = await scratchFolder();
    const longer = Uint8Array.from([...BYTES, 1]);
    const honest = await serve(sendFile(longer));
    expect((await attempt(await fileAt(honest.url), folder)).error?.message).toContain('expected 300000 bytes, got an answer of 300001');
    let sent = 0;
    const endless = await serve((_, response) => {
      const more = (): void => {
        while (!response.destroyed && response.write(BYTES)) sent += BYTES.length;
        if (!response.destroyed) response.once('drain', more);
      };
      more();
    });
    const { error, left } = await attempt(await fileAt(endless.url), folder);
    expect(error?.message).toContain('expected 300000 bytes, got more; the rest was not read');
    expect(left.filter((name) => !name.endsWith('.json'))).toEqual([]);
    expect(sent).toBeLessThan(100 * BYTES.length);
  });

  it('fewer bytes without a word', async () => {
    const folder = await scratchFolder();
    const server = await serve((_, response) => {
      response.write(BYTES.subarray(0, 10));
      response.end();
    });
    expect((await attempt(await fileAt(server.url), folder)).error?.message).toContain('expected 300000 bytes, got 10 before the connection ended');
  });

  it('silence, before the headers and in the middle', async () => {
    const folder = await scratchFolder();
    const mute = await serve(() => {});
    const stalling = await serve((_, response) => {
      response.writeHead(200, { 'content-length': BYTES.length });
      response.write(BYTES.subarray(0, 5));
    });
    for (const { url } of [mute, stalling]) {
      const { error } = await attempt(await fileAt(url), folder, { stallMilliseconds: 150 });
      expect(error?.message).toContain('expected more bytes within 0.15 s, got none');
    }
    expect(await readdir(folder)).not.toContain('data.gz');
  });

  it('a file packed once more on its way is not taken for the file', async () => {
    const folder = await scratchFolder();
    const server = await serve((_, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' });
      response.end(gzipSync(OTHER));
    });
    expect((await attempt(await fileAt(server.url), folder)).error?.message).toContain('expected sha256');
  });

  it('is asked for bytes as they are stored', async () => {
    const folder = await scratchFolder();
    const encodings: unknown[] = [];
    const server = await serve((request, response) => {
      encodings.push(request.headers['accept-encoding']);
      sendFile(BYTES)(request, response);
    });
    await attempt(await fileAt(server.url), folder);
    expect(encodings).toEqual(['identity']);
  });

  it('another process that writes the same partial file is noticed before its bytes are mixed with ours', async () => {
    const folder = await scratchFolder();
    await writeFile(`${folder}/data.gz.partial`, 'theirs');
    const receiver = { files, path: `${folder}/data.gz.partial`, from: 0, size: BYTES.length, onBytes: () => {} };
    await expect(receiveBody(new Response(BYTES), receiver)).rejects.toThrow('data.gz.partial: expected 0 bytes, got 6; another process is writing it');
    expect(await readFile(`${folder}/data.gz.partial`, 'utf8')).toBe('theirs');
  });

  it('the disk is full: the error says so, and the final name stays free', async () => {
    const folder = await scratchFolder();
    const server = await serve(sendFile(BYTES));
    const full = { ...files, append: () => Promise.reject(new Error('ENOSPC: no space left on device')) };
    const { error, left } = await attempt(await fileAt(server.url), folder, { files: full });
    expect(error?.message).toContain('ENOSPC');
    expect(left).not.toContain('data.gz');
  });
});
