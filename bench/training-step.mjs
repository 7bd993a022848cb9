// One training step of a classifier: forward, softmax cross-entropy, backward, Adam. Data stay where the library keeps
// them; every contestant hands its loss to the host at each step, as a training loop does.
//     node [--experimental-wasm-relaxed-simd] bench/training-step.mjs [--quick] [--input noise|mnist] [--classes N]
import { choose, runAlone } from './command.mjs';
import { isolabContestant } from './isolab-step.mjs';
import { jaxContestant, tensorFlowContestant } from './peer-steps.mjs';
import { contest, torchContestant } from './step-contest.mjs';
import { CLASSES, describeTask, drawTask, INPUTS } from './step-task.mjs';
import { withTorch } from './torch-process.mjs';

async function benchmarkInput(input, cores, peers, torches, rule, classes) {
  const task = await drawTask(cores[0], 'mlp', input, classes);
  const contestants = [
    ...cores.map((core) => isolabContestant(core, task)),
    isolabContestant(cores[0], task, 'float64'),
    ...(peers.tfjs ? [tensorFlowContestant(peers.tfjs, task, false), tensorFlowContestant(peers.tfjs, task, true)] : []),
    ...(peers.jax ? [jaxContestant(peers.jax, task)] : []),
  ];
  for (const torch of torches) contestants.push(await torchContestant(torch, task));
  return contest('training step', describeTask('mlp', input, classes), contestants, rule);
}

/** @returns entries for results.json, one for each input */
export async function benchmarkTrainingStep(cores, peers, rule, { input, classes = CLASSES } = {}) {
  return withTorch(peers.torch, async (torches) => {
    const results = [];
    for (const each of choose('input', Object.keys(INPUTS), input)) {
      results.push(await benchmarkInput(each, cores, peers, torches, rule, Number(classes)));
    }
    return results;
  });
}

await runAlone(import.meta.url, benchmarkTrainingStep, { input: { type: 'string' }, classes: { type: 'string' } });
