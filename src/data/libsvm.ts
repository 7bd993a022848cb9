// Text in the format of LIBSVM and SVMlight: `label index:value index:value ...`, one sample a line.
import type { Files } from '../runtime/runtime.js';
import { sha256 } from '../core/index.js';
import { DataError } from './data-error.js';
import { gunzipBounded, isGzip } from './inflate.js';
import { parseDecimal } from './libsvm-number.js';

/** Room for the largest files in use and for counts of 32 bits; refused before the memory is taken. */
const MOST_UNPACKED_BYTES = 2_000_000_000;

const MOST_INDEX = 2 ** 31 - 1;

const TAB = 9;
const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;
const SPACE = 32;
const HASH = 35;
const COMMA = 44;
const ZERO = 48;
const COLON = 58;

/** Samples as sparse rows: row r has `values[k]` in column `indices[k]` for k from `indptr[r]` to `indptr[r + 1] - 1`, else 0. */
export interface LibsvmDataset {
  /** The file's name, without its folder and `.gz`. */
  readonly name: string;
  /** Number of samples. */
  readonly count: number;
  /** Number of columns. */
  readonly features: number;
  /** `[count + 1]`, ascending from 0. */
  readonly indptr: Int32Array;
  /** `[values.length]`, columns from 0 (the file counts from 1), ascending within a row. */
  readonly indices: Int32Array;
  /** Values as the file gives them, zeros among them, each the nearest float64. */
  readonly values: Float64Array;
  /** `[count]`, as they stand in the file. */
  readonly labels: Float64Array;
  /** The file's distinct labels, ascending. */
  readonly classes: readonly number[];
  /** SHA-256 of the file's text, unpacked. */
  readonly sha256: string;
}

export interface LibsvmOptions {
  /** Named in errors. */
  readonly file: string;
  /** Number of columns, where the file's largest index is not to decide: a test set may lack the last ones. */
  readonly features?: number;
}

type SparseRows = Omit<LibsvmDataset, 'name' | 'sha256'>;

const REMEDY = 'correct the line, or get the file again';

/** A text as it reads in an error: quoted, cut when long. */
function quoteBytes(bytes: Uint8Array): string {
  const text = new TextDecoder().decode(bytes.subarray(0, 60));
  return JSON.stringify(bytes.length > 60 ? `${text}...` : text);
}

/** Goes through the text once, line by line, and makes no string but those of errors and of numbers with many digits. */
class LibsvmReader {
  readonly #text: Uint8Array;
  readonly #file: string;
  readonly #mostIndex: number;
  readonly #features: number | undefined;

  readonly #indptr: Int32Array;
  readonly #indices: Int32Array;
  readonly #values: Float64Array;
  readonly #labels: Float64Array;
  #rows = 0;
  #filled = 0;
  #largestIndex = 0;

  #line = 0;
  #lineEnd = 0;
  /** Ends of the word being read: `#text[#start..#end)`. */
  #start = 0;
  #end = 0;

  constructor(text: Uint8Array, { file, features }: LibsvmOptions) {
    this.#text = text;
    this.#file = file;
    this.#features = features;
    this.#mostIndex = features ?? MOST_INDEX;
    // Upper bounds, since lines may be blank and comments hold colons.
    let colons = 0;
    let lines = 1;
    for (let at = 0; at < text.length; at++) {
      if (text[at] === COLON) colons++;
      else if (text[at] === LINE_FEED) lines++;
    }
    this.#indptr = new Int32Array(lines + 1);
    this.#labels = new Float64Array(lines);
    this.#indices = new Int32Array(colons);
    this.#values = new Float64Array(colons);
  }

