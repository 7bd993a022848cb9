// npm run test:web: the lab page in Debian's Chromium and Firefox, driven for real, against the command line.
//   --browsers LIST     chromium, firefox (default: both)
//   --experiments LIST  whose one-minute presets are run (default: all)
//   --only LIST         some of presets,links,closed,sentences,compared,wrong,own,pause,static,missing,requests (default: all)
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { EXPERIMENTS, experimentNamed } from '../../dist/web/experiments/index.js';
import { findCommand } from '../engines/installed.mjs';
import * as checks from './checks.mjs';
import { Chromium } from './chromium.mjs';
import { Firefox } from './firefox.mjs';
import { serveHere, serveStatically } from './hosts.mjs';
import { firstOf } from './preparation.mjs';

const BROWSERS = { chromium: Chromium, firefox: Firefox };
const ALL = ['presets', 'links', 'closed', 'sentences', 'compared', 'wrong', 'own', 'pause', 'static', 'missing', 'requests'];
const names = EXPERIMENTS.map(({ name }) => name);

const { values: options } = parseArgs({
  options: { browsers: { type: 'string', default: 'chromium,firefox' }, experiments: { type: 'string', default: names.join(',') }, only: { type: 'string', default: ALL.join(',') } },
});
const only = new Set(options.only.split(','));
for (const name of only) if (!ALL.includes(name)) throw new Error(`--only: expected names among ${ALL.join(', ')}, got ${name}`);
const browsers = options.browsers.split(',').map((name) => {
  if (BROWSERS[name] === undefined) throw new Error(`--browsers: expected names among ${Object.keys(BROWSERS).join(', ')}, got ${name}`);
  return BROWSERS[name];
});
for (const { commands } of browsers) {
  if ((await findCommand(...commands)) === undefined) throw new Error(`expected one of ${commands.join(', ')} on this machine, got none; apt-get install chromium firefox-esr`);
}

const robust = experimentNamed('byzantine').resolve({ honest_size: 10, byzantine_size: 4, attack: 'sign-flip', rounds: 6, display_interval: 100, model: 'softmax' }, 'test');

/** A translator of seconds, on the pairs that the page carries. */
const brief = experimentNamed('translate train').resolve({ data: ['tatoeba-short.tsv'], vocab_size: 300, embed_size: 24, hidden_size: 24, epochs: 3, attention: 'residual', third_layer: 'encoder', lr: 0.01 }, 'test');

let failures = 0;
async function check(title, act) {
  const began = performance.now();
  try {
    const result = await act();
    console.log(`${title}: holds (${((performance.now() - began) / 1000).toFixed(0)} s)`);
    return result;
  } catch (error) {
    failures++;
    console.log(`${title}: FAILED: ${error.message}`);
    return undefined;
  }
}

const host = await serveHere();
const short = experimentNamed('splithead').resolve(checks.SHORT, 'test');
const commandLine = { config: short, ...(await checks.runCommandLine('splithead', short)) };
/** Long enough to be broken off: a few seconds. */
const longer = experimentNamed('splithead').resolve({ teacher_epochs: 2, student_epochs: 1 }, 'test');
const longerThere = only.has('pause') || only.has('closed') ? { config: longer, ...(await checks.runCommandLine('splithead', longer)) } : undefined;

const briefThere = only.has('sentences') || only.has('closed') ? { config: brief, ...(await checks.runCommandLine('translate train', brief)) } : undefined;

const links = new Map();
if (only.has('presets')) {
  for (const experiment of options.experiments.split(',')) {
    const { resolve, presets } = experimentNamed(experiment);
    const first = await firstOf(experiment);
    const there = await checks.runCommandLine(experiment, resolve(presets[1].values, 'preset'), { own: first?.offers });
    for (const Browser of browsers) {
      const link = await check(`${Browser.commands[0]}, ${experiment}, one minute: digest ${there.digest.slice(0, 12)} and files of the command line`, () => checks.checkRun(Browser, host, experiment, { preset: 1, first }, there));
      if (link !== undefined) links.set(`${Browser.commands[0]} ${experiment}`, { link, digest: there.digest, from: Browser, first });
    }
  }
}
if (only.has('links')) {
  if (links.size === 0) {
    for (const Browser of browsers) {
      const link = await check(`${Browser.commands[0]}: a short run`, () => checks.checkRun(Browser, host, 'splithead', { values: short }, commandLine));
      if (link !== undefined) links.set(Browser.commands[0], { link, digest: commandLine.digest, from: Browser });
    }
  }
  for (const [name, { link, digest, from, first }] of links) {
    const other = browsers.find((Browser) => Browser !== from) ?? from;
    await check(`the link of ${name} in ${other.commands[0]}: same bits`, () => checks.checkLink(other, link, digest, first));
  }
}

for (const Browser of browsers) {
  const name = Browser.commands[0];
  if (only.has('closed')) {
    const cases = [
      { experiment: 'splithead', config: longer, there: longerThere, part: 0.6 },
      { experiment: 'byzantine', config: robust, there: await checks.runCommandLine('byzantine', robust), part: 0.5 },
      { experiment: 'translate train', config: brief, there: briefThere, part: 0.5 },
    ];
    for (const { experiment, config, there, part } of cases) {
      const profile = await mkdtemp(join(tmpdir(), 'isolab-profile-'));
      await check(`${name}, ${experiment}, closed in mid-run and opened again: the identical end`, () => checks.checkClosed(Browser, host, profile, { experiment, values: config, commandLine: there, part }));
      await rm(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
    }
  }
  if (only.has('sentences')) await check(`${name}: sentences typed for a translator, also for one opened again: the command line's answers`, () => checks.checkSentences(Browser, host, briefThere));
  if (only.has('compared')) await check(`${name}: two runs laid over each other`, () => checks.checkComparison(Browser, host));
  if (only.has('wrong')) await check(`${name}: a wrong value, a wrong file, a file of 2 GB`, () => checks.checkWrongInput(Browser, host));
  if (only.has('own')) await check(`${name}: a LIBSVM file of one's own`, () => checks.checkOwnFile(Browser, host));
  if (only.has('pause')) await check(`${name}: pause, go on, stop, go on`, () => checks.checkPause(Browser, host, longerThere));
  if (only.has('static')) await check(`${name}: a static host, no shared memory, no network`, () => checks.checkStaticHost(Browser, serveStatically, commandLine));
}
if (only.has('missing')) {
  const none = /no WebAssembly, which/;
  if (browsers.includes(Chromium)) {
    await check('chromium without WebAssembly', () => checks.checkMissing(Chromium, host, { before: 'delete globalThis.WebAssembly' }, none));
    await check('chromium without SIMD', () => checks.checkMissing(Chromium, host, { more: ['--js-flags=--no-enable-sse4-1 --no-enable-ssse3'] }, /has no SIMD/));
  }
  if (browsers.includes(Firefox)) await check('firefox without WebAssembly', () => checks.checkMissing(Firefox, host, { preferences: { 'javascript.options.wasm': false } }, none));
}
if (only.has('requests') && browsers.includes(Chromium)) await check('chromium: no request to another origin', () => checks.checkRequests(Chromium, host, short));

await host.close();
console.log(failures === 0 ? 'web: all checks hold' : `web: ${failures} failures`);
process.exit(failures === 0 ? 0 : 1);
