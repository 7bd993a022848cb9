// What plan, status, collect and report take with 10,000 recorded runs: `node bench/sweep.mjs`. Each at most 10 s and 500 MB.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { planSweep } from '../dist/cli/sweep-plan.js';
import { nodeRuntime, packagedMnistFolder } from '../dist/runtime/node.js';
import { readSweepSpecification } from '../dist/sweep/index.js';
import { SYNTHETIC, writeSyntheticRuns } from '../test/cli/synthetic-runs.mjs';
import { describeMachine, printMachine } from './measure.mjs';
import { runMeasured } from './process-usage.mjs';

const BOUND = { seconds: 10, megabytes: 500 };
const bin = fileURLToPath(new URL('../dist/cli/bin.js', import.meta.url));

const isolab = (argv) => runMeasured(process.execPath, [bin, ...argv], {});

const folder = mkdtempSync(join(tmpdir(), 'isolab-sweep-'));
try {
  const [spec, out] = [join(folder, 'synthetic.json'), join(folder, 'out')];
  writeFileSync(spec, JSON.stringify(SYNTHETIC));
  const context = { runtime: nodeRuntime(), cacheDir: '/nonexistent', packagedMnistDir: packagedMnistFolder() };
  const { runs } = await planSweep(context, readSweepSpecification(SYNTHETIC, 'sweep'), { selection: {}, profile: 'strict' });
  await isolab(['sweep', 'run', spec, '--out-dir', out, '--seeds', '0', '--only', 'm=1']);
  const [first] = readdirSync(join(out, 'runs'));
  const template = ['record.json', 'times.json'].map((name) => readFileSync(join(out, 'runs', first, name), 'utf8'));
  writeSyntheticRuns(out, runs.map(({ runId, run }) => ({ runId, m: run.config.m, seed: run.config.seed })), ...template);
  printMachine(describeMachine());
  console.log(`${runs.length} recorded runs`);
  let isWithin = true;
  for (const command of [['sweep', 'plan'], ['sweep', 'status'], ['sweep', 'collect'], ['report']]) {
    const { wall, user, peakMegabytes } = await isolab([...command, spec, '--out-dir', out]);
    const holds = wall <= BOUND.seconds && peakMegabytes <= BOUND.megabytes;
    isWithin &&= holds;
    console.log(`${command.join(' ').padEnd(13)} ${wall.toFixed(1).padStart(5)} s (${user.toFixed(1)} s computing) ${peakMegabytes.toFixed(0).padStart(5)} MB${holds ? '' : '  over the bound'}`);
  }
  if (!isWithin) process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
