// One build serves both kinds of memory: the module that threads share differs in one bit, the flag
// with which it declares its imported memory.

/** The import of `env.memory` up to its limits: names with their lengths, then kind 2 (memory). */
const IMPORT = [3, ...new TextEncoder().encode('env'), 6, ...new TextEncoder().encode('memory'), 2];
const HAS_MAXIMUM = 1;
const SHARED = 2;

/** @returns a copy of the module that imports a shared memory */
export function declareMemoryShared(module: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const at = module.findIndex((_, start) => IMPORT.every((byte, i) => module[start + i] === byte)) + IMPORT.length;
  if (module[at] !== HAS_MAXIMUM) throw new Error('core: expected a module that imports env.memory with a maximum, got another');
  const copy = module.slice();
  copy[at] = HAS_MAXIMUM | SHARED;
  return copy;
}
