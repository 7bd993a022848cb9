// A table for people to read: texts to the left, numbers to the right.

/** A column of a text table. */
export interface TextColumn {
  readonly name: string;
  readonly kind: 'whole' | 'float' | 'text';
}

const formatted = (value: unknown, { kind }: TextColumn) => (kind === 'float' ? (value as number).toPrecision(5) : String(value));

/** One line for each row under a line of names; floats with five digits. */
export function formatTable(columns: readonly TextColumn[], rows: readonly Record<string, unknown>[]): string {
  const cells = [columns.map(({ name }) => name), ...rows.map((row) => columns.map((column) => formatted(row[column.name], column)))];
  const widths = columns.map((_, place) => Math.max(...cells.map((line) => line[place]!.length)));
  const aligned = (text: string, place: number) => (columns[place]!.kind === 'text' ? text.padEnd(widths[place]!) : text.padStart(widths[place]!));
  return cells.map((line) => `${line.map(aligned).join('  ').trimEnd()}\n`).join('');
}
