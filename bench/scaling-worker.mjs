// One process of scaling.mjs: makes steps of one thread when its parent asks. Arguments: network, input.
import { openCore } from '../dist/core/index.js';
import { isolabContestant } from './isolab-step.mjs';
import { drawTask } from './step-task.mjs';

const [network, input] = process.argv.slice(2);
const core = await openCore();
const contestant = isolabContestant(core, await drawTask(core, network, input));

process.on('message', async (request) => {
  process.send(request.do === 'step' ? { loss: contestant.step() } : { milliseconds: await contestant.run(request.repeats) });
});
