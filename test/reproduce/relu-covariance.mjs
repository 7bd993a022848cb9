// Exact ReLU covariances against Monte Carlo: random 8-dimensional Gaussians, each entry's distance in standard errors.
//   node test/reproduce/relu-covariance.mjs --gaussians 100 --samples 10000000   (after npm run build:host; ten minutes of a processor)
import { parseArgs } from 'node:util';
import { openCore } from '../../dist/core/index.js';
import { activationMoments } from '../../dist/moments/activations.js';
import { Generator } from '../../dist/random/index.js';
import { add, linear, matmul, mul, relu, Stepper, Tensor } from '../../dist/tensor/index.js';

const N = 8;
const CHUNK = 100_000;
const { values: flags } = parseArgs({ options: { gaussians: { type: 'string', default: '100' }, samples: { type: 'string', default: '10000000' } } });
const [gaussians, samples] = ['gaussians', 'samples'].map((name) => {
  const value = Number(flags[name]);
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new RangeError(`--${name}: expected a whole number of at least 1, got ${flags[name]}`);
});

const core = await openCore({ kernels: 'all' });
const stepper = new Stepper(core);
const generator = new Generator(core, 3);

/** Sums over draws of y y^T and of its squares, y = max(X, 0) - centre. */
function sumsOfProducts(mean, factor, centre) {
  const sums = { first: new Float64Array(N), second: new Float64Array(N * N), fourth: new Float64Array(N * N) };
  const ones = Tensor.from(core, new Float64Array(CHUNK).fill(1), [CHUNK, 1], 'float64');
  const shift = Tensor.from(core, Float64Array.from({ length: CHUNK * N }, (_, at) => -centre[at % N]), [CHUNK, N], 'float64');
  for (let drawn = 0; drawn < samples; drawn += CHUNK) {
    const noise = generator.randn([CHUNK, N], 'float64');
    stepper.step((tape) => {
      const y = add(tape, relu(tape, linear(tape, noise, factor, mean)), shift);
      const squares = mul(tape, y, y);
      const take = (into, product) => product.toArray().forEach((value, at) => (into[at] += value));
      take(sums.first, matmul(tape, ones, y, { transposeA: true }));
      take(sums.second, matmul(tape, y, y, { transposeA: true }));
      take(sums.fourth, matmul(tape, squares, squares, { transposeA: true }));
    }, { record: false });
    noise.dispose();
  }
  for (const tensor of [ones, shift]) tensor.dispose();
  return sums;
}

const count = Math.ceil(samples / CHUNK) * CHUNK;
const distances = [];
for (let g = 0; g < gaussians; g++) {
  const mean = generator.randn([N], 'float64'), factor = generator.randn([N, N], 'float64');
  const exact = stepper.step((tape) => {
    const covariance = tape.from(matmul(tape, factor, factor, { transposeB: true }).toArray(), [1, N, N], 'float64');
    const joint = activationMoments('relu').joint(tape, { mean: mean.view([1, N]), covariance });
    return { mean: joint.mean.toArray(), covariance: joint.covariance.toArray() };
  }, { record: false });
  const { first, second, fourth } = sumsOfProducts(mean, factor, exact.mean);
  for (let i = 0; i < N; i++) {
    for (let k = i; k < N; k++) {
      const at = i * N + k, raw = second[at] / count;
      const estimate = raw - (first[i] / count) * (first[k] / count);
      distances.push((estimate - exact.covariance[at]) / Math.sqrt((fourth[at] / count - raw * raw) / count));
    }
  }
  for (const tensor of [mean, factor]) tensor.dispose();
}
const largest = Math.max(...distances.map(Math.abs));
const square = distances.reduce((sum, z) => sum + z * z, 0) / distances.length;
// Of 3600 normal distances one beyond 4 is to be expected in 20 runs of 100.
console.log(`${distances.length} entries of ${gaussians} Gaussians, ${count} samples each: farthest ${largest.toFixed(2)} standard errors, mean square ${square.toFixed(3)} (1 is right)`);
process.exitCode = largest > 4 ? 1 : 0;
