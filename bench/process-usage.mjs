// What a whole process costs: seconds on the clock, seconds of computing, most memory.
import { spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { access, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const GNU_TIME = '/usr/bin/time';
/** Clock ticks a second in /proc, 100 on every Linux that Node supports. */
const TICKS = 100;

async function finish(child, command) {
  let complaints = '';
  child.stderr.on('data', (chunk) => (complaints = (complaints + chunk).slice(-2000)));
  child.stdout.resume();
  const code = await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code !== 0) throw new Error(`${command}: expected exit status 0, got ${code}: ${complaints.trim()}`);
}

async function underTime(command, commandArguments, env) {
  const folder = await mkdtemp(join(tmpdir(), 'isolab-time-'));
  try {
    const report = join(folder, 'report');
    const start = performance.now();
    await finish(spawn(GNU_TIME, ['-f', '%U %M', '-o', report, command, ...commandArguments], { env }), command);
    const wall = (performance.now() - start) / 1000;
    const [user, kilobytes] = (await readFile(report, 'utf8')).trim().split(' ').map(Number);
    return { wall, user, peakMegabytes: (kilobytes * 1024) / 1e6 };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Without GNU time: reads /proc while the process runs, so the last fraction of a second goes unseen. */
async function underProc(command, commandArguments, env) {
  const start = performance.now();
  const child = spawn(command, commandArguments, { env });
  let user = NaN;
  let peakMegabytes = NaN;
  const watch = setInterval(async () => {
    try {
      const [stat, status] = await Promise.all(['stat', 'status'].map((file) => readFile(`/proc/${child.pid}/${file}`, 'utf8')));
      // Fields after the command name, which stands in brackets: utime is the 12th of them.
      user = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[11]) / TICKS;
      peakMegabytes = (Number(/VmHWM:\s+(\d+)/.exec(status)[1]) * 1024) / 1e6;
    } catch {
      // Ended between two looks, or no /proc here: the last figures stand.
    }
  }, 50);
  try {
    await finish(child, command);
  } finally {
    clearInterval(watch);
  }
  return { wall: (performance.now() - start) / 1000, user, peakMegabytes };
}

/**
 * Runs a command to its end.
 * @returns wall and user in seconds, peakMegabytes of resident memory (10^6 bytes)
 * @throws Error with the end of its stderr when it fails
 */
export async function runMeasured(command, commandArguments, environment) {
  const env = { ...process.env, ...environment };
  const hasTime = await access(GNU_TIME, constants.X_OK).then(() => true, () => false);
  return (hasTime ? underTime : underProc)(command, commandArguments, env);
}
