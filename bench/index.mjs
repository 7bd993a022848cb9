// All benchmarks, as `npm run bench` runs them: prints their tables and writes bench/results.json.
//     node [--experimental-wasm-relaxed-simd] bench/index.mjs [--quick] [--whole [--runs N] [--threads 1,2]
//         [--profiles strict,fused] [--original PATH]]
import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { benchmarkCnnStep } from './cnn-step.mjs';
import { openContestants } from './command.mjs';
import { closeCores } from './cores.mjs';
import { benchmarkGemm } from './gemm.mjs';
import { DEFAULT_RULE, describeMachine, QUICK_RULE } from './measure.mjs';
import { formatResults, RESULTS } from './report.mjs';
import { benchmarkScaling } from './scaling.mjs';
import { benchmarkTrainingStep } from './training-step.mjs';
import { benchmarkWholeRun } from './whole-run.mjs';

const BENCHMARKS = [benchmarkGemm, benchmarkTrainingStep, benchmarkCnnStep, benchmarkScaling];

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false }, whole: { type: 'boolean', default: false },
    runs: { type: 'string' }, original: { type: 'string' },
    threads: { type: 'string' }, profiles: { type: 'string' },
  },
});
const rule = options.quick ? QUICK_RULE : DEFAULT_RULE;
const { peers, cores, machine, versions } = await openContestants();

const results = [];
for (const benchmark of BENCHMARKS) results.push(...(await benchmark(cores, peers, rule)));
await closeCores(cores);
if (options.whole) results.push(...(await benchmarkWholeRun(peers.torch, options)));
const { load } = describeMachine();
console.log(`\nload average ${machine.load.toFixed(2)} at the start, ${load.toFixed(2)} at the end`);
if (options.quick) {
  console.log('results.json stays as it is: --quick figures are not worth keeping');
} else {
  await writeFile(RESULTS, formatResults({ machine: { ...machine, load_at_end: load }, versions, results }));
  console.log('written: bench/results.json');
}
