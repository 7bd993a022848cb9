// How an aggregation's time grows with the number of workers n and of values d, as the server of a run does it (float32 messages,
// inner products where a rule needs no more), against the stated complexity.
//     node bench/aggregation-growth.mjs [--runs N]
import { parseArgs } from 'node:util';
import { openCore } from '../dist/core/index.js';
import { WrittenMessages } from '../dist/experiments/byzantine/messages.js';
import { Server } from '../dist/experiments/byzantine/server.js';
import { Generator } from '../dist/random/index.js';
import { Stepper, Tensor } from '../dist/tensor/index.js';
import { describeMachine, printMachine, summarize } from './measure.mjs';

const WORKERS = [16, 32, 64, 125, 250, 500];
const VALUES = [10_000, 100_000, 1_000_000, 10_000_000];
const [D_OF_WORKERS, N_OF_VALUES] = [20_000, 10];
/** Rules and the powers of n and d in their cost where d is far above n; MDA and SMEA try subsets, and are not here. */
const RULES = {
  mean: ['nd', 1, 1], median: ['nd log n', 1, 1], 'trimmed-mean': ['nd log n', 1, 1], meamed: ['nd log n', 1, 1], gm: ['n^2 d', 2, 1], krum: ['n^2 d', 2, 1],
  'multi-krum': ['n^2 d', 2, 1], 'centered-clipping': ['n^2 d', 2, 1], monna: ['n^2 d', 2, 1], faba: ['n^2 d', 2, 1], cge: ['n^2 d', 2, 1], fltrust: ['n^2 d', 2, 1],
  bulyan: ['n^2 d + n^3', 2, 1], caf: ['n^2 d + n^3', 2, 1],
};

const { values: options } = parseArgs({ options: { runs: { type: 'string', default: '3' } } });

/** Median milliseconds of one aggregation of n messages of d normals. */
function time(core, aggregator, n, d) {
  const rows = Tensor.zeros(core, [n, d], 'float32', 'messages');
  const generator = new Generator(core, 1);
  generator.fillNormal(rows, 0, 1);
  const into = Tensor.zeros(core, [d], 'float32', 'aggregate');
  const server = new Server(core, n, { aggregator, pre: '', attack: 'none', byzantine: Math.floor((n - 3) / 4), sentByzantine: 0, seed: 1 });
  const stepper = new Stepper(core);
  const spans = [];
  for (let run = 0; run <= Number(options.runs); run++) {
    const start = performance.now();
    stepper.step((tape) => server.aggregate(tape, new WrittenMessages(rows), run, into), { record: false });
    if (run > 0) spans.push(performance.now() - start);
  }
  for (const part of [rows, into, server, stepper, generator]) part.dispose();
  return summarize(spans).median;
}

/** The least-squares slope of log time on log size. */
function slope(sizes, times) {
  const [x, y] = [sizes, times].map((values) => values.map(Math.log));
  const mean = (values) => values.reduce((total, value) => total + value, 0) / values.length;
  const [meanX, meanY] = [mean(x), mean(y)];
  return x.reduce((sum, value, i) => sum + (value - meanX) * (y[i] - meanY), 0) / x.reduce((sum, value) => sum + (value - meanX) ** 2, 0);
}

const cell = (milliseconds) => (milliseconds < 10 ? milliseconds.toFixed(2) : milliseconds.toFixed(0));

function printTable(core, letter, sizes, shapeOf, at) {
  console.log(`\nmilliseconds by ${letter}, ${at}\n\n| rule | cost | ${sizes.map((size) => size.toLocaleString('en')).join(' | ')} | slope (stated) |\n|---|---|${sizes.map(() => '---|').join('')}---|`);
  for (const [rule, [cost, ofN, ofD]] of Object.entries(RULES)) {
    const times = sizes.map((size) => time(core, rule, ...shapeOf(size)));
    // The small sizes are mostly what every call costs: the slope is of the larger half.
    const half = Math.floor(sizes.length / 2);
    console.log(`| ${rule} | ${cost} | ${times.map(cell).join(' | ')} | ${slope(sizes.slice(half), times.slice(half)).toFixed(2)} (${letter === 'n' ? ofN : ofD}) |`);
  }
}

printMachine(describeMachine());
const core = await openCore({ kernels: 'all' });
printTable(core, 'n', WORKERS, (n) => [n, D_OF_WORKERS], `d = ${D_OF_WORKERS.toLocaleString('en')}`);
printTable(core, 'd', VALUES, (d) => [N_OF_VALUES, d], `n = ${N_OF_VALUES}`);
await core.close();
