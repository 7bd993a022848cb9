// The page's figures in Chromium: first plotted point, the default split-head run beside the command line's with the same threads,
// frame times and memory while it runs: node test/web/figures.mjs. The machine should be otherwise idle.
import process from 'node:process';
import { experimentNamed } from '../../dist/web/experiments/index.js';
import { Chromium } from './chromium.mjs';
import { runCommandLine } from './command-line.mjs';
import { serveHere } from './hosts.mjs';
import { LabReader } from './page-driver.mjs';

const host = await serveHere();
const browser = await Chromium.open();
const reader = new LabReader(browser);

/** Milliseconds from the page's opening to the first point in any plot, and in that of losses; MNIST is fetched from the server. */
async function firstPoint() {
  await reader.open(host.address);
  return browser.evaluate(() => new Promise((resolve) => {
    document.getElementById('run').click();
    let any;
    const look = () => {
      if (document.querySelector('.plot svg') !== null) any ??= performance.now();
      if (document.querySelector('#panel-loss svg') === null) requestAnimationFrame(look);
      else resolve({ any, loss: performance.now() });
    };
    look();
  }));
}

/** Frame times from now to the end of the run. */
const watchFrames = () => browser.evaluate(() => {
  globalThis.frames = [];
  let before = performance.now();
  const tick = (now) => {
    globalThis.frames.push(now - before);
    before = now;
    if (document.getElementById('digest') === null) requestAnimationFrame(tick);
  };
  requestAnimationFrame(tick);
  return Promise.resolve();
});

async function heapMegabytes() {
  await browser.send('HeapProfiler.collectGarbage');
  const { usedSize } = await browser.send('Runtime.getHeapUsage');
  return usedSize / 1e6;
}

const partDone = (least) => Promise.resolve(document.querySelector('.run progress').value > least || document.getElementById('digest') !== null);

try {
  const first = await firstPoint();
  console.log(`first plotted point: ${(first.any / 1000).toFixed(2)} s after the page was opened, the first loss ${(first.loss / 1000).toFixed(2)} s`);
  await watchFrames();
  await reader.until('a fifth of the run', partDone, 600, 0.2);
  const early = await heapMegabytes();
  await reader.until('nine tenths of the run', partDone, 600, 0.9);
  const late = await heapMegabytes();
  const digest = await reader.finish(900);
  const frames = (await browser.evaluate(() => Promise.resolve(globalThis.frames))).sort((a, b) => a - b);
  console.log(`frame times: median ${frames[frames.length >> 1].toFixed(1)} ms, 95th percentile ${frames[Math.floor(0.95 * frames.length)].toFixed(1)} ms, longest ${frames.at(-1).toFixed(0)} ms (${frames.length} frames)`);
  console.log(`page's heap: ${early.toFixed(1)} MB after a fifth of the run, ${late.toFixed(1)} MB after nine tenths`);
  const experiment = experimentNamed('splithead');
  const ratios = [];
  for (let round = 0; round < 2; round++) {
    const there = await runCommandLine('splithead', experiment.resolve({}, 'defaults'));
    if (there.digest !== digest) throw new Error(`digest: expected the command line's ${there.digest}, got ${digest}`);
    await reader.open(host.address);
    const began = performance.now();
    await reader.run(900);
    ratios.push((performance.now() - began) / 1000 / there.seconds);
    console.log(`the whole run, opening the core and the data with it: page ${((performance.now() - began) / 1000).toFixed(1)} s, command line ${there.seconds.toFixed(1)} s, ratio ${ratios.at(-1).toFixed(2)}`);
  }
} finally {
  await browser.close();
  await host.close();
}
process.exit(0);
