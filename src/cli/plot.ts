import { Command, Option } from 'commander';
import { ConfigurationError, quote } from '../experiments/configuration.js';
import type { Files } from '../runtime/runtime.js';
import type { CliContext } from './context.js';
import { alignmentPlots } from './plot-alignment.js';
import { byzantinePlots } from './plot-byzantine.js';
import type { Drawing, PlotKind } from './plot-kind.js';
import { splitHeadPlots } from './plot-splithead.js';
import { translationPlots } from './plot-translation.js';
import { UsageError } from './usage-error.js';

const KINDS: readonly PlotKind[] = [alignmentPlots, byzantinePlots, splitHeadPlots, translationPlots];

/** Paths of a folder's files and of those one folder down, sorted. */
async function listRun(files: Files, folder: string): Promise<string[]> {
  const paths: string[] = [];
  for (const name of await files.list(folder)) {
    if (!(await files.isFolder(`${folder}/${name}`))) paths.push(name);
    else paths.push(...(await files.list(`${folder}/${name}`)).map((inner) => `${name}/${inner}`));
  }
  return paths;
}

function kindOf(folder: string, listing: readonly string[]): PlotKind {
  const known = KINDS.filter((kind) => kind.recognizes(listing));
  if (known.length === 1) return known[0]!;
  const expected = KINDS.map(({ name, expects }) => `${expects} (${name})`).join(' or ');
  if (known.length === 0) throw new UsageError(`plot: expected a run's folder with ${expected}, got ${quote(folder)} without`);
  throw new UsageError(`plot: expected a folder of one kind of run, got ${quote(folder)} with ${known.map(({ name }) => name).join(' and ')}`);
}

async function write(files: Files, folder: string, drawings: readonly Drawing[]): Promise<string[]> {
  const paths: string[] = [];
  try {
    await files.makeFolder(folder);
    for (const { name, svg } of drawings) {
      await files.writeWhole(`${folder}/${name}`, new TextEncoder().encode(svg));
      paths.push(`${folder}/${name}`);
    }
  } catch (error) {
    throw new Error(`--out: expected a folder that can be written, got ${folder} (${(error as Error).message})`);
  }
  return paths;
}

async function plot(context: CliContext, given: string, out: string | undefined): Promise<void> {
  const { files } = context.runtime;
  const folder = given.replace(/(?<=.)\/+$/, '');
  if (folder === '' || !(await files.isFolder(folder))) throw new UsageError(`plot: expected a run's folder, got ${quote(given)}, which is no folder`);
  if (out === '') throw new ConfigurationError('--out: expected a folder, got ""');
  const listing = await listRun(files, folder);
  const drawings = await kindOf(folder, listing).draw(files, folder, listing);
  for (const path of await write(files, out ?? `${folder}/figures`, drawings)) context.stdout(`${path}\n`);
}

/** `isolab plot RUN_DIR`: the figures of a run, of whichever experiment it is. Everything is read and drawn before anything is written. */
export function plotCommand(context: CliContext): Command {
  return new Command('plot')
    .description(`draws a run's figures as SVG files (${KINDS.map(({ name }) => name).join(', ')}) and prints their paths`)
    .argument('<run-dir>', "the run's folder, with its seed_* folders")
    .addOption(new Option('--out <DIR>', 'where the figures go (default: RUN_DIR/figures)'))
    .action((folder: string, { out }: { out?: string }) => plot(context, folder, out));
}
