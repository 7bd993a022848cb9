import { IMAGE_PIXELS } from './idx.js';

/** One part of a labelled image dataset, as bytes. */
export interface ImageDataset {
  readonly name: string;
  /** EMNIST's split; undefined for MNIST. */
  readonly split: string | undefined;
  readonly part: 'train' | 'test';
  /** uint8 pixels `[count, 28, 28]`, flat, in file order. */
  readonly images: Uint8Array;
  /** uint8 labels `[count]`, 0 to `classes - 1`. */
  readonly labels: Uint8Array;
  readonly count: number;
  readonly classes: number;
  /** Of the two raw IDX files, see `sha256OfList`; class truncation leaves it as it is. */
  readonly sha256: string;
}

/** A file that a dataset was read from. */
export interface DataFile {
  /** Official name without `.gz`. */
  readonly name: string;
  readonly path: string;
  /** Of the raw (unpacked) IDX bytes. */
  readonly sha256: string;
}

/** Training and test part, and where they came from. */
export interface DatasetPair {
  readonly name: string;
  readonly split: string | undefined;
  readonly classes: number;
  readonly train: ImageDataset;
  readonly test: ImageDataset;
  /** Names the data in a run record: over all four raw files, see `sha256OfList`. */
  readonly sha256: string;
  /** Folder that held the files. */
  readonly folder: string;
  /** Training images, training labels, test images, test labels. */
  readonly files: readonly DataFile[];
}

/** `emnist balanced`, `mnist`: a dataset's name in errors and listings. */
export function datasetTitle(dataset: { name: string; split?: string | undefined }): string {
  return dataset.split === undefined ? dataset.name : `${dataset.name} ${dataset.split}`;
}

/** Keeps the samples whose label is below `classCount`, in file order. */
function truncatePart(part: ImageDataset, classCount: number): ImageDataset {
  let count = 0;
  for (const label of part.labels) if (label < classCount) count++;
  const images = new Uint8Array(count * IMAGE_PIXELS);
  const labels = new Uint8Array(count);
  let kept = 0;
  for (let index = 0; index < part.count; index++) {
    if (part.labels[index] >= classCount) continue;
    labels[kept] = part.labels[index];
    images.set(part.images.subarray(index * IMAGE_PIXELS, (index + 1) * IMAGE_PIXELS), kept * IMAGE_PIXELS);
    kept++;
  }
  return { ...part, images, labels, count, classes: classCount };
}

/**
 * Class truncation: keeps labels 0 to `classCount - 1`, in file order. `undefined` keeps every class.
 * EMNIST letters is shifted to 0..25 when it is loaded, so `20` there means A to T.
 *
 * @throws RangeError `--class-count: expected 2 to 47 for emnist balanced, got 48`; also for fractions, NaN, and
 *   a part that would be left empty
 */
export function keepFirstClasses(pair: DatasetPair, classCount: number | undefined): DatasetPair {
  if (classCount === undefined) return pair;
  const title = datasetTitle(pair);
  if (!Number.isInteger(classCount) || classCount < 2 || classCount > pair.classes) {
    const whole = Number.isInteger(classCount) ? '' : 'a whole number, ';
    throw new RangeError(`--class-count: expected ${whole}2 to ${pair.classes} for ${title}, got ${classCount}`);
  }
  if (classCount === pair.classes) return pair;
  const train = truncatePart(pair.train, classCount);
  const test = truncatePart(pair.test, classCount);
  for (const part of [train, test]) {
    if (part.count > 0) continue;
    throw new RangeError(
      `--class-count: expected samples with labels 0 to ${classCount - 1} in the ${part.part} part of ${title}, got none in ${pair.folder}; choose a larger --class-count`,
    );
  }
  return { ...pair, classes: classCount, train, test };
}

/**
 * The float32 that torchvision's `ToTensor` then `Normalize((mean,), (deviation,))` make of each pixel value:
 * float32 arithmetic, rounded after each of the three operations.
 *
 * @returns float32 `[256]`, indexed by the pixel's byte
 */
export function normalisedPixelTable(mean: number, deviation: number): Float32Array {
  const { fround } = Math;
  return Float32Array.from({ length: 256 }, (_, pixel) => fround(fround(fround(pixel / 255) - fround(mean)) / fround(deviation)));
}

/** MNIST's mean 0.1307 and standard deviation 0.3081, which the original uses for EMNIST too. */
export const MNIST_MEAN = 0.1307;
export const MNIST_DEVIATION = 0.3081;
export const NORMALISED_PIXELS: Float32Array = normalisedPixelTable(MNIST_MEAN, MNIST_DEVIATION);
/** What torchvision's `ToTensor` alone makes of each pixel value: value / 255. */
export const UNIT_PIXELS: Float32Array = normalisedPixelTable(0, 1);
