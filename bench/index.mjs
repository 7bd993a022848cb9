// All benchmarks, as `npm run bench` runs them: prints their tables and writes bench/results.json.
//     node [--experimental-wasm-relaxed-simd] bench/index.mjs [--quick] [--whole [--runs N] [--original PATH]]
import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { openCores, versionsOfCores } from './cores.mjs';
import { benchmarkGemm } from './gemm.mjs';
import { DEFAULT_RULE, describeMachine, printMachine, QUICK_RULE } from './measure.mjs';
import { loadPeers, versionsOf } from './peers.mjs';
import { formatResults } from './report.mjs';
import { benchmarkTrainingStep } from './training-step.mjs';
import { benchmarkWholeRun } from './whole-run.mjs';

const RESULTS = new URL('./results.json', import.meta.url);

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false }, whole: { type: 'boolean', default: false },
    runs: { type: 'string', default: '3' }, original: { type: 'string' },
  },
});
const rule = options.quick ? QUICK_RULE : DEFAULT_RULE;
const peers = await loadPeers();
const cores = await openCores();
const machine = describeMachine();
const versions = { ...versionsOfCores(cores), ...versionsOf(peers) };
printMachine(machine);
for (const [name, version] of Object.entries(versions)) console.log(`${name}: ${version}`);

const results = [...(await benchmarkGemm(cores, peers, rule)), ...(await benchmarkTrainingStep(cores, peers, rule))];
if (options.whole) {
  const { quick, original } = options;
  results.push(...(await benchmarkWholeRun(peers.torch, { quick, original, runs: Number(options.runs) })));
}
const { load } = describeMachine();
console.log(`\nload average ${machine.load.toFixed(2)} at the start, ${load.toFixed(2)} at the end`);
if (options.quick) {
  console.log('results.json stays as it is: --quick figures are not worth keeping');
} else {
  await writeFile(RESULTS, formatResults({ machine: { ...machine, load_at_end: load }, versions, results }));
  console.log('written: bench/results.json');
}
