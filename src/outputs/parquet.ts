// A table as Apache Parquet: typed columns that pandas, polars, DuckDB and R read.
import { parquetWriteBuffer, type ColumnSource } from 'hyparquet-writer';
import type { PandasColumn } from './pandas-csv.js';

/** Missing values are null; texts UTF-8, floats DOUBLE, whole numbers INT64. */
function columnSource({ name, kind }: PandasColumn, rows: readonly Record<string, unknown>[]): ColumnSource {
  const values = rows.map((row) => {
    const value = row[name];
    if (value === null || value === undefined || Number.isNaN(value)) return null;
    return kind === 'whole' ? BigInt(value as number) : kind === 'float' ? Number(value) : String(value);
  });
  return { name, data: values, type: kind === 'whole' ? 'INT64' : kind === 'float' ? 'DOUBLE' : 'STRING', nullable: true };
}

/** The bytes of a Parquet file: the same for the same rows. */
export function formatParquet(columns: readonly PandasColumn[], rows: readonly Record<string, unknown>[]): Uint8Array {
  return new Uint8Array(parquetWriteBuffer({ columnData: columns.map((column) => columnSource(column, rows)), createdBy: 'isolab' }));
}
