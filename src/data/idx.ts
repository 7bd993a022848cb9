import { DataError } from './data-error.js';
import { gunzipBounded, isGzip } from './inflate.js';

/** Height and width of every image of the MNIST family. */
export const IMAGE_SIDE = 28;
export const IMAGE_PIXELS = IMAGE_SIDE * IMAGE_SIDE;

const IMAGES_MAGIC = 0x00000803;
const LABELS_MAGIC = 0x00000801;

/** Room for EMNIST's largest official part (697,932 images of the by-class split) and no more. */
const MOST_UNPACKED_BYTES = 560_000_000;

/** Where bytes came from, for errors. */
export interface IdxSource {
  readonly path: string;
  /** What the reader of an error should do, as the end of a sentence. */
  readonly remedy: string;
}

/** Labels a file may hold: `first` to `first + count - 1`. */
export interface LabelRange {
  readonly first: number;
  readonly count: number;
}

function fail(source: IdxSource, expected: string, got: string): never {
  throw new DataError(`${source.path}: expected ${expected}, got ${got}; ${source.remedy}`);
}

/** The raw IDX bytes of a file, unpacked when it starts with gzip's magic bytes. */
export function rawIdx(bytes: Uint8Array, source: IdxSource): Uint8Array {
  return isGzip(bytes) ? gunzipBounded(bytes, source.path, MOST_UNPACKED_BYTES) : bytes;
}

function describeMagic(magic: number): string {
  if (magic === IMAGES_MAGIC) return 'an image file (magic 00000803)';
  if (magic === LABELS_MAGIC) return 'a label file (magic 00000801)';
  return `magic ${magic.toString(16).padStart(8, '0')}`;
}

/** Checks magic and length; returns the header's sizes, one an axis. */
function readHeader(raw: Uint8Array, magic: number, source: IdxSource): number[] {
  const axes = magic & 255;
  const headerBytes = 4 + 4 * axes;
  if (raw.length < 4) fail(source, `an IDX header of ${headerBytes} bytes`, `a file of ${raw.length} bytes`);
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  const gotMagic = view.getUint32(0);
  if (gotMagic !== magic) fail(source, describeMagic(magic), describeMagic(gotMagic));
  if (raw.length < headerBytes) fail(source, `an IDX header of ${headerBytes} bytes`, `a file of ${raw.length} bytes`);
  return Array.from({ length: axes }, (_, axis) => view.getUint32(4 + 4 * axis));
}

function checkLength(raw: Uint8Array, headerBytes: number, count: number, itemBytes: number, source: IdxSource): void {
  const expected = headerBytes + count * itemBytes;
  if (count === 0) fail(source, 'at least one item', 'a count of 0');
  if (raw.length === expected) return;
  const what = raw.length < expected ? 'the file is cut short' : 'bytes follow the last item';
  fail(source, `${expected} bytes for ${count} items`, `${raw.length} (${what})`);
}

/**
 * Reads images in IDX (unsigned bytes, 3 axes), plain or gzip.
 *
 * @returns uint8 pixels `[count, 28, 28]`, row-major, as they lie in the file; a view of `raw`, not a copy
 * @throws DataError for a wrong magic, a size other than 28x28, missing or trailing bytes
 */
export function parseIdxImages(bytes: Uint8Array, source: IdxSource): { raw: Uint8Array; count: number; pixels: Uint8Array } {
  const raw = rawIdx(bytes, source);
  const [count, rows, columns] = readHeader(raw, IMAGES_MAGIC, source);
  if (rows !== IMAGE_SIDE || columns !== IMAGE_SIDE) {
    fail(source, `images of ${IMAGE_SIDE}x${IMAGE_SIDE} pixels`, `${rows}x${columns}`);
  }
  checkLength(raw, 16, count, IMAGE_PIXELS, source);
  return { raw, count, pixels: raw.subarray(16) };
}

/**
 * Reads labels in IDX (unsigned bytes, 1 axis), plain or gzip.
 *
 * @returns uint8 labels `[count]` as they lie in the file; a view of `raw`, not a copy
 * @throws DataError for a wrong magic, missing or trailing bytes, a label outside `range`
 */
export function parseIdxLabels(bytes: Uint8Array, source: IdxSource, range: LabelRange): { raw: Uint8Array; count: number; labels: Uint8Array } {
  const raw = rawIdx(bytes, source);
  const [count] = readHeader(raw, LABELS_MAGIC, source);
  checkLength(raw, 8, count, 1, source);
  const labels = raw.subarray(8);
  const bad = labels.findIndex((label) => label < range.first || label >= range.first + range.count);
  if (bad >= 0) fail(source, `labels ${range.first} to ${range.first + range.count - 1}`, `${labels[bad]} at item ${bad}`);
  return { raw, count, labels };
}

/** Checks that an image file and its label file count alike. */
export function checkCounts(images: { count: number; source: IdxSource }, labels: { count: number; source: IdxSource }): void {
  if (images.count === labels.count) return;
  fail(labels.source, `${images.count} labels, one for each image of ${images.source.path}`, `${labels.count}`);
}

/** An IDX file of images. `pixels`: uint8 `[count, 28, 28]`. */
export function encodeIdxImages(pixels: Uint8Array): Uint8Array {
  if (pixels.length % IMAGE_PIXELS !== 0) {
    throw new RangeError(`encodeIdxImages: expected a multiple of ${IMAGE_PIXELS} pixels, got ${pixels.length}`);
  }
  const raw = new Uint8Array(16 + pixels.length);
  const view = new DataView(raw.buffer);
  [IMAGES_MAGIC, pixels.length / IMAGE_PIXELS, IMAGE_SIDE, IMAGE_SIDE].forEach((value, index) => view.setUint32(4 * index, value));
  raw.set(pixels, 16);
  return raw;
}

/** An IDX file of labels. `labels`: uint8 `[count]`. */
export function encodeIdxLabels(labels: Uint8Array): Uint8Array {
  const raw = new Uint8Array(8 + labels.length);
  const view = new DataView(raw.buffer);
  view.setUint32(0, LABELS_MAGIC);
  view.setUint32(4, labels.length);
  raw.set(labels, 8);
  return raw;
}
