// npm packages that benchmarks and tests use and the project does not depend on, in a folder of the user's cache.
import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const execute = promisify(execFile);

async function isInstalled(folder, packages) {
  for (const [name, version] of Object.entries(packages)) {
    try {
      const { version: found } = JSON.parse(await readFile(join(folder, 'node_modules', name, 'package.json'), 'utf8'));
      if (found !== version) return false;
    } catch {
      return false;
    }
  }
  return true;
}

/**
 * Folder of the cache whose node_modules holds exactly these versions.
 * @param packages version by package name
 * @throws Error when npm cannot fetch them
 */
export async function installPackages(name, packages) {
  const folder = join(process.env.ISOLAB_CACHE ?? join(homedir(), '.cache', 'isolab'), name);
  if (await isInstalled(folder, packages)) return folder;
  console.warn(`installing ${Object.keys(packages).join(', ')} in ${folder}`);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'package.json'), `${JSON.stringify({ private: true, dependencies: packages }, null, 2)}\n`);
  await execute('npm', ['install', '--prefix', folder, '--no-audit', '--no-fund', '--loglevel=error'], { cwd: folder });
  return folder;
}
