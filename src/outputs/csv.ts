// CSV in the dialect of Python's csv module: minimal quoting, lines ended by CR LF.
import { formatPythonJson, formatTwelveDigits } from './python-format.js';

/** A cell: numbers with 12 significant digits, booleans as 0 and 1, lists and objects as Python's JSON. */
export type Cell = string | number | bigint | boolean | null | undefined | object;
export type Row = Record<string, Cell>;

export function formatCell(value: Cell): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean') return value ? '1' : '0';
  if (typeof value === 'bigint') return String(value);
  if (typeof value === 'number') return Number.isSafeInteger(value) && !Object.is(value, -0) ? String(value) : formatTwelveDigits(value);
  return formatPythonJson(value);
}

function quoteCell(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** One line per row, each ended by CR LF; a column that a row lacks is empty. */
export function formatCsv(columns: readonly string[], rows: readonly Row[]): string {
  return rows.map((row) => `${columns.map((column) => quoteCell(formatCell(row[column]))).join(',')}\r\n`).join('');
}

export function formatCsvHeader(columns: readonly string[]): string {
  return `${columns.map(quoteCell).join(',')}\r\n`;
}

/** Where the last whole record ends: after its line end, outside quotes. */
export function endOfLastRecord(text: string): number {
  let end = 0;
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '"') quoted = !quoted;
    else if (text[i] === '\n' && !quoted) end = i + 1;
  }
  return end;
}

/** The records of a CSV text. A last record that was cut off (no line end, or an open quote) is left out. */
export function parseCsv(text: string): string[][] {
  const records: string[][] = [];
  let record: string[] = [];
  let cell = '';
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const character = text[i]!;
    if (quoted) {
      if (character !== '"') cell += character;
      else if (text[i + 1] === '"') cell += text[++i];
      else quoted = false;
    } else if (character === '"') quoted = true;
    else if (character === ',') {
      record.push(cell);
      cell = '';
    } else if (character === '\n') {
      record.push(cell.endsWith('\r') ? cell.slice(0, -1) : cell);
      records.push(record);
      record = [];
      cell = '';
    } else cell += character;
  }
  return records;
}
