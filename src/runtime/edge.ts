import type { Files, Runtime } from './runtime.js';

function refuse(operation: string): never {
  throw new Error(`${operation}: expected a runtime with a file system, got an edge runtime; hand bytes over instead of paths`);
}

const files: Files = {
  read: async (path) => {
    throw Object.assign(new Error(`${path}: expected a file, got an edge runtime, which has none; hand bytes over instead of paths`), { code: 'ENOENT' });
  },
  size: async () => undefined,
  isFolder: async () => false,
  list: async () => [],
  makeFolder: async () => refuse('makeFolder'),
  writeWhole: async () => refuse('writeWhole'),
  append: async () => refuse('append'),
  truncate: async () => refuse('truncate'),
  rename: async () => refuse('rename'),
  remove: async () => refuse('remove'),
};

/** The runtime of an edge worker: no files, no threads, and a clock that may stand still while a request computes. */
export function edgeRuntime(): Runtime {
  return {
    name: 'edge',
    version: globalThis.navigator?.userAgent ?? 'unknown',
    files,
    startThread: undefined,
    availableThreads: () => 1,
    now: () => performance.now(),
    peakMemoryBytes: () => undefined,
  };
}
