import type { Files } from '../runtime/runtime.js';
import type { DatasetPair } from './dataset.js';
import { loadPair, type PairDescription } from './load.js';
import { locateInRoots } from './locate.js';
import type { DataFolders } from './mnist.js';

export type EmnistSplit = 'balanced' | 'letters';
export const EMNIST_SPLITS: readonly EmnistSplit[] = ['balanced', 'letters'];

/** Classes of each split, and the first label in its files: letters counts from 1. */
const SPLITS: Readonly<Record<EmnistSplit, { classes: number; firstLabel: number }>> = {
  balanced: { classes: 47, firstLabel: 0 },
  letters: { classes: 26, firstLabel: 1 },
};

/** Official names, without `.gz`: training images, training labels, test images, test labels. */
export function emnistFileNames(split: EmnistSplit): string[] {
  return ['train', 'test'].flatMap((part) => [`emnist-${split}-${part}-images-idx3-ubyte`, `emnist-${split}-${part}-labels-idx1-ubyte`]);
}

/** Number of classes, known before any file is read. */
export function emnistClasses(split: EmnistSplit): number {
  return SPLITS[split].classes;
}

function describe(split: EmnistSplit): PairDescription {
  const { classes, firstLabel } = SPLITS[split];
  return {
    name: 'emnist',
    split,
    classes,
    names: emnistFileNames(split),
    labels: { first: firstLabel, count: classes },
    remedy: 'replace it, run `isolab data fetch emnist`, or pass another --data-dir',
  };
}

/**
 * EMNIST balanced (47 classes) or letters (26, labels shifted to 0..25). Images stay as they lie in the files,
 * transposed as against MNIST: that is how `torchvision.datasets.EMNIST`, and so the original, feeds them.
 * Files need not be the official ones; `files[].sha256` and `sha256` say which they were.
 *
 * @throws RangeError for an unknown split; DataError when no folder holds the four files, or one is malformed
 */
export async function loadEmnist(files: Files, split: EmnistSplit, folders: DataFolders): Promise<DatasetPair> {
  if (!EMNIST_SPLITS.includes(split)) {
    throw new RangeError(`--emnist-split: expected ${EMNIST_SPLITS.join(' or ')}, got ${String(split)}`);
  }
  const description = describe(split);
  const located = await locateInRoots(files, [folders.dataDir, folders.cacheDir], {
    title: `emnist ${split}`,
    folder: 'EMNIST',
    names: description.names,
    fetchCommand: 'isolab data fetch emnist',
  });
  return loadPair(files, located, description);
}
