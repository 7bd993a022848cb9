import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { servePage } from '../../src/cli/serve.js';
import { PAGE_HEADERS } from '../../src/web/headers.js';

let folder: string;
let server: Server;
let address: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'isolab-serve-'));
  await writeFile(join(folder, 'index.html'), '<title>page</title>');
  await writeFile(join(folder, 'main.js'), 'void 0;');
  await mkdir(join(folder, 'texts'));
  await writeFile(join(folder, 'texts/pairs.tsv'), 'one\tひとつ\n');
  server = await servePage({ page: folder, mnist: folder, port: 0, host: 'localhost' });
  address = `http://localhost:${(server.address() as { port: number }).port}`;
});
afterAll(async () => {
  server.close();
  await rm(folder, { recursive: true });
});

describe('isolab serve', () => {
  it.each([['/', 'text/html; charset=utf-8'], ['/main.js', 'text/javascript; charset=utf-8'], ['/mnist/main.js', 'text/javascript; charset=utf-8'], ['/texts/pairs.tsv', 'text/tab-separated-values; charset=utf-8']])('serves %s with every header', async (path, type) => {
    const response = await fetch(address + path);
    expect([response.status, response.headers.get('content-type')]).toEqual([200, type]);
    for (const [name, value] of Object.entries(PAGE_HEADERS)) expect(response.headers.get(name)).toBe(value);
    const head = await fetch(address + path, { method: 'HEAD' });
    expect([head.headers.get('content-length'), await head.text()]).toEqual([String((await response.arrayBuffer()).byteLength), '']);
  });

  it.each(['/../package.json', '/%2e%2e/package.json', '/missing.js', '/texts', '/texts/', '/mnist/../../etc/passwd'])('serves nothing else: %s', async (path) => {
    expect((await fetch(address + path)).status).toBe(404);
  });

  it('takes nothing', async () => {
    expect((await fetch(address, { method: 'POST', body: 'x' })).status).toBe(405);
  });

  it('allows scripts of its own and WebAssembly, and nothing else', () => {
    expect(PAGE_HEADERS['content-security-policy']).not.toMatch(/unsafe-inline|'unsafe-eval'|https?:|\*/);
  });

  it('says what is wrong with a port in use, or a page that is not built', async () => {
    const { port } = server.address() as { port: number };
    await expect(servePage({ page: folder, mnist: undefined, port, host: 'localhost' })).rejects.toThrow(new RegExp(`^--port: expected a port that can be listened to on localhost, got ${port}`));
    await expect(servePage({ page: join(folder, 'none'), mnist: undefined, port: 0, host: 'localhost' })).rejects.toThrow(/^serve: expected the built page in .*none, got none; npm run build:page makes it/);
  });
});
