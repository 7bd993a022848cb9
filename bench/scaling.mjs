// What a second thread gives a training step, beside what the machine has to give: two independent processes of one
// thread each, at once. Where that falls short of two steps in the time of one, the machine is busy or its processors
// share, and no program can do better.
//     node [--experimental-wasm-relaxed-simd] bench/scaling.mjs [--quick] [--network mlp|cnn]
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { choose, runAlone } from './command.mjs';
import { isolabContestant } from './isolab-step.mjs';
import { CEILING } from './report.mjs';
import { contest } from './step-contest.mjs';
import { describeTask, drawTask, NETWORKS } from './step-task.mjs';

const WORKER = fileURLToPath(new URL('./scaling-worker.mjs', import.meta.url));
/** Noise: the input that saves nothing. */
const INPUT = 'noise';

/** A process of scaling-worker.mjs; it ends with its channel. */
class StepProcess {
  #child;
  #ended;

  constructor(network) {
    this.#child = fork(WORKER, [network, INPUT]);
    this.#ended = once(this.#child, 'exit');
  }

  async ask(request) {
    this.#child.send(request);
    const [answer] = await Promise.race([once(this.#child, 'message'), this.#ended]);
    // An exit's status is a number, or null after a signal.
    if (answer === null || typeof answer === 'number') throw new Error(`${CEILING}: expected an answer, got an end with status ${answer}`);
    return answer;
  }

  async stop() {
    this.#child.disconnect();
    await this.#ended;
  }
}

/** Milliseconds of one step when two processes make steps at once: half of what each takes for one. */
function ceilingContestant(network) {
  const processes = [new StepProcess(network), new StepProcess(network)];
  const askBoth = (request) => Promise.all(processes.map((process_) => process_.ask(request)));
  return {
    name: CEILING,
    step: async () => (await askBoth({ do: 'step' }))[0].loss,
    run: async (repeats) => Math.max(...(await askBoth({ do: 'run', repeats })).map(({ milliseconds }) => milliseconds)) / 2,
    dispose: () => Promise.all(processes.map((process_) => process_.stop())),
  };
}

async function benchmarkNetwork(network, cores, rule) {
  const task = await drawTask(cores[0], network, INPUT);
  const strict = cores.filter(({ profile }) => profile === 'strict');
  const contestants = [...strict.map((core) => isolabContestant(core, task)), ceilingContestant(network)];
  return contest(`scaling, ${network} step`, describeTask(network, INPUT), contestants, rule);
}

/** @returns entries for results.json, one for each network */
export async function benchmarkScaling(cores, _peers, rule, { network } = {}) {
  const results = [];
  for (const each of choose('network', Object.keys(NETWORKS), network)) results.push(await benchmarkNetwork(each, cores, rule));
  return results;
}

await runAlone(import.meta.url, benchmarkScaling, { network: { type: 'string' } });
