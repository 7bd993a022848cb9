// The library: `import { openLab } from 'isolab'`.
export { Lab, openLab, type Nested } from './lab.js';
export { Digest, type Core, type CoreOptions, type EmbeddedCoreOptions, type Profile } from './core/index.js';
export * from './tensor/index.js';
export * from './random/index.js';
export * from './matrices/index.js';
export * from './nn/index.js';
export { BackendError, everythingOn, openDevice, TFJS_BACKENDS, type PackageFinder, type TfjsDevice, type TfjsName } from './backend/index.js';
export * from './data/index.js';
export * from './moments/index.js';
export * from './experiments/splithead/index.js';
export * from './experiments/alignment/index.js';
export type { RunSetting } from './experiments/identity.js';
export { ConfigurationError } from './experiments/configuration.js';
export { VERSION } from './version.js';
