// One training step of the split-head experiment's default CNN, as in training-step.mjs. Isolab and PyTorch only:
// tfjs-wasm cannot train convolutions, and jax-js is left out, which has no pooling layer of its own.
//     node [--experimental-wasm-relaxed-simd] bench/cnn-step.mjs [--quick] [--input noise|mnist]
import { choose, runAlone } from './command.mjs';
import { isolabContestant } from './isolab-step.mjs';
import { contest, torchContestant } from './step-contest.mjs';
import { describeTask, drawTask, INPUTS } from './step-task.mjs';
import { withTorch } from './torch-process.mjs';

async function benchmarkInput(input, cores, torches, rule) {
  const task = await drawTask(cores[0], 'cnn', input);
  const contestants = cores.map((core) => isolabContestant(core, task));
  for (const torch of torches) contestants.push(await torchContestant(torch, task));
  return contest('CNN step', describeTask('cnn', input), contestants, rule);
}

/** @returns entries for results.json, one for each input */
export async function benchmarkCnnStep(cores, peers, rule, { input } = {}) {
  return withTorch(peers.torch, async (torches) => {
    const results = [];
    for (const each of choose('input', Object.keys(INPUTS), input)) {
      results.push(await benchmarkInput(each, cores, torches, rule));
    }
    return results;
  });
}

await runAlone(import.meta.url, benchmarkCnnStep, { input: { type: 'string' } });
