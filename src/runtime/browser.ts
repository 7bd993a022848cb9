import { startThread } from './browser-threads.js';
import type { Files, Runtime } from './runtime.js';

export { startThread };

function readOnly(operation: string): never {
  throw new Error(`${operation}: expected a runtime with a file system, got a browser page, which only reads what its server offers`);
}

/** Read-only files below a web address, for pages that are given their data by a server. */
export function webFiles(root: string | URL): Files {
  const request = (path: string, init?: RequestInit) => fetch(new URL(path, root), init);
  return {
    read: async (path) => {
      const response = await request(path);
      if (!response.ok) throw Object.assign(new Error(`${path}: expected a file, got HTTP ${response.status}`), { code: 'ENOENT' });
      return new Uint8Array(await response.arrayBuffer());
    },
    size: async (path) => {
      const response = await request(path, { method: 'HEAD' });
      const length = response.headers.get('content-length');
      return response.ok && length !== null ? Number(length) : undefined;
    },
    isFolder: async () => false,
    list: async () => [],
    makeFolder: async () => readOnly('makeFolder'),
    writeWhole: async () => readOnly('writeWhole'),
    append: async () => readOnly('append'),
    truncate: async () => readOnly('truncate'),
    rename: async () => readOnly('rename'),
    remove: async () => readOnly('remove'),
  };
}

/** The runtime of a browser page or worker. @param root address that data paths are relative to */
export function browserRuntime(root: string | URL = globalThis.location.href): Runtime {
  return {
    name: 'browser',
    version: globalThis.navigator?.userAgent ?? 'unknown',
    files: webFiles(root),
    startThread,
    availableThreads: () => globalThis.navigator?.hardwareConcurrency ?? 1,
    now: () => performance.now(),
    peakMemoryBytes: () => undefined,
  };
}
