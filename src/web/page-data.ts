// The page's datasets: files that its reader has added, and MNIST from the server or the static folder beside the page.
import { cachedWebFiles } from '../runtime/browser-cache.js';
import { storedFiles } from '../runtime/browser-storage.js';
import type { DataSource } from '../runs/data-source.js';
import type { Files } from '../runtime/runtime.js';

/** Folder of the store that keeps a reader's own files. */
export const OWN_FILES = 'data';
/** Folder beside the page. */
const SERVED = 'mnist';

const lastPart = (path: string) => path.slice(path.lastIndexOf('/') + 1);

/** `mnist/NAME` is the server's, any other path a file of the reader's own, by its name alone. */
export async function pageData(address: string): Promise<DataSource> {
  const own = await storedFiles(OWN_FILES);
  const served = cachedWebFiles(address, 'isolab data');
  const isServed = (path: string) => path.startsWith(`${SERVED}/`) && path.split('/').length === 2;
  // The layouts that a dataset is looked for in below `own` are all that one folder: only the flat one is looked at.
  const isOwn = (path: string) => !path.startsWith(`${SERVED}/`) && !/^own\/.*\//.test(path);
  const files: Files = {
    ...served,
    read: (path) => (isServed(path) ? served.read(path) : own.read(lastPart(path))),
    size: async (path) => (isServed(path) ? served.size(path) : isOwn(path) ? own.size(lastPart(path)) : undefined),
    isFolder: async () => false,
  };
  return { files, mnistFolders: () => ({ dataDir: 'own', packagedDir: SERVED }) };
}
