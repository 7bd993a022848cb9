// Microseconds of the moments of a network of 7 linear layers of 100 with ReLU between, batch 1, float64, one thread: the
// notebook's performance comparison, beside network_moments on PyTorch (test/reference/moments_timing.py).
//     node bench/moments.mjs [--rounds N]
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { openCore } from '../dist/core/index.js';
import { activationLayer, activationMoments, adf, adfJoint, adfLinearized, linearLayer, MomentNetwork, oneStage, twoStage } from '../dist/moments/index.js';
import { definite } from '../dist/moments/random-matrices.js';
import { Linear } from '../dist/nn/index.js';
import { Generator } from '../dist/random/index.js';
import { Stepper, Tensor } from '../dist/tensor/index.js';
import { describeMachine, measure, printMachine, summarize, timing } from './measure.mjs';
import { loadTorch, torchEnvironment } from './peers.mjs';

const PROJECT = fileURLToPath(new URL('..', import.meta.url));
const [LAYERS, SIZE] = [7, 100];
/** How many forward passes independent ADF may take. */
const MOST_FORWARD_PASSES = 3;

const { values: options } = parseArgs({ options: { rounds: { type: 'string', default: '3' } } });
const execute = promisify(execFile);

/** A network with PyTorch's initialisation, and how its ReLUs find their covariances. */
function network(core, relu) {
  const generator = new Generator(core, 0);
  const layers = Array.from({ length: LAYERS }, () => {
    const layer = new Linear(core, SIZE, SIZE, { dtype: 'float64' });
    layer.initialize(generator);
    layer.setTrainable(false);
    return [linearLayer(layer.weight, layer.bias), activationLayer(activationMoments(relu))];
  });
  return new MomentNetwork(layers.flat().slice(0, -1), [SIZE]);
}

/** Our ways by the names of moments_timing.py, and others that it has not. */
function ways(core) {
  const generator = new Generator(core, 1);
  const stepper = new Stepper(core);
  const mean = generator.randn([1, SIZE], 'float64');
  const covariance = stepper.step((tape) => Tensor.from(core, definite(tape, generator, SIZE, { norm: 1 }).toArray(), [1, SIZE, SIZE], 'float64'));
  const variance = Tensor.from(core, Array.from({ length: SIZE }, (_, index) => covariance.toArray()[index * (SIZE + 1)]), [1, SIZE], 'float64');
  const [pasted, exact] = ['relu:covariance=pasted', 'relu'].map((relu) => network(core, relu));
  const [marginals, joint] = [{ mean, variance }, { mean, covariance }];
  const activation = 2 * (LAYERS - 1) - 1;
  const run = (body) => timing(() => stepper.step(body, { record: false }));
  return {
    forward: run((tape) => pasted.forward(tape, mean)),
    adfIndependent: run((tape) => adf(tape, pasted, marginals)),
    twoStageIndependent: run((tape) => twoStage(tape, pasted, marginals, { activation })),
    twoStageTrick: run((tape) => twoStage(tape, pasted, joint, { activation, derivative: 'trick' })),
    twoStageJacobian: run((tape) => twoStage(tape, pasted, joint, { activation })),
    adfFull: run((tape) => adfJoint(tape, pasted, joint)),
    'adfFull, exact ReLU': run((tape) => adfJoint(tape, exact, joint)),
    'twoStageIndependent, trick': run((tape) => twoStage(tape, pasted, marginals, { activation, derivative: 'trick' })),
    'oneStage, Jacobian': run((tape) => oneStage(tape, pasted, joint)),
    'adf linearised, independent': run((tape) => adfLinearized(tape, pasted, marginals)),
  };
}

async function timeOurs(core) {
  const contestants = Object.entries(ways(core)).map(([name, run]) => ({ name, run }));
  const { milliseconds } = await measure(contestants, { rounds: 5, seconds: 0.5 });
  return Object.fromEntries(Object.entries(milliseconds).map(([name, { median }]) => [name, 1000 * median]));
}

async function timeTorch({ python }) {
  const { stdout } = await execute(python, [join(PROJECT, 'test/reference/moments_timing.py'), '--threads', '1', '--rounds', '3'], { env: { ...process.env, ...torchEnvironment(1) } });
  return JSON.parse(stdout.trim().split('\n').at(-1)).microseconds;
}

printMachine(describeMachine());
const torch = await loadTorch();
if (torch === undefined) console.log("no PyTorch here (Debian's python3-torch): our times alone");
const core = await openCore({ kernels: 'all' });
const rounds = [];
for (let round = 0; round < Number(options.rounds); round++) rounds.push({ peer: torch && (await timeTorch(torch)), ours: await timeOurs(core) });
const medianOf = (values) => summarize(values).median;
for (const name of Object.keys(rounds[0].ours)) {
  const ours = medianOf(rounds.map((round) => round.ours[name]));
  const line = `${name.padEnd(30)} isolab ${ours.toFixed(1).padStart(8)} us`;
  const times = rounds.map((round) => round.peer?.[name]);
  if (times.includes(undefined)) console.log(line);
  else console.log(`${line}  network_moments ${medianOf(times).toFixed(0).padStart(6)} us  ${medianOf(rounds.map((round) => round.peer[name] / round.ours[name])).toFixed(1)} times faster`);
}
const passes = medianOf(rounds.map(({ ours }) => ours.adfIndependent / ours.forward));
console.log(`independent ADF takes ${passes.toFixed(2)} forward passes (at most ${MOST_FORWARD_PASSES}${passes <= MOST_FORWARD_PASSES ? '' : ': missed'})`);
await core.close();
