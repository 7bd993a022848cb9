import { describe, expect, it } from 'vitest';
import { openCore, sha256 } from '../../src/core/index.js';
import { type DatasetPair, keepFirstClasses, NORMALISED_PIXELS } from '../../src/data/dataset.js';
import { IMAGE_PIXELS } from '../../src/data/idx.js';
import { ResidentImages } from '../../src/experiments/images.js';
import { Stepper } from '../../src/tensor/index.js';

/** A dataset whose every pixel is its sample's number. */
function pairOf(labels: number[], testLabels: number[], classes = 47): DatasetPair {
  const part = (name: 'train' | 'test', values: number[]) => ({
    name: 'emnist',
    split: 'balanced',
    part: name,
    images: Uint8Array.from({ length: values.length * IMAGE_PIXELS }, (_, index) => Math.floor(index / IMAGE_PIXELS)),
    labels: Uint8Array.from(values),
    count: values.length,
    classes,
    sha256: name,
  });
  return { name: 'emnist', split: 'balanced', classes, train: part('train', labels), test: part('test', testLabels), sha256: 'all', folder: 'DIR', files: [] };
}

describe('class truncation', () => {
  const pair = pairOf([5, 0, 46, 1, 2, 0, 1], [3, 1, 0]);

  it('keeps labels below the count, in file order, with their own images', () => {
    const { train, test, classes, sha256: hash } = keepFirstClasses(pair, 2);
    expect([...train.labels]).toEqual([0, 1, 0, 1]);
    expect(Array.from({ length: 4 }, (_, row) => train.images[row * IMAGE_PIXELS + 783])).toEqual([1, 3, 5, 6]);
    expect([train.count, train.images.length, train.classes]).toEqual([4, 4 * IMAGE_PIXELS, 2]);
    expect([...test.labels]).toEqual([1, 0]);
    expect([classes, hash]).toEqual([2, 'all']);
  });

  it('keeps everything for undefined and for all classes', () => {
    expect(keepFirstClasses(pair, undefined)).toBe(pair);
    expect(keepFirstClasses(pair, 47)).toBe(pair);
  });

  it.each([
    [48, '--class-count: expected 2 to 47 for emnist balanced, got 48'],
    [1, '--class-count: expected 2 to 47 for emnist balanced, got 1'],
    [-3, '--class-count: expected 2 to 47 for emnist balanced, got -3'],
    [2.5, '--class-count: expected a whole number, 2 to 47 for emnist balanced, got 2.5'],
    [NaN, '--class-count: expected a whole number, 2 to 47 for emnist balanced, got NaN'],
    [Infinity, '--class-count: expected a whole number, 2 to 47 for emnist balanced, got Infinity'],
  ])('refuses %s', (count, message) => {
    expect(() => keepFirstClasses(pair, count)).toThrow(new RangeError(message));
  });

  it('refuses to leave a part empty', () => {
    expect(() => keepFirstClasses(pairOf([0, 1], [9, 8]), 3)).toThrow(/^--class-count: expected samples with labels 0 to 2 in the test part of emnist balanced, got none in DIR/);
  });
});

describe('normalised pixels', () => {
  it('are the bits torchvision gives', async () => {
    // t = Compose([ToTensor(), Normalize((0.1307,), (0.3081,))])
    // hashlib.sha256(t(Image.fromarray(np.arange(256, dtype=np.uint8).reshape(16, 16), mode='L')).numpy().astype('<f4').tobytes()).hexdigest()
    const golden = '0103dbab6b16bfcaea0aa75d7377b4b22bb6792081600921bee4a17ff9c4d33e';
    expect(await sha256(new Uint8Array(NORMALISED_PIXELS.buffer))).toBe(golden);
  });

  it('are gathered by sample, whole or less the background', async () => {
    const core = await openCore();
    const images = new ResidentImages(core, pairOf([0, 1, 2], [0]).train);
    const gather = (lessBackground: boolean) =>
      new Stepper(core).step((tape) => {
        const { images: { pixels, offset }, labels } = images.batch(tape, Int32Array.of(2, 0), lessBackground);
        const { data } = pixels;
        return { ends: [data[0], data[783], data[784]], offset, labels: Array.from(labels) };
      });
    const [black, , third] = NORMALISED_PIXELS as unknown as [number, number, number];
    expect(gather(false)).toEqual({ ends: [third, third, black], offset: 0, labels: [2, 0] });
    const less = Math.fround(third - black);
    expect(gather(true)).toEqual({ ends: [less, less, 0], offset: black, labels: [2, 0] });
  });
});
