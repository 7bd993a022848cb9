export { formatCell, formatCsv, parseCsv, type Cell, type Row } from './csv.js';
export { formatPandasCsv, type PandasColumn } from './pandas-csv.js';
export { formatPythonFloat, formatPythonJson, formatTwelveDigits } from './python-format.js';
export { RunWriter, type RunRecord, type TableRows } from './run-writer.js';
export { readTable } from './tables.js';
export { removeNamed, writeTidily } from './tidy-files.js';
export { formatTable, type TextColumn } from './text-table.js';
