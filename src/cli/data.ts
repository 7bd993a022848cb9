import type { CommanderError } from 'commander';
import { Command } from 'commander';
import { CATALOG, type CatalogEntry } from '../data/catalog.js';
import { DataError } from '../data/data-error.js';
import { installDataset, type InstalledFile } from '../data/install.js';
import { verifyDataset, type Verified } from '../data/verify.js';
import type { CliContext } from './context.js';
import { DownloadProgress, formatBytes } from './data-progress.js';
import { UsageError } from './usage-error.js';

/** What --data-dir means where files are put, and where they are looked for. */
const DESTINATION_HELP = "where files go, in torchvision's layout (FOLDER/MNIST/raw), instead of the cache";
const SEARCH_HELP = "looked in first: root of torchvision's layout (FOLDER/MNIST/raw), or the folder with the files";

interface DataOptions {
  readonly dataDir?: string;
  readonly cacheDir?: string;
  readonly mirror?: string[];
  readonly json?: boolean;
}

function entriesFor(command: string, names: readonly string[], catalog: readonly CatalogEntry[]): CatalogEntry[] {
  return [...new Set(names)].map((name) => {
    const entry = catalog.find((candidate) => candidate.name === name);
    if (entry !== undefined) return entry;
    throw new UsageError(`data ${command}: expected ${catalog.map((known) => known.name).join(' or ')}, got ${name}`);
  });
}

/** Mirrors as given, checked before anything is downloaded. */
function checkMirrors(mirrors: readonly string[]): readonly string[] {
  for (const mirror of mirrors) {
    if (!URL.canParse(mirror) || !/^https?:$/.test(new URL(mirror).protocol)) {
      throw new UsageError(`--mirror: expected an http or https address of a folder, got ${mirror}`);
    }
  }
  return mirrors;
}

function printJson(context: CliContext, value: unknown): void {
  context.stdout(`${JSON.stringify(value, null, 2)}\n`);
}

function searchFolders(context: CliContext, options: DataOptions) {
  return { dataDir: options.dataDir, cacheDir: options.cacheDir ?? context.cacheDir, packagedDir: context.packagedMnistDir };
}

function downloadSize(entry: CatalogEntry): number {
  return entry.downloads.reduce((sum, file) => sum + file.size, 0);
}

async function list(context: CliContext, catalog: readonly CatalogEntry[], options: DataOptions): Promise<void> {
  const rows = catalog.map((entry) => ({
    name: entry.name,
    title: entry.title,
    downloadBytes: downloadSize(entry),
    folder: `${options.dataDir ?? options.cacheDir ?? context.cacheDir}/${entry.folder}`,
    licence: entry.licence,
    attribution: entry.attribution,
    homepage: entry.homepage,
  }));
  if (options.json) return printJson(context, rows);
  for (const row of rows) {
    context.stdout(
      `${row.name}: ${row.title}\n  download ${formatBytes(row.downloadBytes)} into ${row.folder}\n  ${row.attribution}\n  licence: ${row.licence}\n  ${row.homepage}\n`,
    );
  }
}

function printInstalled(context: CliContext, name: string, installed: readonly InstalledFile[]): void {
  for (const file of installed) context.stdout(`${name}: ${file.fresh ? 'fetched' : 'already there'} ${file.path} sha256 ${file.sha256}\n`);
}

async function fetchEntries(context: CliContext, entries: readonly CatalogEntry[], options: DataOptions): Promise<void> {
  const mirrors = checkMirrors(options.mirror ?? []);
  const root = options.dataDir ?? options.cacheDir ?? context.cacheDir;
  const progress = new DownloadProgress(context);
  const results: { name: string; files: readonly InstalledFile[] }[] = [];
  try {
    for (const entry of entries) {
      const installed = await installDataset(entry, root, {
        files: context.runtime.files,
        mirrors,
        onProgress: (event) => progress.update(event),
        onNotice: (text) => progress.note(text),
      });
      results.push({ name: entry.name, files: installed });
      if (!options.json) printInstalled(context, entry.name, installed);
    }
  } finally {
    progress.end();
  }
  if (options.json) printJson(context, results);
}

function verifiedLine(result: Verified): string {
  const title = result.split === undefined ? result.name : `${result.name} ${result.split}`;
  if (!result.ok) return `${result.absent ? 'not there' : 'NOT OK'}: ${result.problem}`;
  const origin = result.official ? 'official files' : 'well-formed, not known to be the official files';
  return `${title}: ok, ${origin}: ${result.train} + ${result.test} images, ${result.classes} classes, ${result.folder}, sha256 ${result.sha256}`;
}

/** With names, whatever is not ok fails; without, a dataset that is simply not there does not. */
async function verifyEntries(context: CliContext, entries: readonly CatalogEntry[], named: boolean, options: DataOptions): Promise<void> {
  const results: Verified[] = [];
  for (const entry of entries) results.push(...(await verifyDataset(context.runtime.files, entry.name, searchFolders(context, options))));
  if (options.json) printJson(context, results);
  else for (const result of results) context.stdout(`${verifiedLine(result)}\n`);
  const bad = results.filter((result) => !result.ok && (named || !result.absent));
  if (bad.length > 0) throw new DataError(`data verify: expected every dataset to be ok, got ${bad.length} of ${results.length} not ok: ${bad[0].problem}`);
}

function addFolderOptions(command: Command, dataDirHelp: string): Command {
  return command
    .option('--data-dir <folder>', dataDirHelp)
    .option('--cache-dir <folder>', 'where downloads are kept (default: $ISOLAB_CACHE, or ~/.cache/isolab)')
    .option('--json', 'print the result as JSON');
}

/**
 * `isolab data list | fetch NAME... | verify [NAME...]`. Results go to stdout, progress to stderr.
 * Its actions reject with UsageError (exit code 2) for a command line that cannot be carried out, and with another
 * Error (exit code 1) for data that is missing or wrong.
 */
export function dataCommand(context: CliContext, catalog: readonly CatalogEntry[] = CATALOG): Command {
  const names = catalog.map((entry) => entry.name).join(', ');
  const data = new Command('data').description('lists, fetches and verifies datasets');
  // The caller prints every error, once; commander is to print help only.
  data.configureOutput({ writeOut: context.stdout, writeErr: context.stderr, outputError: () => {} });
  data.exitOverride((error: CommanderError) => {
    if (error.exitCode === 0) throw error;
    if (error.code === 'commander.help') throw new UsageError('data: expected list, fetch or verify, got no command');
    throw new UsageError(error.message.replace(/^error: /, ''));
  });
  addFolderOptions(data.command('list').description('lists the datasets: sizes, folders, licences'), DESTINATION_HELP).action((options: DataOptions) => list(context, catalog, options));
  addFolderOptions(data.command('fetch <name...>').description(`downloads datasets (${names}) and checks them`), DESTINATION_HELP)
    .option('--mirror <url>', 'folder address tried before the official ones; may be given several times', (url: string, before: string[] = []) => [...before, url])
    .action((given: string[], options: DataOptions) => fetchEntries(context, entriesFor('fetch', given, catalog), options));
  addFolderOptions(data.command('verify [name...]').description(`reads datasets (${names}; all of them when none is named) and checks every file`), SEARCH_HELP)
    .action((given: string[], options: DataOptions) => verifyEntries(context, given.length > 0 ? entriesFor('verify', given, catalog) : catalog, given.length > 0, options));
  return data;
}
