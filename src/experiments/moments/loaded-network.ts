// What an experiment about networks and images is given: a network file's content, and images.
import { normalisedPixelTable } from '../../data/dataset.js';
import type { ImageDataset } from '../../data/index.js';
import type { MomentNetwork } from '../../moments/network.js';
import type { NamedArray } from '../../nn/index.js';
import { ConfigurationError } from '../configuration.js';
import { field as f, positiveNumber, restricted, withDefault } from '../field-types.js';
import type { NetworkDescription } from './float32-network.js';
import { LENET_DEVIATION, LENET_MEAN } from './lenet-model.js';

/** A network file: in float64 for moments, and as it was written. */
export interface LoadedNetwork {
  readonly network: MomentNetwork;
  readonly description: NetworkDescription;
  readonly tensors: ReadonlyMap<string, NamedArray>;
  /** SHA-256 over the files. */
  readonly hash: string;
}

/** How a network wants its pixels: (pixel / 255 - mean) / deviation, in float32. */
export const pixelFields = {
  pixel_mean: f(withDefault(positiveNumber, LENET_MEAN), 'Data', 'X', 'a finite number of at least 0', 'mean that the network was trained with, of pixels from 0 to 1'),
  pixel_deviation: f(withDefault(restricted(positiveNumber, (value) => value > 0), LENET_DEVIATION), 'Data', 'X', 'a finite number above 0', 'standard deviation that it was trained with',
    { shown: "1/255, so that LeNet's pixels are those of 0 to 255 less 127.5" }),
};

const PIXELS = 28 * 28;

/** The pixels of images `start` up to `end`: [end - start, 784]. */
export function pixelsOf(dataset: ImageDataset, start: number, end: number, { pixel_mean, pixel_deviation }: { pixel_mean: number; pixel_deviation: number }): Float32Array {
  const table = normalisedPixelTable(pixel_mean, pixel_deviation);
  return Float32Array.from(dataset.images.subarray(start * PIXELS, end * PIXELS), (pixel) => table[pixel]!);
}

/** @throws ConfigurationError naming the flag for more images than there are */
export function requireImages(flag: string, { name, part, count }: ImageDataset, given: number, most: number): void {
  if (given > most) throw new ConfigurationError(`${flag}: expected at most ${most}, as there are ${count} images of ${name} ${part}, got ${given}`);
}

/** @throws ConfigurationError naming the flag unless the network takes MNIST's images */
export function requireImageNetwork(flag: string, { inputs }: MomentNetwork): void {
  if (inputs !== PIXELS) throw new ConfigurationError(`${flag}: expected a network of ${PIXELS} inputs, as MNIST's images have pixels, got one of ${inputs}`);
}
