// Milliseconds of one step of Byzantine SGD (H = 50, B = 20, batch 5, the notebook's model), one thread, beside PyTorch running
// the notebook's code. Both draw their own samples; a step is data, gradients, attack, rule and update.
//     node bench/byzantine.mjs [--steps N] [--runs N] [--rules mean,gm,krum,median] [--attacks none,max,zero,white]
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { openCore } from '../dist/core/index.js';
import { loadMnist } from '../dist/data/index.js';
import { resolveByzantineConfig, runByzantine } from '../dist/experiments/byzantine/index.js';
import { nodeRuntime, packagedMnistFolder } from '../dist/runtime/node.js';
import { describeMachine, printMachine, summarize } from './measure.mjs';
import { loadTorch, torchEnvironment } from './peers.mjs';

const PROJECT = fileURLToPath(new URL('..', import.meta.url));
const execute = promisify(execFile);
const RULES = { mean: 'mean', gm: 'gm:variant=notebook', krum: 'krum', median: 'median' };
const ATTACKS = { none: 'none', max: 'max-value', zero: 'zero-gradient', white: 'white' };
/** How many times faster a step has to be. */
const BARS = { mean: { none: 10, max: 10, zero: 10, white: 5 }, others: { none: 20, max: 20, zero: 20, white: 10 } };

const { values: options } = parseArgs({
  options: {
    steps: { type: 'string', default: '30' }, runs: { type: 'string', default: '3' },
    rules: { type: 'string', default: Object.keys(RULES).join() }, attacks: { type: 'string', default: Object.keys(ATTACKS).join() },
  },
});
const steps = Number(options.steps);

/** Median milliseconds of a step in PyTorch. */
async function timeTorch({ python }, rule, attack) {
  const words = [join(PROJECT, 'test/reference/byzantine.py'), '--timing', '--timing-steps', String(steps), '--aggregator', rule, '--attack', attack, '--threads', '1'];
  const { stdout } = await execute(python, words, { env: { ...process.env, ...torchEnvironment(1) } });
  return JSON.parse(stdout.trim().split('\n').at(-1)).step_milliseconds_median;
}

/** Milliseconds of a step of ours: of spans of 50 steps, the median. */
async function timeOurs(core, pair, rule, attack) {
  const config = resolveByzantineConfig({ aggregator: RULES[rule], attack: ATTACKS[attack], rounds: 1, display_interval: 50 * Math.max(3, Math.ceil(steps / 10)) });
  const spans = [];
  let before;
  for await (const event of runByzantine(core, config, { kind: 'images', pair })) {
    if (event.type !== 'progress') continue;
    const now = performance.now();
    if (before !== undefined) spans.push((now - before) / 50);
    before = now;
  }
  return summarize(spans).median;
}

printMachine(describeMachine());
const torch = await loadTorch();
if (torch === undefined) throw new Error("bench/byzantine.mjs: expected Debian's python3-torch and python3-torchvision, got none");
const core = await openCore({ kernels: 'all' });
const pair = await loadMnist(nodeRuntime().files, { packagedDir: packagedMnistFolder() });
for (const rule of options.rules.split(',')) {
  for (const attack of options.attacks.split(',')) {
    const rounds = [];
    for (let run = 0; run < Number(options.runs); run++) rounds.push({ peer: await timeTorch(torch, rule, attack), ours: await timeOurs(core, pair, rule, attack) });
    const [peer, ours, ratio] = [rounds.map((round) => round.peer), rounds.map((round) => round.ours), rounds.map((round) => round.peer / round.ours)].map((values) => summarize(values).median);
    const bar = (BARS[rule] ?? BARS.others)[attack];
    console.log(`${rule.padEnd(7)} ${attack.padEnd(6)} PyTorch ${peer.toFixed(1).padStart(6)} ms  isolab strict ${ours.toFixed(2).padStart(6)} ms  ${ratio.toFixed(1)} times faster (bar ${bar}${ratio >= bar ? '' : ': missed'})`);
  }
}
await core.close();
