import { describe, expect, it } from 'vitest';
import { type DatasetPair, gatherNormalised, keepFirstClasses, NORMALISED_PIXELS } from '../../src/data/dataset.js';
import { sha256 } from '../../src/core/index.js';
import { IMAGE_PIXELS } from '../../src/data/idx.js';

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

  it('are gathered by sample', () => {
    const { train } = pairOf([0, 1, 2], [0]);
    const out = new Float32Array(2 * IMAGE_PIXELS);
    gatherNormalised(train, [2, 0], out);
    expect([out[0], out[783], out[784]]).toEqual([NORMALISED_PIXELS[2], NORMALISED_PIXELS[2], NORMALISED_PIXELS[0]]);
    expect(() => gatherNormalised(train, [3], out)).toThrow('gatherNormalised: expected a sample index 0 to 2, got 3');
    expect(() => gatherNormalised(train, [0, 0, 0], out)).toThrow('gatherNormalised: expected room for 2352 pixels, got 1568');
  });
});
