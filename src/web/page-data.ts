// The page's datasets: files that its reader has added, and MNIST and short sentence pairs from the server or the static folder.
import { cachedWebFiles } from '../runtime/browser-cache.js';
import { storedFiles } from '../runtime/browser-storage.js';
import type { DataSource } from '../runs/data-source.js';
import type { Files } from '../runtime/runtime.js';

/** Folder of the store that keeps a reader's own files. */
export const OWN_FILES = 'data';
/** Folder beside the page. */
const SERVED = 'mnist';
/** Japanese sentences and their English (see src/web/texts), named in a configuration as a file of the reader's own would be. */
export const SHORT_PAIRS = 'tatoeba-short.tsv';
/** Where it lies beside the page. */
const SHORT_PAIRS_PATH = `texts/${SHORT_PAIRS}`;

const lastPart = (path: string) => path.slice(path.lastIndexOf('/') + 1);

/** `mnist/NAME` is the server's, any other path a file of the reader's own, by its name alone; the short pairs are both's. */
export async function pageData(address: string): Promise<DataSource> {
  const own = await storedFiles(OWN_FILES);
  return dataFrom(own, cachedWebFiles(address, 'isolab data'));
}

/** @param own the reader's files @param served what lies beside the page */
export function dataFrom(own: Files, served: Files): DataSource {
  const isServed = (path: string) => path.startsWith(`${SERVED}/`) && path.split('/').length === 2;
  // The layouts that a dataset is looked for in below `own` are all that one folder: only the flat one is looked at.
  const isOwn = (path: string) => !path.startsWith(`${SERVED}/`) && !/^own\/.*\//.test(path);
  const isCarried = async (name: string) => name === SHORT_PAIRS && (await own.size(name)) === undefined;
  const files: Files = {
    ...served,
    read: async (path) => {
      if (isServed(path)) return served.read(path);
      const name = lastPart(path);
      return (await isCarried(name)) ? served.read(SHORT_PAIRS_PATH) : own.read(name);
    },
    size: async (path) => {
      if (isServed(path)) return served.size(path);
      if (!isOwn(path)) return undefined;
      const name = lastPart(path);
      return (await isCarried(name)) ? served.size(SHORT_PAIRS_PATH) : own.size(name);
    },
    isFolder: async () => false,
  };
  return { files, mnistFolders: () => ({ dataDir: 'own', packagedDir: SERVED }) };
}
