// A parallel corpus: sentences and their translations, from the kinds of files that corpora come in.
import { DataError } from './data-error.js';
import { fileOfLanguage, isIwsltName, unpackFiles, type NamedFile } from './parallel-files.js';
import { iwsltPairs, requireSameLength, type LanguageLines, type NumberedSentence } from './parallel-iwslt.js';
import { readLines } from './parallel-lines.js';

export type { NamedFile } from './parallel-files.js';

export interface SentencePair {
  readonly source: string;
  readonly target: string;
}

/**
 * `lines`: two files, line by line translations of each other. `tsv`: one file, columns parted by tabs, no quoting, as
 * manythings.org gives Tatoeba's sentences. `iwslt`: `train.tags.en-ja.en` and its like, or the `.xml` of development and test sets.
 */
export const PARALLEL_FORMATS = ['lines', 'tsv', 'iwslt'] as const;
export type ParallelFormat = (typeof PARALLEL_FORMATS)[number];

export interface ParallelOptions {
  /** Default: `iwslt` for files with IWSLT's names, else `tsv` for one file and `lines` for several. */
  readonly format?: ParallelFormat;
  /** Of `tsv` the number of the column, from 1; else the language a file's name ends in (`ja` of `train.ja`, `iwslt_ja.txt`) or that name. */
  readonly source: string | number;
  /** As `source`. */
  readonly target: string | number;
  /** Keep pairs of which a side is empty. Default false. */
  readonly keepEmpty?: boolean;
}

export interface ParallelReport {
  readonly format: ParallelFormat;
  /** Pairs read, before those with an empty side were left out; tagged lines are none. */
  readonly read: number;
  /** Pairs of which a side holds white space alone: how many, and the first few lines of them (of the source's file, from 1). */
  readonly empty: { readonly count: number; readonly lines: readonly number[] };
  /** Pairs among those given out that came before, on both sides. */
  readonly duplicates: number;
}

export interface ParallelText {
  readonly pairs: SentencePair[];
  readonly report: ParallelReport;
}

const REPORTED_LINES = 5;

type Sides = [NumberedSentence[], NumberedSentence[]];

function formatOf(files: readonly NamedFile[]): ParallelFormat {
  if (files.some(({ name }) => isIwsltName(name))) return 'iwslt';
  return files.length === 1 ? 'tsv' : 'lines';
}

function checkOptions(format: ParallelFormat, { source, target }: ParallelOptions): void {
  if (!PARALLEL_FORMATS.includes(format)) throw new RangeError(`format: expected ${PARALLEL_FORMATS.join(', ')}, got ${JSON.stringify(format)}`);
  for (const [side, value] of Object.entries({ source, target })) {
    const isColumn = Number.isSafeInteger(value) && (value as number) >= 1;
    const isLanguage = typeof value === 'string' && value !== '';
    if (format === 'tsv' ? !isColumn : !isLanguage) {
      const expected = format === 'tsv' ? 'the number of a column, from 1, of a tsv file' : `a language, such as en, of ${format} files`;
      throw new RangeError(`${side}: expected ${expected}, got ${JSON.stringify(value)}`);
    }
  }
  if (source === target) throw new RangeError(`target: expected another than the source, got ${JSON.stringify(target)} for both`);
}

function readColumns(files: readonly NamedFile[], source: number, target: number): Sides {
  if (files.length !== 1) throw new DataError(`tsv: expected one file, got ${files.map(({ name }) => name).join(', ') || 'none'}`);
  const [{ name, bytes }] = files;
  const needed = Math.max(source, target);
  const rows = readLines(bytes, name).map((line, index) => {
    const columns = line === '' ? new Array<string>(needed).fill('') : line.split('\t');
    if (columns.length < needed) {
      throw new DataError(`${name}: expected at least ${needed} columns parted by tabs in line ${index + 1}, got ${columns.length}; correct the line or choose other columns`);
    }
    return columns;
  });
  const column = (number: number) => rows.map((columns, index) => ({ text: columns[number - 1], line: index + 1 }));
  return [column(source), column(target)];
}

function readLanguages(files: readonly NamedFile[], format: 'lines' | 'iwslt', options: ParallelOptions): Sides {
  const [source, target] = (['source', 'target'] as const).map((side): LanguageLines => {
    const language = options[side] as string;
    const { name, bytes } = fileOfLanguage(files, language, side);
    return { name, language, lines: readLines(bytes, name) };
  });
  if (format === 'iwslt') return iwsltPairs(source, target);
  requireSameLength(source, target);
  const numbered = ({ lines }: LanguageLines) => lines.map((text, index) => ({ text, line: index + 1 }));
  return [numbered(source), numbered(target)];
}

/** LF parts the sides: no line holds one. */
function countDuplicates(pairs: readonly SentencePair[]): number {
  return pairs.length - new Set(pairs.map(({ source, target }) => `${source}\n${target}`)).size;
}

/**
 * Reads aligned sentences from text in UTF-8. Files may be gzip, or zip archives of such files (folders and members whose
 * names begin with `_` or `.` are passed over): `jpn-eng.zip` of manythings.org needs no unpacking.
 *
 * Lines end at LF or CR LF (see `readLines`); a byte order mark is left out; IWSLT's sentences are trimmed, others as written.
 *
 * @throws RangeError for an option that is none
 * @throws DataError naming the file: empty, not UTF-8 (with line and byte), no file or several for a language, files of
 *   different lengths (both counts), a line of too few columns (its number), no pairs left, a damaged archive
 */
export function readParallelText(files: readonly NamedFile[], options: ParallelOptions): ParallelText {
  const unpacked = unpackFiles(files);
  const format = options.format ?? formatOf(unpacked);
  checkOptions(format, options);
  const [sources, targets] = format === 'tsv'
    ? readColumns(unpacked, options.source as number, options.target as number)
    : readLanguages(unpacked, format, options);

  const isEmpty = (index: number) => sources[index].text.trim() === '' || targets[index].text.trim() === '';
  const empty = sources.flatMap((sentence, index) => (isEmpty(index) ? [sentence.line] : []));
  const pairs = sources.flatMap(({ text }, index) => (options.keepEmpty || !isEmpty(index) ? [{ source: text, target: targets[index].text }] : []));
  if (pairs.length === 0) {
    throw new DataError(
      `${files.map(({ name }) => name).join(', ')}: expected at least one pair of sentences, got ${sources.length === 0 ? 'none' : `${sources.length}, each with an empty side`}; `
      + 'name other files, columns or languages',
    );
  }
  const report = { format, read: sources.length, empty: { count: empty.length, lines: empty.slice(0, REPORTED_LINES) }, duplicates: countDuplicates(pairs) };
  return { pairs, report };
}
