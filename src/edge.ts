// The library for edge runtimes: `import { openLab } from 'isolab/edge'`. All of it, but the core comes as a module
// that the bundler compiled; this file's `openLab` stands in front of the one that compiles embedded bytes.
import { moduleSource, openCoreFrom, type CoreOptions } from './core/index.js';
import { Lab } from './lab.js';

export * from './index.js';
export { edgeRuntime } from './runtime/edge.js';

export interface EdgeCoreOptions extends Pick<CoreOptions, 'profile' | 'kernels' | 'maximumBytes'> {
  /** A build of the core: the import of `isolab/strict.wasm` or `isolab/fused.wasm`, or of their `-all` for every kernel. */
  module: WebAssembly.Module;
}

/**
 * Opens the numeric core on a compiled module: no file, no fetch, no compiling.
 * @example
 * import strict from 'isolab/strict.wasm';
 * const lab = await openLab({ module: strict });
 * @throws TypeError when `module` is no build of this version, or of another profile than asked for
 */
export async function openLab({ module, ...options }: EdgeCoreOptions): Promise<Lab> {
  return new Lab(await openCoreFrom(moduleSource(module), options));
}
