import type { Files } from '../runtime/runtime.js';
import { DataError } from './data-error.js';
import type { DataFile, DatasetPair, ImageDataset } from './dataset.js';
import { sha256 } from '../core/index.js';
import { sha256OfList } from './digest.js';
import { checkCounts, parseIdxImages, parseIdxLabels, type IdxSource, type LabelRange } from './idx.js';
import type { LocatedFiles } from './locate.js';

/** How four IDX files become a dataset. */
export interface PairDescription {
  readonly name: string;
  readonly split: string | undefined;
  readonly classes: number;
  /** Official names without `.gz`: training images, training labels, test images, test labels. */
  readonly names: readonly string[];
  /** Labels as they lie in the files; loading shifts them to start at 0. */
  readonly labels: LabelRange;
  /** SHA-256 of each raw file, for datasets that exist in one form only. */
  readonly sha256?: Readonly<Record<string, string>>;
  /** End of an error's sentence: what to do about a bad file. */
  readonly remedy: string;
}

async function describeFile(name: string, source: IdxSource, raw: Uint8Array, description: PairDescription): Promise<DataFile> {
  const got = await sha256(raw);
  const expected = description.sha256?.[name];
  if (expected !== undefined && got !== expected) {
    throw new DataError(`${source.path}: expected the official ${description.name} file with sha256 ${expected}, got ${got}; ${source.remedy}`);
  }
  return { name, path: source.path, sha256: got };
}

/** A copy that starts at 0; the file's own bytes stay as they are. */
function shiftLabels(labels: Uint8Array, first: number): Uint8Array {
  return first === 0 ? labels : labels.map((label) => label - first);
}

/** Waits for all of them; of several failures the first in order is thrown, so that a message never varies. */
async function inOrder<T>(pending: Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(pending);
  return Promise.all(pending);
}

async function loadPart(files: Files, located: LocatedFiles, description: PairDescription, part: 'train' | 'test'): Promise<{ dataset: ImageDataset; files: DataFile[] }> {
  const at = part === 'train' ? 0 : 2;
  const { remedy } = description;
  const imageSource = { path: located.paths[at], remedy };
  const labelSource = { path: located.paths[at + 1], remedy };
  const images = parseIdxImages(await files.read(imageSource.path), imageSource);
  const labels = parseIdxLabels(await files.read(labelSource.path), labelSource, description.labels);
  checkCounts({ count: images.count, source: imageSource }, { count: labels.count, source: labelSource });
  const described = await inOrder([
    describeFile(description.names[at], imageSource, images.raw, description),
    describeFile(description.names[at + 1], labelSource, labels.raw, description),
  ]);
  const dataset: ImageDataset = {
    name: description.name,
    split: description.split,
    part,
    images: images.pixels,
    labels: shiftLabels(labels.labels, description.labels.first),
    count: images.count,
    classes: description.classes,
    sha256: await sha256OfList(described),
  };
  return { dataset, files: described };
}

/**
 * Reads and checks both parts of a dataset.
 *
 * @throws DataError naming the file for anything that is not as described
 */
export async function loadPair(files: Files, located: LocatedFiles, description: PairDescription): Promise<DatasetPair> {
  const [train, test] = await inOrder([loadPart(files, located, description, 'train'), loadPart(files, located, description, 'test')]);
  const all = [...train.files, ...test.files];
  return {
    name: description.name,
    split: description.split,
    classes: description.classes,
    train: train.dataset,
    test: test.dataset,
    sha256: await sha256OfList(all),
    folder: located.folder,
    files: all,
  };
}
