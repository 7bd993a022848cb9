// Gradient alignment as whole processes, ours against the notebook's program in PyTorch with one thread.
//     node bench/alignment.mjs [--runs N] [--steps N] [--student-epochs N]
// PyTorch computes the teacher and `steps` measured steps of one seed; its whole seed is reckoned from these as teacher +
// all steps, which leaves out its start, data loading and last accuracy. Ours runs whole: one seed with one thread, then two
// seeds side by side (--jobs 2), half of whose time a seed then takes.
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { describeMachine, printMachine, summarize } from './measure.mjs';
import { loadTorch, torchEnvironment } from './peers.mjs';
import { runMeasured } from './process-usage.mjs';

const PROJECT = fileURLToPath(new URL('..', import.meta.url));
const STEPS_PER_EPOCH = 59;
const execute = promisify(execFile);

const { values: options } = parseArgs({
  options: { runs: { type: 'string', default: '1' }, steps: { type: 'string', default: '8' }, 'student-epochs': { type: 'string', default: '5' } },
});
const epochs = Number(options['student-epochs']);

async function runOurs(seeds, jobs, scratch) {
  const folder = await mkdtemp(join(scratch, 'run-'));
  const words = ['alignment', '--seeds', seeds, '--jobs', String(jobs), '--threads', '1', '--student-epochs', String(epochs), '--out-dir', folder];
  const usage = await runMeasured(process.execPath, [join(PROJECT, 'dist/cli/bin.js'), ...words]);
  return { ...usage, metadata: JSON.parse(await readFile(join(folder, 'seed_01/metadata.json'), 'utf8')) };
}

/** Teacher and some measured steps of seed 1 in PyTorch. */
async function runTorch({ python }, steps) {
  const words = [join(PROJECT, 'test/reference/alignment.py'), '--timing', '--seeds', '1', '--threads', '1', '--max-student-steps', String(steps)];
  const { stdout } = await execute(python, words, { env: { ...process.env, ...torchEnvironment(1) } });
  const { teacher_seconds, step_seconds_mean, teacher_test_acc } = JSON.parse(stdout.trim().split('\n').at(-1));
  return { teacherSeconds: teacher_seconds, secondsPerStep: step_seconds_mean, teacherAccuracy: teacher_test_acc };
}

/** @throws Error when the teachers differ: then not the same thing was computed */
function requireAgreement({ metadata }, { teacherAccuracy }) {
  const ours = metadata.teacher_info.teacher_test_acc;
  if (Math.abs(ours - teacherAccuracy) > 0.002) throw new Error(`expected the teacher accuracy ${teacherAccuracy} of PyTorch within 0.002, got ${ours}`);
}

printMachine(describeMachine());
const torch = await loadTorch();
if (torch === undefined) throw new Error('bench/alignment.mjs: expected Debian\'s python3-torch and python3-torchvision, got none');
const scratch = await mkdtemp(join(tmpdir(), 'isolab-bench-'));
const spent = { peer: [], one: [], pair: [], oneRatio: [], pairRatio: [] };
try {
  for (let run = 0; run < Number(options.runs); run++) {
    const peer = await runTorch(torch, options.steps);
    const whole = peer.teacherSeconds + epochs * STEPS_PER_EPOCH * peer.secondsPerStep;
    console.log(`PyTorch, 1 thread: teacher ${peer.teacherSeconds.toFixed(1)} s, ${peer.secondsPerStep.toFixed(3)} s a measured step, so ${whole.toFixed(0)} s a seed`);
    const one = await runOurs('1', 1, scratch);
    requireAgreement(one, peer);
    console.log(`isolab strict, one seed, 1 thread: ${one.wall.toFixed(1)} s, ${one.peakMegabytes.toFixed(0)} MB (x ${(one.wall / whole).toFixed(3)})`);
    const pair = await runOurs('1-2', 2, scratch);
    console.log(`isolab strict, two seeds, --jobs 2: ${pair.wall.toFixed(1)} s, ${pair.peakMegabytes.toFixed(0)} MB; a seed x ${(pair.wall / 2 / whole).toFixed(3)}`);
    for (const [name, value] of Object.entries({ peer: whole, one: one.wall, pair: pair.wall / 2, oneRatio: one.wall / whole, pairRatio: pair.wall / 2 / whole })) spent[name].push(value);
  }
} finally {
  await rm(scratch, { recursive: true, force: true });
}
const median = (name) => summarize(spent[name]).median;
console.log(`seconds a seed, medians of ${options.runs}: PyTorch ${median('peer').toFixed(0)}, isolab ${median('one').toFixed(1)} (x ${median('oneRatio').toFixed(3)}), with --jobs 2 ${median('pair').toFixed(1)} (x ${median('pairRatio').toFixed(3)})`);
