// Million values a second of the random stream, one core. Needs `npm run build` first.
//     node bench/random.mjs
import { openCore } from '../dist/core/index.js';
import { Generator } from '../dist/random/index.js';
import { Tensor } from '../dist/tensor/tensor.js';

const COUNT = 1 << 15;
/** Each op is repeated for this long; the fastest repetition counts, since others only lost time to the machine. */
const MILLISECONDS = 500;

const core = await openCore();
const generator = new Generator(core, 42);
if (generator.rand([1]).item() !== 0.8822692632675171) throw new Error('rand with seed 42: expected 0.8822692632675171 first');

function measure(name, count, draw) {
  let fastest = Infinity;
  for (const end = performance.now() + MILLISECONDS; performance.now() < end; ) {
    const start = performance.now();
    draw();
    fastest = Math.min(fastest, performance.now() - start);
  }
  console.log(`${name.padEnd(22)} ${(count / fastest / 1000).toFixed(0).padStart(5)} million/s`);
}

for (const dtype of ['float32', 'float64']) {
  const tensor = Tensor.zeros(core, [COUNT], dtype);
  measure(`rand ${dtype}`, COUNT, () => generator.fillRand(tensor));
  measure(`uniform ${dtype}`, COUNT, () => generator.fillUniform(tensor, -0.1, 0.1));
  measure(`randn ${dtype}`, COUNT, () => generator.fillNormal(tensor, 0, 1));
  measure(`normal ${dtype}`, COUNT, () => generator.fillNormal(tensor, 0.5, 0.1));
  measure(`bernoulli ${dtype}`, COUNT, () => generator.fillBernoulli(tensor, 0.5));
}
measure('randint', COUNT, () => generator.randint(0, 10, COUNT));
measure('randperm 60000', 60_000, () => generator.randperm(60_000));
