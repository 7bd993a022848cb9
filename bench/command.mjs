// A benchmark's file as a command of its own.
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { closeCores, openCores, versionsOfCores } from './cores.mjs';
import { DEFAULT_RULE, describeMachine, printMachine, QUICK_RULE } from './measure.mjs';
import { loadPeers, versionsOf } from './peers.mjs';

/** Peers and cores, after printing the machine and their versions. */
export async function openContestants(kernels) {
  const peers = await loadPeers();
  const cores = await openCores(kernels);
  const machine = describeMachine();
  const versions = { ...versionsOfCores(cores), ...versionsOf(peers) };
  printMachine(machine);
  for (const [name, version] of Object.entries(versions)) console.log(`${name}: ${version}`);
  return { peers, cores, machine, versions };
}

/** @returns all keys, or the one given. @throws RangeError naming the option when there is no such key */
export function choose(option, keys, given) {
  if (given === undefined) return keys;
  if (!keys.includes(given)) throw new RangeError(`--${option}: expected ${keys.join(' or ')}, got ${given}`);
  return [given];
}

/**
 * Runs a benchmark when its file is what Node was started with.
 * @param url import.meta.url of the file
 * @param benchmark takes cores, peers, the rule and the options' values
 * @param options of `parseArgs`; --quick is there already
 * @param kernels set of the cores; default 'core'
 */
export async function runAlone(url, benchmark, options = {}, kernels = 'core') {
  if (url !== pathToFileURL(process.argv[1]).href) return;
  const { values: { quick, ...values } } = parseArgs({ options: { quick: { type: 'boolean' }, ...options } });
  const { peers, cores } = await openContestants(kernels);
  try {
    await benchmark(cores, peers, quick ? QUICK_RULE : DEFAULT_RULE, values);
  } finally {
    await closeCores(cores);
  }
}
