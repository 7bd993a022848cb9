export { Arena } from './arena.js';
export { identifyBuild, type Build, type BuildSource, type Profile } from './build.js';
export { Core, openCoreFrom, type CoreOptions } from './core.js';
export { openCore, type EmbeddedCoreOptions } from './embedded.js';
export type { Kernels } from './generated/kernels.js';
export { Memory, type Pointer } from './memory.js';
export { canonicalBytes, Digest, sha256 } from './digest.js';
