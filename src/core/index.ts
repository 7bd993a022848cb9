export { Arena } from './arena.js';
export { Core, openCore, type CoreOptions, type Profile } from './core.js';
export type { Kernels } from './generated/kernels.js';
export { Memory, type Pointer } from './memory.js';
export { canonicalBytes, Digest, sha256 } from './digest.js';
export type { ThreadStart } from './threads/control.js';
export { serveThread } from './threads/thread.js';
export type { StartThread, Thread } from './threads/pool.js';
