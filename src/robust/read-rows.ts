// Rows of numbers from text: JSON ([[1, 2], [3, 4]]) or CSV with an optional header line.
import { vectorsFrom, type Vectors } from './vectors.js';

export const ROW_FORMATS = ['auto', 'json', 'csv'] as const;
export type RowFormat = (typeof ROW_FORMATS)[number];

const CSV_NUMBER = /^[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|inf|infinity|nan)$/i;
/** JSON's, and the words Python's json writes. */
const JSON_NUMBER = /-?(?:\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|Infinity)|NaN/y;
const JSON_SPACE = /[ \t\r\n]*/y;
const JSON_TOKEN = /"(?:[^"\\\n]|\\.)*"?|[^\s,[\]]+|[,[\]]|$/y;

/** What is wrong at one place of the text. */
function refuse(where: string, line: number, column: number, expected: string, got: string): never {
  const shown = got.length > 60 ? `${got.slice(0, 57)}...` : got;
  throw new Error(`${where}: line ${line}, column ${column}: expected ${expected}, got ${shown === '' ? 'nothing' : shown}`);
}

function parseCsvNumber(cell: string): number | undefined {
  if (!CSV_NUMBER.test(cell)) return undefined;
  const word = /[in].*$/i.exec(cell)?.[0].toLowerCase();
  if (word === undefined) return Number(cell);
  if (word === 'nan') return NaN;
  return cell.startsWith('-') ? -Infinity : Infinity;
}

/** Cells without spaces around them and quotes; a number needs no comma within quotes. */
function cellsOf(line: string): string[] {
  return line.split(',').map((cell) => cell.trim().replace(/^"(.*)"$/, '$1'));
}

function readCsv(text: string, where: string, needsFinite: boolean): number[][] {
  const rows: number[][] = [];
  let isFirst = true;
  text.split(/\r\n|\n|\r/).forEach((content, index) => {
    if (content.trim() === '') return;
    const mayBeHeader = isFirst;
    isFirst = false;
    const cells = cellsOf(content);
    const numbers = cells.map(parseCsvNumber);
    // A header is a first line without a single number.
    if (mayBeHeader && numbers.every((value) => value === undefined)) return;
    rows.push(numbers.map((value, column) => {
      if (value === undefined) return refuse(where, index + 1, column + 1, 'a number', cells[column] === '' ? '' : JSON.stringify(cells[column]));
      if (needsFinite && !Number.isFinite(value)) refuse(where, index + 1, column + 1, 'a finite number', cells[column]!);
      return value;
    }));
    if (cells.length !== rows[0]!.length) refuse(where, index + 1, 1, `${rows[0]!.length} values, as in the first row`, String(cells.length));
  });
  return rows;
}

/** Reads [[...], ...] from left to right; JSON.parse would not say where a value is. */
class JsonRows {
  readonly #text: string;
  readonly #where: string;
  readonly #needsFinite: boolean;
  #at = 0;

  constructor(text: string, where: string, needsFinite: boolean) {
    this.#text = text;
    this.#where = where;
    this.#needsFinite = needsFinite;
  }

  read(): number[][] {
    const rows: number[][] = [];
    this.#list('a list of rows', () => {
      const start = this.#at;
      const row = this.#row();
      if (rows.length > 0 && row.length !== rows[0]!.length) {
        this.#at = start;
        this.#refuse(`${rows[0]!.length} values, as in the first row`, String(row.length));
      }
      rows.push(row);
    });
    if (this.#next() !== '') this.#refuse('the end');
    return rows;
  }

  #row(): number[] {
    const row: number[] = [];
    this.#list('a row such as [1, 2]', () => row.push(this.#number()));
    return row;
  }

  #list(what: string, item: () => void): void {
    this.#take('[', what);
    if (this.#next() === ']') {
      this.#at++;
      return;
    }
    for (;;) {
      item();
      if (this.#next() === ']') break;
      this.#take(',', ', or ]');
    }
    this.#at++;
  }

  #number(): number {
    this.#next();
    JSON_NUMBER.lastIndex = this.#at;
    const token = JSON_NUMBER.exec(this.#text)?.[0];
    if (token === undefined) return this.#refuse('a number');
    const value = Number(token);
    if (this.#needsFinite && !Number.isFinite(value)) this.#refuse('a finite number');
    this.#at += token.length;
    return value;
  }

  /** The next character that is no space; an empty text at the end. */
  #next(): string {
    JSON_SPACE.lastIndex = this.#at;
    this.#at += JSON_SPACE.exec(this.#text)![0].length;
    return this.#text.charAt(this.#at);
  }

  #take(character: string, expected: string): void {
    if (this.#next() !== character) this.#refuse(expected);
    this.#at++;
  }

  #refuse(expected: string, given?: string): never {
    this.#next();
    JSON_TOKEN.lastIndex = this.#at;
    const got = given ?? JSON_TOKEN.exec(this.#text)?.[0] ?? '';
    const before = this.#text.slice(0, this.#at).split('\n');
    return refuse(this.#where, before.length, before.at(-1)!.length + 1, expected, got);
  }
}

/**
 * Reads rows of numbers.
 * @param where begins every error: the flag and the file
 * @param format auto: JSON when the text begins with [, else CSV
 * @param needsFinite refuses NaN and infinities; else `NaN`, `Infinity` (JSON) and `nan`, `inf` in any case (CSV) are read
 * @returns [rows, columns]
 * @throws Error naming line and column (CSV: of the cells) for anything but numbers, for rows of different lengths, for none
 */
export function readRows(text: string, where: string, format: RowFormat, needsFinite: boolean): Vectors {
  const isJson = format === 'json' || (format === 'auto' && /^\s*\[/.test(text));
  const rows = isJson ? new JsonRows(text, where, needsFinite).read() : readCsv(text, where, needsFinite);
  if (rows.length === 0) throw new Error(`${where}: expected at least one row of numbers, got none`);
  if (rows[0]!.length === 0) throw new Error(`${where}: expected rows of at least one number, got empty ones`);
  return vectorsFrom(rows);
}
