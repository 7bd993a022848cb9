// The default split-head run as whole processes, ours against the PyTorch program with one thread. Start-up, data
// loading, evaluation and writing are part of it: what somebody waits for.
//     node [--experimental-wasm-relaxed-simd] bench/whole-run.mjs [--runs N] [--quick] [--threads 1,2]
//         [--profiles strict,fused] [--checkpoints] [--original PATH/run_subliminal.py]
import { mkdir, mkdtemp, readFile, readdir, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { parseCsv } from '../dist/outputs/csv.js';
import { packagedMnistFolder } from '../dist/runtime/node.js';
import { describeMachine, printMachine, summarize } from './measure.mjs';
import { loadTorch, torchEnvironment } from './peers.mjs';
import { runMeasured } from './process-usage.mjs';
import { printComparisons } from './report.mjs';
import { inThreads } from './threads.mjs';

const PROJECT = fileURLToPath(new URL('..', import.meta.url));
const RESTATEMENT = join(PROJECT, 'test/reference/splithead.py');
const ONE_EPOCH = ['--teacher-epochs', '1', '--student-epochs', '1'];
/** Runs a program in one thread whatever its own default is; its arguments follow its path. */
const PYTHON_IN_ONE_THREAD = `
import os, runpy, sys, torch
torch.set_num_threads(1)
sys.argv = sys.argv[1:]
sys.path.insert(0, os.path.dirname(os.path.abspath(sys.argv[0])))
runpy.run_path(sys.argv[0], run_name="__main__")
`;
/** What must agree between the programs, and to how much. Training amplifies the last bit, so final values may drift. */
const AGREEMENT = {
  teacher_init_acc: 0, student_init_acc: 0,
  teacher_init_class_loss: 1e-5, student_init_class_loss: 1e-5,
  teacher_final_acc: 0.02, student_final_acc: 0.02,
};
const QUANTITIES = {
  wall: { name: 'wall time', unit: 's' }, user: { name: 'user time', unit: 's' }, peakMegabytes: { name: 'peak memory', unit: 'MB' },
};

/** A data folder as torchvision keeps MNIST, made of links to the files we read. */
async function linkMnist(folder) {
  const raw = join(folder, 'MNIST/raw');
  await mkdir(raw, { recursive: true });
  const source = packagedMnistFolder();
  for (const file of await readdir(source)) await symlink(join(source, file), join(raw, file));
  return folder;
}

async function readRunRow(folder) {
  const [seed] = (await readdir(folder)).filter((name) => name.startsWith('seed_'));
  const [header, ...rows] = parseCsv(await readFile(join(folder, seed, 'runs.csv'), 'utf8'));
  return Object.fromEntries(header.map((column, index) => [column, rows.at(-1)[index]]));
}

/** @param contender profile and threads; threads undefined leaves the flag out, which means one */
function isolabContestant({ profile, threads }, flags, options) {
  const checkpoints = options.checkpoints ? [] : ['--checkpoint-every', '0'];
  const given = ['--profile', profile, ...(threads === undefined ? [] : ['--threads', String(threads)]), ...checkpoints, ...flags];
  const program = [...process.execArgv, join(PROJECT, 'dist/cli/bin.js'), 'splithead'];
  return {
    name: `isolab ${profile}, ${inThreads(threads ?? 1)}`,
    /** What its row must say, so that the name is true. */
    recorded: { isolab_profile: profile, isolab_threads: String(threads ?? 1) },
    command: (outdir) => [process.execPath, [...program, '--outdir', outdir, '--force', ...given], {}],
  };
}

/** Ours in every profile and thread count asked for. */
function isolabContestants(flags, options) {
  const { threads, profiles = 'strict' } = options;
  const counts = threads === undefined ? [undefined] : threads.split(',').map(Number);
  return profiles.split(',').flatMap((profile) => counts.map((count) => isolabContestant({ profile, threads: count }, flags, options)));
}

function pythonCommand(python, program, dataFolder, flags) {
  const given = ['--device', 'cpu', '--data-dir', dataFolder];
  return (outdir) => [python, ['-c', PYTHON_IN_ONE_THREAD, program, ...given, '--outdir', outdir, ...flags], torchEnvironment(1)];
}

/** Runs a contestant once in a folder of its own. */
async function runOnce(contestant, scratch) {
  const outdir = await mkdtemp(join(scratch, 'run-'));
  const [command, commandArguments, environment] = contestant.command(outdir);
  const usage = await runMeasured(command, commandArguments, environment);
  return { usage, row: await readRunRow(outdir) };
}

/** @throws Error naming the column in which the runs differ by more than their tolerance */
function requireAgreement(name, row, expected) {
  for (const [column, tolerance] of Object.entries(AGREEMENT)) {
    const difference = Math.abs(Number(row[column]) - Number(expected[column]));
    if (!(difference <= tolerance)) throw new Error(`${name}: expected ${column} ${expected[column]} within ${tolerance}, got ${row[column]}`);
  }
}

/** @throws Error when the run was not made as the contestant's name says */
function requireRecorded({ name, recorded = {} }, row) {
  for (const [column, value] of Object.entries(recorded)) {
    if (row[column] !== value) throw new Error(`${name}: expected ${column} ${value} in its row, got ${row[column]}`);
  }
}

function printUsage(name, { wall, user, peakMegabytes }) {
  console.log(`  ${name.padEnd(32)} ${wall.toFixed(2).padStart(7)} s wall  ${user.toFixed(2).padStart(7)} s user  ${peakMegabytes.toFixed(0).padStart(5)} MB peak`);
}

/** Alternates the contestants `runs` times, after checking that their results agree in the first round. */
async function alternate(contestants, runs, scratch) {
  const usages = contestants.map(() => []);
  for (let round = 0; round < runs; round++) {
    let first;
    for (const [index, contestant] of contestants.entries()) {
      const { usage, row } = await runOnce(contestant, scratch);
      first ??= row;
      requireAgreement(contestant.name, row, first);
      requireRecorded(contestant, row);
      usages[index].push(usage);
      printUsage(contestant.name, usage);
    }
  }
  return usages;
}

function toResults(contestants, usages, shape) {
  return Object.entries(QUANTITIES).map(([quantity, { name: title, unit }]) => {
    const of = (index) => usages[index].map((usage) => usage[quantity]);
    const figures = contestants.map(({ name }, index) => [name, summarize(of(index))]);
    const ratios = contestants.map(({ name }, index) => [name, summarize(of(index).map((value, round) => value / of(0)[round]))]);
    return {
      name: `whole run, ${title}`, shape, unit,
      contestants: Object.fromEntries(figures), ratios: Object.fromEntries(ratios), rounds: usages[0].length,
    };
  });
}

function printSummary(results) {
  for (const result of results) {
    const { name, unit, contestants, ratios } = result;
    const parts = Object.entries(contestants).map(([contestant, { median }]) => `${contestant} ${median.toFixed(2)} ${unit} (x ${ratios[contestant].median.toFixed(2)})`);
    console.log(`${name}: ${parts.join(', ')}`);
    printComparisons(result);
  }
}

/** A contestant of ours again with one epoch a phase: its peak memory equals that of the default's five where nothing piles up. */
async function measureFlatness(scratch, options, fiveEpochs) {
  const [contestant] = isolabContestants(ONE_EPOCH, options);
  const { usage } = await runOnce(contestant, scratch);
  printUsage(`${contestant.name}, 1 + 1`, usage);
  const after1 = summarize([usage.peakMegabytes]);
  const after5 = summarize(fiveEpochs.map(({ peakMegabytes }) => peakMegabytes));
  const grown = after5.median / after1.median;
  console.log(`peak memory after 1 + 1 epochs ${after1.median.toFixed(0)} MB, after 5 + 5 ${after5.median.toFixed(0)} MB (x ${grown.toFixed(3)})`);
  return {
    name: 'memory flatness', shape: `split-head MNIST, peak memory of ${contestant.name}`, unit: 'MB',
    contestants: { '1 + 1 epochs': after1, '5 + 5 epochs': after5 }, ratios: { '5 + 5 epochs': summarize([grown]) }, rounds: fiveEpochs.length,
  };
}

/**
 * @param options runs, quick (one epoch a phase instead of five), threads and profiles (lists of ours, separated by
 *   commas; PyTorch stays at one thread), checkpoints (ours at its default interval), original (path of another program
 *   to run instead of our restatement)
 * @param torch from `loadTorch`; without it ours runs alone
 * @returns entries for results.json
 */
export async function benchmarkWholeRun(torch, options = {}) {
  const { quick = false, original } = options;
  const runs = Number(options.runs ?? 3);
  const flags = quick ? ONE_EPOCH : [];
  const scratch = await mkdtemp(join(tmpdir(), 'isolab-bench-'));
  try {
    const contestants = isolabContestants(flags, options);
    if (torch !== undefined) {
      const dataFolder = await linkMnist(join(scratch, 'data'));
      const name = `PyTorch ${original === undefined ? 'restatement' : 'original'}, ${inThreads(1)}`;
      contestants.push({ name, command: pythonCommand(torch.python, original ?? RESTATEMENT, dataFolder, flags) });
    }
    const epochs = quick ? '1 + 1 epochs' : '5 + 5 epochs';
    const shape = `split-head MNIST, ${epochs}${options.checkpoints ? ', with checkpoints' : ''}`;
    console.log(`\n${shape}`);
    const usages = await alternate(contestants, runs, scratch);
    const results = toResults(contestants, usages, shape);
    printSummary(results);
    return quick ? results : [...results, await measureFlatness(scratch, options, usages[0])];
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { values } = parseArgs({
    options: {
      runs: { type: 'string' }, quick: { type: 'boolean' }, threads: { type: 'string' }, profiles: { type: 'string' },
      checkpoints: { type: 'boolean' }, original: { type: 'string' },
    },
  });
  printMachine(describeMachine());
  const torch = await loadTorch();
  if (torch !== undefined) console.log(torch.version);
  await benchmarkWholeRun(torch, values);
}
