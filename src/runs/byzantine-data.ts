// The dataset that a Byzantine configuration names.
import type { Core } from '../core/index.js';
import { loadEmnist, loadLibsvm, loadMnist, splitLibsvm } from '../data/index.js';
import type { ByzantineConfig, ByzantineData } from '../experiments/byzantine/index.js';
import { Generator } from '../random/index.js';
import type { Files } from '../runtime/runtime.js';
import type { DataPlaces } from './data-source.js';

/** Samples of a LIBSVM file that are not in a validation file of their own are parted by --data-seed. */
export async function loadByzantineData(core: Core, files: Files, config: ByzantineConfig, folders: DataPlaces): Promise<ByzantineData> {
  const { dataset, emnist_split, validation_file, validation_fraction, data_seed } = config;
  if (dataset === 'mnist') return { kind: 'images', pair: await loadMnist(files, folders) };
  if (dataset === 'emnist') return { kind: 'images', pair: await loadEmnist(files, emnist_split, folders) };
  const all = await loadLibsvm(files, dataset);
  if (validation_file !== null) return { kind: 'rows', train: all, validation: await loadLibsvm(files, validation_file, { features: all.features }) };
  const generator = new Generator(core, data_seed);
  const parts = splitLibsvm(all, 1 - validation_fraction, generator);
  generator.dispose();
  return { kind: 'rows', ...parts };
}
