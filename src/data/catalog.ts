/** Datasets as data: what `isolab data` knows about files, sizes, checksums, mirrors and licences. */

/** One file to download. */
export interface DownloadFile {
  readonly name: string;
  /** Exact size in bytes; a server that sends more is cut off. */
  readonly size: number;
  readonly sha256: string;
  readonly md5: string;
  /** Full addresses, tried in order. */
  readonly mirrors: readonly string[];
}

/** Members to take out of a downloaded archive. */
export interface ArchiveContents {
  /** Paths inside the archive. */
  readonly members: readonly string[];
  /** Most bytes of one member as it is written to disk (still gzip there). */
  readonly memberLimit: number;
}

export interface CatalogEntry {
  readonly name: string;
  readonly title: string;
  /** Folder under the cache or data folder, in torchvision's layout. */
  readonly folder: string;
  readonly downloads: readonly DownloadFile[];
  /** When the one download is a zip archive. */
  readonly archive?: ArchiveContents;
  readonly attribution: string;
  readonly licence: string;
  readonly homepage: string;
}

/** SHA-256 of the raw IDX bytes of the official MNIST files. */
export const MNIST_RAW_SHA256: Readonly<Record<string, string>> = {
  'train-images-idx3-ubyte': 'ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db',
  'train-labels-idx1-ubyte': '65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5',
  't10k-images-idx3-ubyte': '0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7',
  't10k-labels-idx1-ubyte': 'ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2',
};

const MNIST_MIRRORS = ['https://ossci-datasets.s3.amazonaws.com/mnist/', 'https://storage.googleapis.com/cvdf-datasets/mnist/'];

function mnistFile(name: string, size: number, sha256: string, md5: string): DownloadFile {
  return { name, size, sha256, md5, mirrors: MNIST_MIRRORS.map((mirror) => mirror + name) };
}

const MNIST: CatalogEntry = {
  name: 'mnist',
  title: 'MNIST, 60,000 + 10,000 handwritten digits, 28x28',
  folder: 'MNIST/raw',
  downloads: [
    mnistFile('train-images-idx3-ubyte.gz', 9912422, '440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609', 'f68b3c2dcbeaaa9fbdd348bbdeb94873'),
    mnistFile('train-labels-idx1-ubyte.gz', 28881, '3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c', 'd53e105ee54ea40749a09fcbcd1e9432'),
    mnistFile('t10k-images-idx3-ubyte.gz', 1648877, '8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6', '9fb629c4189551a2d022fa330f9573f3'),
    mnistFile('t10k-labels-idx1-ubyte.gz', 4542, 'f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6', 'ec29112dd5afa0611ce80d1b7f02629c'),
  ],
  attribution: 'Y. LeCun, C. Cortes, C. J. C. Burges: The MNIST database of handwritten digits',
  licence: 'CC BY-SA 3.0, as its distributors state it',
  homepage: 'http://yann.lecun.com/exdb/mnist/',
};

const EMNIST_SPLITS = ['balanced', 'letters'];
const EMNIST_KINDS = ['train-images-idx3', 'train-labels-idx1', 'test-images-idx3', 'test-labels-idx1'];

const EMNIST: CatalogEntry = {
  name: 'emnist',
  title: 'EMNIST balanced (47 classes) and letters (26 classes), 28x28',
  folder: 'EMNIST/raw',
  downloads: [
    {
      name: 'gzip.zip',
      size: 561753746,
      sha256: 'fb9bb67e33772a9cc0b895e4ecf36d2cf35be8b709693c3564cea2a019fcda8e',
      md5: '58c8d27c78d21e728a6bc7b3cc06412e',
      mirrors: ['https://biometrics.nist.gov/cs_links/EMNIST/gzip.zip', 'https://www.itl.nist.gov/iaui/vip/cs_links/EMNIST/gzip.zip'],
    },
  ],
  archive: {
    members: EMNIST_SPLITS.flatMap((split) => EMNIST_KINDS.map((kind) => `gzip/emnist-${split}-${kind}-ubyte.gz`)),
    memberLimit: 110_000_000,
  },
  attribution: 'G. Cohen, S. Afshar, J. Tapson, A. van Schaik: EMNIST: an extension of MNIST to handwritten letters, arXiv:1702.05373; from NIST Special Database 19',
  licence: 'work of the United States government (NIST), no copyright there',
  homepage: 'https://www.nist.gov/itl/products-and-services/emnist-dataset',
};

export const CATALOG: readonly CatalogEntry[] = [MNIST, EMNIST];
