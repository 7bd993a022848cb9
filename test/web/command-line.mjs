// What the command line makes of a configuration: its digest and its files, for the page to be held against.
import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { parseCsv } from '../../dist/outputs/index.js';

const run = promisify(execFile);
const program = fileURLToPath(new URL('../../dist/cli/bin.js', import.meta.url));
/** Datasets that the page carries, by the names that configurations give them. */
const texts = fileURLToPath(new URL('../../dist/page/texts', import.meta.url));

async function walk(folder, below = '') {
  const found = new Map();
  for (const entry of await readdir(join(folder, below), { withFileTypes: true })) {
    const path = below === '' ? entry.name : `${below}/${entry.name}`;
    if (entry.isDirectory()) for (const [name, bytes] of await walk(folder, path)) found.set(name, bytes);
    else found.set(path, await readFile(join(folder, path)));
  }
  return found;
}

const json = (bytes) => JSON.parse(bytes.toString());

/** The digest that a run's files tell, one for each seed. */
function digestOf(files) {
  const digests = [];
  for (const [path, bytes] of files) {
    if (path.endsWith('record.json')) digests.push(json(bytes).result_digest);
    else if (path.endsWith('metadata.json')) digests.push(json(bytes).isolab.result_digest);
    else if (path.endsWith('configs.jsonl')) digests.push(json(bytes).isolab.result_digest);
  }
  return digests.join(' ');
}

/**
 * Runs a configuration in a folder with nothing but the page's datasets.
 * @param own more files that lie there, by their names
 * @returns digest, seconds and files by their paths
 */
export async function runCommandLine(experiment, config, { threads = 'auto', own = new Map() } = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'isolab-page-'));
  try {
    await writeFile(join(folder, 'config.json'), JSON.stringify(config));
    const carried = await readdir(texts);
    for (const name of carried) await copyFile(join(texts, name), join(folder, name));
    for (const [name, bytes] of own) await writeFile(join(folder, name), bytes);
    const began = performance.now();
    await run(process.execPath, [program, ...experiment.split(' '), '--config', 'config.json', '--threads', threads], { cwd: folder, maxBuffer: 1 << 26 });
    const seconds = (performance.now() - began) / 1000;
    for (const name of ['config.json', ...carried, ...own.keys()]) await rm(join(folder, name));
    const files = await walk(folder);
    return { digest: digestOf(files), seconds, files };
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** What `isolab translate run` says of a sentence. @param files of a training, as `runCommandLine` gives them */
export async function translateByCommandLine(files, sentence, flags) {
  const folder = await mkdtemp(join(tmpdir(), 'isolab-page-'));
  try {
    for (const [path, bytes] of files) {
      await mkdir(join(folder, dirname(path)), { recursive: true });
      await writeFile(join(folder, path), bytes);
    }
    const model = dirname([...files.keys()].find((path) => path.endsWith('translation.json')));
    const { stdout } = await run(process.execPath, [program, 'translate', 'run', '--model', model, ...flags, sentence], { cwd: folder });
    return stdout.trimEnd();
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** What a file says apart from when, how long, in which engine and with how many threads it was made. */
function lasting(path, bytes) {
  const name = path.slice(path.lastIndexOf('/') + 1);
  if (name === 'runs.csv') {
    const [columns, row] = parseCsv(bytes.toString());
    return columns.map((column, index) => [column, row[index]]).filter(([column]) => !/^(timestamp|runtime_seconds|isolab_engine|isolab_threads)$/.test(column));
  }
  if (name === 'metadata.json' || name === 'configs.jsonl') {
    const { timestamp, created_at_utc, isolab: { engine, threads, runtime_seconds, ...isolab }, ...rest } = json(bytes);
    void [timestamp, created_at_utc, engine, threads, runtime_seconds];
    return { ...rest, isolab };
  }
  return undefined;
}

/** Files whose content is times. */
const TIMES = /(seconds\.csv|profile\.svg)$/;

/** How a downloaded file differs from the command line's; undefined where it does not. */
export function differenceOf(path, page, commandLine) {
  if (commandLine === undefined) return `${path}: the command line writes no such file`;
  if (TIMES.test(path)) return undefined;
  const [here, there] = [lasting(path, page), lasting(path, commandLine)];
  const same = here === undefined ? page.equals(commandLine) : JSON.stringify(here) === JSON.stringify(there);
  return same ? undefined : `${path}: differs from the command line's`;
}
