// Tables on disk that rows are added to: never half a row, never a header that lies.
import type { Files } from '../runtime/runtime.js';
import { endOfLastRecord, formatCsv, formatCsvHeader, parseCsv, type Row } from './csv.js';

/** What is to happen to one file: bytes added at its end, or the whole of it replaced. */
export type FileChange = { path: string; append: Uint8Array } | { path: string; content: Uint8Array };

async function readText(files: Files, path: string): Promise<string | undefined> {
  return (await files.size(path)) === undefined ? undefined : new TextDecoder().decode(await files.read(path));
}

const encode = (text: string) => new TextEncoder().encode(text);

function rowsOf(text: string): { columns: string[]; rows: Record<string, string>[] } {
  const [columns = [], ...records] = parseCsv(text);
  return { columns, rows: records.map((record) => Object.fromEntries(columns.map((column, index) => [column, record[index] ?? '']))) };
}

/** A table's rows as text by column, or undefined when there is no such file. */
export async function readTable(files: Files, path: string): Promise<Record<string, string>[] | undefined> {
  const text = await readText(files, path);
  return text === undefined ? undefined : rowsOf(text).rows;
}

/**
 * How rows get into a CSV file. They are appended where that is enough; the file is replaced where it is new, gets
 * new columns at the right, ends in a row that a crash cut off, or holds rows of the run `replacing`.
 */
export async function planRows(files: Files, path: string, rows: readonly Row[], replacing?: string): Promise<FileChange | undefined> {
  const text = (await readText(files, path)) ?? '';
  const { columns: header, rows: present } = rowsOf(text);
  const kept = present.filter(({ run_id }) => replacing === undefined || run_id !== replacing);
  if (rows.length === 0 && kept.length === present.length) return undefined;
  const columns = [...new Set([...header, ...rows.flatMap((row) => Object.keys(row))])];
  const stays = header.length > 0 && columns.length === header.length && kept.length === present.length && endOfLastRecord(text) === text.length;
  if (stays) return { path, append: encode(formatCsv(header, rows)) };
  return { path, content: encode(formatCsvHeader(columns) + formatCsv(columns, [...kept, ...rows])) };
}

function isWholeLineOfOthers(line: string, runId: string): boolean {
  try {
    return (JSON.parse(line) as { run_id?: string }).run_id !== runId;
  } catch {
    return false;
  }
}

/** How a JSON record gets into a file of such lines; a line that a crash cut off goes, and those of the run `replacing`. */
export async function planJsonLine(files: Files, path: string, line: string, replacing?: string): Promise<FileChange> {
  const text = await readText(files, path);
  if (text !== undefined && replacing === undefined && (text === '' || text.endsWith('\n'))) return { path, append: encode(`${line}\n`) };
  const whole = (text ?? '').split('\n').slice(0, -1);
  const kept = replacing === undefined ? whole : whole.filter((other) => isWholeLineOfOthers(other, replacing));
  return { path, content: encode([...kept, line].map((other) => `${other}\n`).join('')) };
}
