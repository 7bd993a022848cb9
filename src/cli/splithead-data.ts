// The dataset that a split-head configuration names.
import { keepFirstClasses, loadEmnist, loadMnist, type DatasetPair } from '../data/index.js';
import { ConfigurationError } from '../experiments/configuration.js';
import { splitHeadFields, type SplitHeadConfig } from '../experiments/splithead/index.js';
import type { Files } from '../runtime/runtime.js';
import type { CliContext } from './context.js';
import type { JobFolders } from './job.js';
import { mnistFolders } from './mnist-folders.js';

/** Where a configuration's dataset is looked for. */
export function splitHeadFolders(context: CliContext, { data_dir }: SplitHeadConfig): JobFolders {
  return mnistFolders(context, data_dir, splitHeadFields.data_dir.parse(undefined));
}

/** The whole dataset, whatever `class_count` is. */
export function loadWholeData(files: Files, { dataset, emnist_split }: SplitHeadConfig, folders: JobFolders): Promise<DatasetPair> {
  return dataset === 'mnist' ? loadMnist(files, folders) : loadEmnist(files, emnist_split, folders);
}

/** The dataset with the classes that the configuration keeps. */
export async function loadSplitHeadData(files: Files, config: SplitHeadConfig, folders: JobFolders): Promise<DatasetPair> {
  const data = await loadWholeData(files, config, folders);
  try {
    return keepFirstClasses(data, config.class_count ?? undefined);
  } catch (error) {
    throw error instanceof RangeError ? new ConfigurationError(error.message) : error;
  }
}
