// The builds of Isolab's core that this engine can run. Needs `npm run build` first.
import { openCore } from '../dist/core/index.js';

/** Core of each profile: strict always, fused where the engine has relaxed SIMD (Node 20: behind a flag). */
export async function openCores() {
  const cores = { strict: await openCore() };
  try {
    cores.fused = await openCore({ profile: 'fused' });
  } catch (error) {
    console.warn(`isolab fused is left out: ${error.message}`);
  }
  return cores;
}

/** The versions of Isolab's own builds, by contestant name. */
export function versionsOfCores(cores) {
  return Object.fromEntries(Object.values(cores).map(({ profile, wasmHash }) =>
    [`isolab ${profile}`, `core ${wasmHash.slice(0, 12)}, profile ${profile}, one thread`]));
}
