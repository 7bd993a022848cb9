// The dataset that a split-head configuration names.
import { keepFirstClasses, loadEmnist, loadMnist, type DatasetPair } from '../data/index.js';
import { ConfigurationError } from '../experiments/configuration.js';
import { splitHeadFields, type SplitHeadConfig } from '../experiments/splithead/index.js';
import type { DataPlaces, DataSource } from './data-source.js';

/** Where a configuration's dataset is looked for. */
export function splitHeadPlaces({ mnistFolders }: Pick<DataSource, 'mnistFolders'>, { data_dir }: SplitHeadConfig): DataPlaces {
  return mnistFolders(data_dir, splitHeadFields.data_dir.parse(undefined));
}

/** The whole dataset, whatever `class_count` is. @throws DataError */
export function loadWholeData(source: DataSource, config: SplitHeadConfig): Promise<DatasetPair> {
  const places = splitHeadPlaces(source, config);
  return config.dataset === 'mnist' ? loadMnist(source.files, places) : loadEmnist(source.files, config.emnist_split, places);
}

/** The dataset less the classes that --class-count leaves out. @throws ConfigurationError for more classes than there are; DataError */
export async function loadSplitHeadData(source: DataSource, config: SplitHeadConfig): Promise<DatasetPair> {
  const data = await loadWholeData(source, config);
  try {
    return keepFirstClasses(data, config.class_count ?? undefined);
  } catch (error) {
    throw error instanceof RangeError ? new ConfigurationError(error.message) : error;
  }
}
