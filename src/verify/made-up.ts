// A small dataset that any engine can make for itself.
import type { Core } from '../core/index.js';
import type { DatasetPair, ImageDataset } from '../data/index.js';
import { Generator } from '../random/index.js';

const PIXELS = 28 * 28;

function madeUpPart(generator: Generator, part: 'train' | 'test', count: number): ImageDataset {
  const labels = Uint8Array.from(generator.randint(0, 10, count));
  const pixels = Uint8Array.from(generator.randint(0, 256, count * PIXELS));
  // A band of bright rows tells the class, so that there is something to learn.
  const images = pixels.map((pixel, index) => (Math.floor((index % PIXELS) / 56) === labels[Math.floor(index / PIXELS)] ? 255 : pixel >> 1));
  return { name: 'made-up', split: undefined, part, images, labels, count, classes: 10, sha256: '' };
}

/** 300 training and 100 test images of 10 classes, always the same. */
export function madeUpDataset(core: Core): DatasetPair {
  const generator = new Generator(core, 7);
  const train = madeUpPart(generator, 'train', 300);
  const test = madeUpPart(generator, 'test', 100);
  generator.dispose();
  return { name: 'made-up', split: undefined, classes: 10, train, test, sha256: 'made-up', folder: '', files: [] };
}
