// `isolab serve`: the lab page on this machine, with the headers that let its workers share memory.
import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { fileURLToPath } from 'node:url';
import { Command, Option } from 'commander';
import { PAGE_HEADERS } from '../web/headers.js';
import type { CliContext } from './context.js';
import { UsageError } from './usage-error.js';

const TYPES: Readonly<Record<string, string>> = { html: 'text/html; charset=utf-8', js: 'text/javascript; charset=utf-8', css: 'text/css; charset=utf-8', svg: 'image/svg+xml', tsv: 'text/tab-separated-values; charset=utf-8', txt: 'text/plain; charset=utf-8' };

const typeOf = (path: string) => TYPES[path.slice(path.lastIndexOf('.') + 1)] ?? 'application/octet-stream';

async function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => []);
}

/** Addresses and the files behind them: all that is ever read. @throws Error when the page has not been built */
async function servedFiles(page: string, mnist: string | undefined): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  for (const name of await namesIn(page)) if (name !== 'texts') files.set(`/${name}`, `${page}/${name}`);
  const index = files.get('/index.html');
  if (index === undefined) throw new Error(`serve: expected the built page in ${page}, got none; npm run build:page makes it`);
  files.set('/', index);
  for (const [below, folder] of [['texts', `${page}/texts`], ['mnist', mnist]] as const) {
    if (folder !== undefined) for (const name of await namesIn(folder)) files.set(`/${below}/${name}`, `${folder}/${name}`);
  }
  return files;
}

async function answer(files: ReadonlyMap<string, string>, { method, url = '/' }: IncomingMessage, response: ServerResponse): Promise<void> {
  for (const [name, value] of Object.entries(PAGE_HEADERS)) response.setHeader(name, value);
  const path = files.get(url.split('?')[0]!);
  if (method !== 'GET' && method !== 'HEAD') return void response.writeHead(405, { allow: 'GET, HEAD' }).end();
  if (path === undefined) return void response.writeHead(404, { 'content-type': 'text/plain' }).end('expected a file of the page, got no such name\n');
  const { size } = await stat(path);
  response.writeHead(200, { 'content-type': typeOf(path), 'content-length': size, 'cache-control': 'no-cache' });
  if (method === 'HEAD') return void response.end();
  createReadStream(path).on('error', (error) => response.destroy(error)).pipe(response);
}

/**
 * Serves the page until the server is closed.
 * @param page folder of its files
 * @param mnist folder of MNIST's files, served below /mnist/
 * @param port 0 for any that is free
 * @throws UsageError for a port that cannot be had; Error when the page has not been built
 */
export async function servePage({ page, mnist, port, host }: { page: string; mnist: string | undefined; port: number; host: string }): Promise<Server> {
  const files = await servedFiles(page, mnist);
  const server = createServer((request, response) => {
    answer(files, request, response).catch((error: Error) => response.writeHead(500, { 'content-type': 'text/plain' }).end(`${error.message}\n`));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(new UsageError(`--port: expected a port that can be listened to on ${host}, got ${port} (${error.message})`)));
    server.listen(port, host, resolve);
  });
  return server;
}

function parsePort(given: string): number {
  if (/^\d{1,5}$/.test(given) && Number(given) <= 65_535) return Number(given);
  throw new UsageError(`--port: expected a whole number from 0 to 65535, got ${JSON.stringify(given)}`);
}

/** `isolab serve` */
export function serveCommand(context: CliContext): Command {
  return new Command('serve')
    .description('the lab page on this machine: run, watch, compare and share experiments in a browser')
    .addOption(new Option('--port <N>', 'port; 0 for any that is free').default('8765'))
    .addOption(new Option('--host <NAME>', 'address to listen to; other machines reach 0.0.0.0, but browsers give shared memory to localhost and https alone').default('localhost'))
    .action(async ({ port, host }: { port: string; host: string }) => {
      const server = await servePage({ page: fileURLToPath(new URL('../page', import.meta.url)), mnist: context.packagedMnistDir, port: parsePort(port), host });
      const address = server.address() as { port: number };
      context.stdout(`http://${host}:${address.port}/\n`);
      context.stderr('serving the page until it is interrupted (Ctrl-C)\n');
      await new Promise((resolve) => server.once('close', resolve));
    });
}
