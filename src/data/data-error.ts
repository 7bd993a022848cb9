/** A data file, archive or download that is not what it should be. The message says what, expected, got and the remedy. */
export class DataError extends Error {
  override readonly name = 'DataError';
}
