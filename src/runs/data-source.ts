// Where a run's data comes from: files, and the places in them that are looked into.
import type { Files } from '../runtime/runtime.js';

/** Where a dataset is looked for: see `loadMnist`. */
export interface DataPlaces {
  dataDir: string;
  cacheDir?: string;
  packagedDir?: string;
}

export interface DataSource {
  files: Files;
  /** The places of MNIST for a value of --data-dir. @param initial what --data-dir is when it is not given */
  mnistFolders(dataDir: string, initial: unknown): DataPlaces;
}