  read(): SparseRows {
    const text = this.#text;
    for (let at = 0; at < text.length; at = this.#lineEnd + 1) {
      const found = text.indexOf(LINE_FEED, at);
      this.#lineEnd = found < 0 ? text.length : found;
      this.#line++;
      this.#readLine(at, text[this.#lineEnd - 1] === CARRIAGE_RETURN ? this.#lineEnd - 1 : this.#lineEnd);
    }
    if (this.#rows === 0) this.#failWhole('at least one sample', text.length === 0 ? 'an empty file' : `none in ${this.#line} lines`);
    const features = this.#features ?? this.#largestIndex;
    if (features === 0) this.#failWhole('at least one index:value', `${this.#rows} labels alone`);
    const labels = trimmed(this.#labels, this.#rows);
    return {
      count: this.#rows,
      features,
      indptr: trimmed(this.#indptr, this.#rows + 1),
      indices: trimmed(this.#indices, this.#filled),
      values: trimmed(this.#values, this.#filled),
      labels,
      classes: [...new Set(labels)].sort((a, b) => a - b),
    };
  }

  /** @param end where the line's text ends, before its line end */
  #readLine(start: number, end: number): void {
    this.#end = start;
    if (!this.#nextWord(end)) return;
    this.#labels[this.#rows] = this.#readLabel();
    let previous = 0;
    while (this.#nextWord(end)) previous = this.#readFeature(previous);
    this.#rows++;
    this.#indptr[this.#rows] = this.#filled;
  }

  /** Moves to the line's next word; false at its end or at a comment. */
  #nextWord(lineEnd: number): boolean {
    const text = this.#text;
    let at = this.#end;
    while (at < lineEnd && (text[at] === SPACE || text[at] === TAB)) at++;
    this.#start = at;
    while (at < lineEnd && text[at] !== SPACE && text[at] !== TAB && text[at] !== HASH) at++;
    this.#end = at;
    return at > this.#start;
  }

  #readLabel(): number {
    const label = parseDecimal(this.#text, this.#start, this.#end);
    if (Number.isFinite(label)) return label;
    const word = this.#text.subarray(this.#start, this.#end);
    if (word.includes(COLON)) this.#fail('a label before the first index:value');
    if (word.includes(COMMA)) this.#fail('one label a line (files of several labels a sample are not read)');
    return this.#fail('a label, a finite number');
  }

  /** Reads `index:value`; returns the index. */
  #readFeature(previous: number): number {
    const text = this.#text;
    let index = 0;
    let at = this.#start;
    for (; at < this.#end; at++) {
      const digit = text[at] - ZERO;
      if (digit < 0 || digit > 9) break;
      index = index * 10 + digit;
    }
    if (at === this.#start || at === this.#end || text[at] !== COLON) this.#refuseFeature();
    if (index < 1) this.#fail('an index of at least 1 (indices count from 1)');
    if (index > this.#mostIndex) this.#fail(`an index of at most ${this.#mostIndex}${this.#features === undefined ? '' : ', the number of features'}`);
    if (index <= previous) this.#fail(`ascending indices, one above ${previous}`);
    const value = parseDecimal(text, at + 1, this.#end);
    if (!Number.isFinite(value)) this.#fail('index:value, with a finite number for a value');
    this.#indices[this.#filled] = index - 1;
    this.#values[this.#filled] = value;
    this.#filled++;
    if (index > this.#largestIndex) this.#largestIndex = index;
    return index;
  }

  /** Says what is wrong with a word that does not begin with digits and a colon. */
  #refuseFeature(): never {
    const word = new TextDecoder().decode(this.#text.subarray(this.#start, this.#end));
    if (word.startsWith('qid:')) this.#fail('index:value alone (ranking data, with qid, is not read)');
    if (!word.includes(':')) this.#fail('index:value, with a colon');
    if (/^-\d+:/.test(word)) this.#fail('an index of at least 1 (indices count from 1)');
    return this.#fail('index:value, with a whole number for an index');
  }

  #fail(expected: string): never {
    const got = quoteBytes(this.#text.subarray(this.#start, this.#end));
    const isLast = this.#lineEnd === this.#text.length;
    const cut = isLast ? ' (the file ends here without a line end: it may be cut short)' : '';
    throw new DataError(`${this.#file}: line ${this.#line}: expected ${expected}, got ${got}${cut}; ${REMEDY}`);
  }

  #failWhole(expected: string, got: string): never {
    throw new DataError(`${this.#file}: expected ${expected}, got ${got}; get the file again`);
  }
}

/** The first `length` values: the array itself when it has no more. */
function trimmed<A extends Int32Array | Float64Array>(array: A, length: number): A {
  return array.length === length ? array : (array.slice(0, length) as A);
}

/** Packers whose files the LIBSVM site offers but no runtime unpacks: first bytes, name, command. */
const UNREAD_PACKERS = [
  { magic: [0x42, 0x5a, 0x68], packer: 'bzip2', command: 'bunzip2 --keep' },
  { magic: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00], packer: 'xz', command: 'unxz --keep' },
];

/** The text of a plain or gzip file. */
function unpackText(bytes: Uint8Array, file: string): Uint8Array {
  for (const { magic, packer, command } of UNREAD_PACKERS) {
    if (magic.every((byte, at) => bytes[at] === byte)) {
      throw new DataError(`${file}: expected text or gzip, got ${packer}; unpack it with \`${command} ${file}\` and name the unpacked file`);
    }
  }
  return isGzip(bytes) ? gunzipBounded(bytes, file, MOST_UNPACKED_BYTES) : bytes;
}

/** Some editors put one first. */
function withoutByteOrderMark(text: Uint8Array): Uint8Array {
  return text[0] === 0xef && text[1] === 0xbb && text[2] === 0xbf ? text.subarray(3) : text;
}

function nameOf(file: string): string {
  return file.slice(file.lastIndexOf('/') + 1).replace(/\.gz$/, '');
}

/**
 * Reads a file in LIBSVM's format (Chang & Lin, LIBSVM's README, "Training and testing data file"), plain or gzip: a
 * label, then `index:value` with indices from 1 ascending; `#` begins a comment, lines may be blank and end in CR LF.
 * Takes 12 bytes for each `index:value` and 12 for each line, beside the text.
 *
 * @throws DataError naming the file, the line and the word for anything else: no or several labels, `qid:`, a missing
 *   colon, an index that is not whole, below 1, above `features` or not ascending, a number that is none or not
 *   finite; for a file without samples, a damaged gzip file, and bzip2 or xz
 * @throws RangeError for `features` that is not a whole number of at least 1
 */
export async function parseLibsvm(bytes: Uint8Array, options: LibsvmOptions): Promise<LibsvmDataset> {
  const { file, features } = options;
  if (features !== undefined && !(Number.isSafeInteger(features) && features >= 1 && features <= MOST_INDEX)) {
    throw new RangeError(`features: expected a whole number from 1 to ${MOST_INDEX}, got ${features}`);
  }
  const text = unpackText(bytes, file);
  const rows = new LibsvmReader(withoutByteOrderMark(text), options).read();
  return { name: nameOf(file), ...rows, sha256: await sha256(text) };
}

/**
 * {@link parseLibsvm} of a file.
 *
 * @throws DataError also when there is no such file, with where such files come from
 */
export async function loadLibsvm(files: Files, path: string, options: Omit<LibsvmOptions, 'file'> = {}): Promise<LibsvmDataset> {
  const isFolder = await files.isFolder(path);
  if (isFolder || (await files.size(path)) === undefined) {
    throw new DataError(
      `${path}: expected a file in LIBSVM's format, got ${isFolder ? 'a folder' : 'no such file'}; `
      + 'https://www.csie.ntu.edu.tw/~cjlin/libsvmtools/datasets/binary.html has ijcnn1 (ijcnn1.bz2) and covtype.binary '
      + '(covtype.libsvm.binary.bz2), to be unpacked with bunzip2',
    );
  }
  return parseLibsvm(await files.read(path), { ...options, file: path });
}
