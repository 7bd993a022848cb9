// A local server that hands out the bundle, the page and MNIST, and takes a page's reports; and
// headless browsers that open the page.
import { spawn } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Hands the jobs to a worker, since a page's own thread may not wait, and posts what it says to the server. */
const PAGE = `<!doctype html><meta charset="utf-8"><title>engine test</title><script type="module">
const post = (path, value) => fetch(path + location.search, { method: 'POST', body: JSON.stringify(value) });
const worker = new Worker('/page-worker.js', { type: 'module' });
let posted = Promise.resolve();
worker.onmessage = ({ data }) => {
  posted = posted.then(() => (data.report ? post('/report', data.report) : post('/done', data)));
};
worker.onerror = (event) => post('/done', { error: event.message ?? 'the worker could not be loaded' });
worker.postMessage({ jobs: JSON.parse(decodeURIComponent(location.hash.slice(1))), address: location.origin + '/' });
</script>`;

/** Runs a short experiment as a page of a user's would. */
const EXPERIMENT = `<!doctype html><meta charset="utf-8"><title>experiment</title><script type="module">
const post = (path, value) => fetch(path + location.search, { method: 'POST', body: JSON.stringify(value) });
try {
  const { runShort } = await import('/page-experiment.js');
  await post('/report', await runShort());
  await post('/done', {});
} catch (error) {
  await post('/done', { error: String(error && error.stack || error) });
}
</script>`;

/** What makes a page cross-origin isolated, so that its workers may share memory. */
const ISOLATION = { 'cross-origin-opener-policy': 'same-origin', 'cross-origin-embedder-policy': 'require-corp' };

async function bodyOf(request) {
  const parts = [];
  for await (const part of request) parts.push(part);
  return JSON.parse(Buffer.concat(parts).toString('utf8'));
}

/** Serves until closed. `sessions` maps a page's key to its callbacks. Only the page at / is isolated, not the one at /plain. */
export async function startServer(bundleFolder, mnistFolder) {
  const sessions = new Map();
  const server = createServer(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url, 'http://localhost');
    const session = sessions.get(searchParams.get('key'));
    if (request.method === 'POST') {
      const body = await bodyOf(request);
      session?.(pathname.slice(1), body);
      return response.end();
    }
    const isolated = !(request.headers.referer ?? request.url).includes('/plain');
    if (isolated) for (const [name, value] of Object.entries(ISOLATION)) response.setHeader(name, value);
    if (pathname === '/experiment') return response.setHeader('content-type', 'text/html').end(EXPERIMENT);
    if (pathname === '/' || pathname === '/plain') return response.setHeader('content-type', 'text/html').end(PAGE);
    if (pathname.endsWith('.js')) return response.setHeader('content-type', 'text/javascript').end(await readFile(join(bundleFolder, pathname)));
    const path = join(mnistFolder, pathname.replace(/^\/mnist\//, ''));
    const size = pathname.startsWith('/mnist/') ? await stat(path).then((found) => found.size, () => undefined) : undefined;
    if (size === undefined) return response.writeHead(404).end();
    response.setHeader('content-length', size);
    if (request.method === 'HEAD') return response.end();
    return createReadStream(path).pipe(response);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { address: `http://127.0.0.1:${server.address().port}/`, sessions, close: () => server.close() };
}

const ARGUMENTS = {
  chromium: (profile, url) => [
    '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync', `--user-data-dir=${profile}`, url,
  ],
  firefox: (profile, url) => ['--headless', '--no-remote', '--profile', profile, url],
};

/**
 * Opens a page in a headless browser and collects its reports.
 * @param options.page the page's path; default the one that runs the cases
 * @param options.more arguments after the usual ones
 */
export async function runInBrowser(kind, command, server, jobs, timeoutSeconds, { page = '', more = [] } = {}) {
  const profile = await mkdtemp(join(tmpdir(), `isolab-${kind}-`));
  const key = `${kind}-${process.pid}-${page}`;
  const url = `${server.address}${page}?key=${key}#${encodeURIComponent(JSON.stringify(jobs))}`;
  const child = spawn(command, [...more, ...ARGUMENTS[kind](profile, url)], { stdio: 'ignore', env: { ...process.env, HOME: profile, MOZ_HEADLESS: '1' } });
  const reports = [];
  try {
    await new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`${kind}: no answer within ${timeoutSeconds} s`)), timeoutSeconds * 1000);
      const settle = (act) => {
        clearTimeout(timer);
        act();
      };
      child.on('error', (error) => settle(() => reject(error)));
      child.on('exit', (code) => settle(() => reject(new Error(`${kind}: ended with code ${code} before its page was done`))));
      server.sessions.set(key, (what, body) => {
        if (what === 'report') reports.push(body);
        else if (body.error !== undefined) settle(() => reject(new Error(`${kind}: ${body.error}`)));
        else settle(resolve);
      });
    });
  } finally {
    server.sessions.delete(key);
    child.removeAllListeners('exit');
    child.kill('SIGKILL');
    await rm(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 }).catch(() => {});
  }
  return reports;
}
