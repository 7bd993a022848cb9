// Files of the page's server, kept by the browser once they have been read.
import { webFiles } from './browser.js';
import type { Files } from './runtime.js';

/**
 * Read-only files below a web address. What has been read stays in the browser's cache of that name, so that it is there without
 * a network too; where the browser keeps none, it is read anew.
 */
export function cachedWebFiles(root: string | URL, cacheName: string): Files {
  const files = webFiles(root);
  const open = () => globalThis.caches?.open(cacheName).catch(() => undefined);
  const find = async (path: string) => (await open())?.match(new URL(path, root));
  return {
    ...files,
    size: async (path) => {
      const kept = await find(path);
      return kept === undefined ? files.size(path).catch(() => undefined) : Number(kept.headers.get('content-length'));
    },
    read: async (path) => {
      const kept = await find(path);
      if (kept !== undefined) return new Uint8Array(await kept.arrayBuffer());
      const bytes = await files.read(path);
      const copy = new Response(bytes as Uint8Array<ArrayBuffer>, { headers: { 'content-length': String(bytes.length) } });
      // Nobody waits for the copy, and a full disk costs only that.
      void open()?.then((cache) => cache?.put(new URL(path, root), copy)).catch(() => {});
      return bytes;
    },
  };
}
