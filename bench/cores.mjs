// The builds of Isolab's core that this engine can run, by thread count. Needs `npm run build` first.
import { openCore } from '../dist/core/index.js';
import * as node from '../dist/runtime/node.js';
import { inThreads, THREADS } from './threads.mjs';

async function openWithThreads(profile, threads, kernels) {
  if (threads === 1) return openCore({ profile, kernels });
  if (node.startThread === undefined) throw new Error('this build starts no threads');
  const core = await openCore({ profile, kernels, threads, startThread: node.startThread });
  if (core.threads === threads) return core;
  await core.close();
  throw new Error(`expected a core with ${inThreads(threads)}, got ${core.threads}`);
}

/** Strict, then fused, each by thread count, so that strict with one thread is first; who cannot be had (Node 20 has relaxed SIMD behind a flag) is left out. */
export async function openCores(kernels = 'core') {
  const cores = [];
  for (const profile of ['strict', 'fused']) {
    for (const threads of THREADS) {
      try {
        cores.push(await openWithThreads(profile, threads, kernels));
      } catch (error) {
        console.warn(`isolab ${profile}, ${inThreads(threads)} is left out: ${error.message}`);
      }
    }
  }
  return cores;
}

export async function closeCores(cores) {
  for (const core of cores) await core.close?.();
}

export function threadsOf(core) {
  return core.threads ?? 1;
}

/** @param variant what sets this contestant apart from the plain one, such as `float64` */
export function nameOf(core, variant = '') {
  return `isolab ${core.profile}${variant === '' ? '' : ` ${variant}`}, ${inThreads(threadsOf(core))}`;
}

/** The versions of Isolab's own builds, by contestant name. */
export function versionsOfCores(cores) {
  return Object.fromEntries(cores.map((core) => [nameOf(core), `core ${core.wasmHash.slice(0, 12)}, profile ${core.profile}`]));
}
