export { Arena } from './arena.js';
export { identifyBuild, moduleSource, type Build, type BuildSource, type KernelSet, type Profile, type WantedBuild } from './build.js';
export { automaticThreads, Core, openCoreFrom, type CoreOptions } from './core.js';
export { openCore, type EmbeddedCoreOptions } from './embedded.js';
export type { Kernels } from './generated/kernels.js';
export { Memory, type Pointer } from './memory.js';
export { canonicalBytes, Digest, sha256 } from './digest.js';
export type { ThreadStart } from './threads/control.js';
export { serveThread } from './threads/thread.js';
export type { StartThread, Thread } from './threads/pool.js';
export {
  describeValues, formatSpecification, nearestName, optionsOf, parseSpecification, splitSpecifications, type Described, type NumberBounds,
  type OptionDeclaration, type OptionValue, type OptionValues,
} from './specification.js';
