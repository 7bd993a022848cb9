// The dataset that a split-head configuration names.
import { keepFirstClasses, loadEmnist, loadMnist, type DatasetPair } from '../data/index.js';
import { ConfigurationError } from '../experiments/configuration.js';
import { splitHeadFields, type SplitHeadConfig } from '../experiments/splithead/index.js';
import type { DataSource } from './data-source.js';

/** Loads it, less the classes that --class-count leaves out. @throws ConfigurationError for more classes than there are; DataError */
export async function loadSplitHeadData({ files, mnistFolders }: DataSource, config: SplitHeadConfig): Promise<DatasetPair> {
  const folders = mnistFolders(config.data_dir, splitHeadFields.data_dir.parse(undefined));
  const data = config.dataset === 'mnist' ? await loadMnist(files, folders) : await loadEmnist(files, config.emnist_split, folders);
  try {
    return keepFirstClasses(data, config.class_count ?? undefined);
  } catch (error) {
    throw error instanceof RangeError ? new ConfigurationError(error.message) : error;
  }
}
