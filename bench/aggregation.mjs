// Aggregation kernels over explicit rows [n, d] beside the same in PyTorch: what a server of n workers does in a step.
//     node [--experimental-wasm-relaxed-simd] bench/aggregation.mjs [--quick] [--only NAME] [--rows N --columns D]
import { Generator } from '../dist/random/index.js';
import { choose, runAlone } from './command.mjs';
import { nameOf, threadsOf } from './cores.mjs';
import { measure, timing } from './measure.mjs';
import { printResult } from './report.mjs';
import { withTorch } from './torch-process.mjs';

/** The notebook's 50 honest workers of 70; more workers; a larger model. */
const SHAPES = [[50, 39_760], [70, 39_760], [500, 39_760], [70, 1_000_000], [10, 10_000_000]];
/** Where values are compared with PyTorch's: float32 sums of up to 10 million values in another order. */
const TOLERANCE = 1e-3;

/** name: what it is called, and a call of it from kernels and pointers; `scratch` of its kernel family, `output` values and their bytes. */
const RULES = [
  { name: 'Gram matrix', scratch: 'gram', output: (n) => n * n, call: (k, x, n, d, out, { scratch }) => k.aggregation_gram_f32(x, n, d, d, out, scratch) },
  { name: 'weighted sum', scratch: 'sum', output: (_, d) => d, call: (k, x, n, d, out, { scratch, weights }) => k.aggregation_weighted_sum_f32(x, n, d, d, weights, out, scratch) },
  { name: 'deviation', scratch: 'sum', output: (_, d) => d, call: (k, x, n, d, out, { scratch, row }) => k.aggregation_mean_deviation_f32(x, n, d, d, 0, row, out, scratch) },
  { name: 'median', scratch: 'order', output: (_, d) => d, call: (k, x, n, d, out, { scratch }) => k.aggregation_median_f32(x, n, d, d, 0, out, scratch) },
  { name: 'clamped median', scratch: 'order', output: (_, d) => d, call: (k, x, n, d, out, { scratch }) => k.aggregation_clamped_median_f32(x, n, d, d, repeatsOf(n), x, 0, out, scratch) },
  { name: 'trimmed mean', scratch: 'order', output: (_, d) => d, call: (k, x, n, d, out, { scratch }) => k.aggregation_trimmed_mean_f32(x, n, d, d, trimOf(n), out, scratch) },
  { name: 'mean around median', scratch: 'order', output: (_, d) => d, call: (k, x, n, d, out, { scratch }) => k.aggregation_mean_around_median_f32(x, n, d, d, n - trimOf(n), 0, out, scratch) },
];

/** As the notebook's 20 equal attackers beside 50. */
const repeatsOf = (n) => Math.floor((2 * n) / 5);
const trimOf = (n) => Math.floor((2 * n) / 7);

function scratchBytes({ kernels }, family, n) {
  return kernels[`aggregation_${family}_scratch_f32`](...(family === 'sum' ? [] : [n]));
}

/** One rule on one core, its operands in the core's memory. */
function isolabContestant(core, rule, rows, [n, d]) {
  const allocate = (values, bytes) => core.memory.allocate(values * bytes, 'benchmark');
  const [x, out, row, weights] = [allocate(n * d, 4), allocate(rule.output(n, d), 8), allocate(d, 4), allocate(n, 8)];
  const view = (Values, pointer, length) => new Values(core.memory.wasm.buffer, pointer, length);
  view(Float32Array, x, n * d).set(rows);
  view(Float64Array, weights, n).fill(1 / n);
  const bytes = scratchBytes(core, rule.scratch, n);
  const run = () => rule.call(core.kernels, x, n, d, out, { scratch: core.scratch(bytes, 'benchmark'), row, weights });
  return {
    name: nameOf(core), threads: threadsOf(core), run: timing(run),
    result: () => {
      run();
      return Float64Array.from(view(rule.name === 'Gram matrix' ? Float64Array : Float32Array, out, rule.output(n, d)));
    },
    dispose: () => [x, out, row, weights].forEach((pointer) => core.memory.free(pointer)),
  };
}

async function torchContestant(torch, rule, path, [n, d]) {
  await torch.ask({ do: 'prepare', job: 'aggregation', rule: rule.name, rows: path, n, d, repeats: repeatsOf(n), trim: trimOf(n) });
  const { name, threads, run } = torch;
  return { name, threads, run, result: () => torch.result(), dispose: () => {} };
}

/** @throws Error naming the first value that differs from the first contestant's */
async function requireAgreement(rule, contestants) {
  const expected = await contestants[0].result();
  for (const { name, result } of contestants.slice(1)) {
    const got = await result();
    const index = expected.findIndex((value, i) => !(Math.abs(got[i] - value) <= TOLERANCE * (1 + Math.abs(value))));
    if (index >= 0) throw new Error(`${name}, ${rule.name}: expected ${expected[index]} at ${index}, got ${got[index]}`);
  }
}

async function benchmarkRule(rule, rows, shape, cores, torches, measureRule) {
  const contestants = cores.map((core) => isolabContestant(core, rule, rows, shape));
  // PyTorch has no rule like it.
  const known = rule.name === 'mean around median' ? [] : torches;
  for (const torch of known) contestants.push(await torchContestant(torch, rule, await torch.share(rows), shape));
  await requireAgreement(rule, contestants);
  const { milliseconds, ratios, rounds } = await measure(contestants, measureRule);
  for (const { dispose } of contestants) dispose();
  return { name: rule.name, shape: `[${shape.join(', ')}]`, unit: 'ms', contestants: milliseconds, ratios, rounds };
}

/** The shapes asked for. @throws RangeError naming the option that is no count */
function shapesOf({ rows, columns }) {
  if (rows === undefined && columns === undefined) return SHAPES;
  const count = (option, value, most) => {
    if (!/^[1-9]\d*$/.test(value ?? '') || Number(value) > most) throw new RangeError(`--${option}: expected a whole number from 1 to ${most}, got ${value}`);
    return Number(value);
  };
  return [[count('rows', rows, 1024), count('columns', columns, 10_000_000)]];
}

/** Every rule at every shape, or those asked for, each printed as it comes. @returns entries for results.json */
export async function benchmarkAggregation(cores, peers, rule, { only, ...shape } = {}) {
  const names = choose('only', RULES.map(({ name }) => name), only);
  const shapes = shapesOf(shape);
  const generator = new Generator(cores[0], 42);
  return withTorch(peers.torch, async (torches) => {
    const results = [];
    for (const [n, d] of shapes) {
      const normal = generator.randn([n, d]);
      const rows = normal.toArray();
      normal.dispose();
      for (const entry of RULES.filter(({ name }) => names.includes(name))) {
        results.push(await benchmarkRule(entry, rows, [n, d], cores, torches, rule));
        printResult(results.at(-1));
      }
    }
    generator.dispose();
    return results;
  });
}

await runAlone(import.meta.url, benchmarkAggregation, { only: { type: 'string' }, rows: { type: 'string' }, columns: { type: 'string' } });
