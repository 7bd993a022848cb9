// CSV as pandas' DataFrame.to_csv(index=False) writes it: lines ended by LF, floats as Python's repr, missing values empty.
import { formatPythonFloat } from './python-format.js';

/** A column: whole numbers and texts as they are, floats always with a point or exponent. */
export interface PandasColumn {
  name: string;
  kind: 'whole' | 'float' | 'text';
}

function formatValue(value: unknown, kind: PandasColumn['kind']): string {
  if (value === null || value === undefined || Number.isNaN(value)) return '';
  const text = kind === 'float' ? formatPythonFloat(value as number) : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

export function formatPandasCsv(columns: readonly PandasColumn[], rows: readonly Record<string, unknown>[]): string {
  const lines = [columns.map(({ name }) => name), ...rows.map((row) => columns.map(({ name, kind }) => formatValue(row[name], kind)))];
  return lines.map((line) => `${line.join(',')}\n`).join('');
}
