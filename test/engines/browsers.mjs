// A local server that hands out the bundle, the page and MNIST, and takes a page's reports; and
// headless browsers that open the page.
import { spawn } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const PAGE = `<!doctype html><meta charset="utf-8"><title>engine test</title><script type="module">
const post = (path, value) => fetch(path, { method: 'POST', body: JSON.stringify(value) });
try {
  const { runJob } = await import('/cases.js');
  for (const job of JSON.parse(decodeURIComponent(location.hash.slice(1)))) {
    await post('/report' + location.search, { job, report: await runJob(job, location.origin + '/') });
  }
  await post('/done' + location.search, {});
} catch (error) {
  await post('/done' + location.search, { error: String(error && error.stack || error) });
}
</script>`;

async function bodyOf(request) {
  const parts = [];
  for await (const part of request) parts.push(part);
  return JSON.parse(Buffer.concat(parts).toString('utf8'));
}

/** Serves until closed. `sessions` maps a page's key to its callbacks. */
export async function startServer(bundle, mnistFolder) {
  const sessions = new Map();
  const server = createServer(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url, 'http://localhost');
    const session = sessions.get(searchParams.get('key'));
    if (request.method === 'POST') {
      const body = await bodyOf(request);
      session?.(pathname.slice(1), body);
      return response.end();
    }
    if (pathname === '/') return response.setHeader('content-type', 'text/html').end(PAGE);
    if (pathname === '/cases.js') return response.setHeader('content-type', 'text/javascript').end(await readFile(bundle));
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
 * Opens the page in a headless browser and collects its reports.
 * @param more arguments after the usual ones
 */
export async function runInBrowser(kind, command, server, jobs, timeoutSeconds, more = []) {
  const profile = await mkdtemp(join(tmpdir(), `isolab-${kind}-`));
  const key = `${kind}-${process.pid}`;
  const url = `${server.address}?key=${key}#${encodeURIComponent(JSON.stringify(jobs))}`;
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
