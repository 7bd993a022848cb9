// Runs the agreement cases in headless Chromium and prints its report as JSON: browser.mjs BACKEND PACKAGES_FOLDER
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import { runInBrowser, startServer } from '../engines/browsers.mjs';

const [backend, packages] = process.argv.slice(2);
const folder = await mkdtemp(join(tmpdir(), 'isolab-page-'));
const bundle = join(folder, 'page-worker.js');
const input = join(dirname(fileURLToPath(import.meta.url)), 'page.mjs');
const build = await rolldown({ input, platform: 'browser', logLevel: 'silent', resolve: { modules: [join(packages, 'node_modules'), 'node_modules'] } });
await build.write({ file: bundle, format: 'esm', codeSplitting: false });
const server = await startServer(folder, folder);
try {
  const software = ['--use-gl=angle', '--use-angle=swiftshader', '--enable-unsafe-swiftshader', '--ignore-gpu-blocklist'];
  const [report] = await runInBrowser('chromium', 'chromium', server, [backend], 200, { more: software });
  console.log(JSON.stringify(report));
} finally {
  server.close();
  await rm(folder, { recursive: true, force: true });
}
