// Rows taken out of a sparse dataset: parts of it, and dense batches.
import { randomSplit, type Generator } from '../random/index.js';
import { splitSizes } from './split-sizes.js';
import type { LibsvmDataset } from './libsvm.js';

function checkRows(what: string, { count }: LibsvmDataset, rows: ArrayLike<number>): void {
  for (let at = 0; at < rows.length; at++) {
    const row = rows[at];
    if (!(Number.isSafeInteger(row) && row >= 0 && row < count)) {
      throw new RangeError(`${what}: expected rows from 0 to ${count - 1}, got ${row} at position ${at}`);
    }
  }
}

/**
 * A dataset of some rows, in the order given; a row may come twice. It keeps name, features, classes and sha256 of the whole.
 *
 * @param rows `[n]`, row numbers from 0
 * @throws RangeError for a row that is not there
 */
export function selectLibsvmRows(dataset: LibsvmDataset, rows: ArrayLike<number>): LibsvmDataset {
  checkRows('selectLibsvmRows', dataset, rows);
  const indptr = new Int32Array(rows.length + 1);
  const labels = new Float64Array(rows.length);
  for (let at = 0; at < rows.length; at++) {
    const row = rows[at];
    indptr[at + 1] = indptr[at] + dataset.indptr[row + 1] - dataset.indptr[row];
    labels[at] = dataset.labels[row];
  }
  const indices = new Int32Array(indptr[rows.length]);
  const values = new Float64Array(indptr[rows.length]);
  for (let at = 0; at < rows.length; at++) {
    const from = dataset.indptr[rows[at]];
    const to = dataset.indptr[rows[at] + 1];
    indices.set(dataset.indices.subarray(from, to), indptr[at]);
    values.set(dataset.values.subarray(from, to), indptr[at]);
  }
  return { ...dataset, count: rows.length, indptr, indices, values, labels };
}

/**
 * Training and validation rows as torch.utils.data.random_split(dataset, [fraction, 1 - fraction], generator) parts
 * them (torch/utils/data/dataset.py, since PyTorch 1.13): floor(count * part) rows each, and a row that is left over goes to training.
 *
 * @param fraction the training part, between 0 and 1
 * @throws RangeError for a fraction outside 0 and 1, or one that leaves a part without rows
 */
export function splitLibsvm(dataset: LibsvmDataset, fraction: number, generator: Generator): { train: LibsvmDataset; validation: LibsvmDataset } {
  const { count } = dataset;
  if (!(fraction > 0 && fraction < 1)) throw new RangeError(`splitLibsvm: expected a fraction above 0 and below 1, got ${fraction}`);
  const [train, validation] = randomSplit(generator, count, splitSizes('splitLibsvm', count, [fraction, 1 - fraction]));
  return { train: selectLibsvmRows(dataset, train), validation: selectLibsvmRows(dataset, validation) };
}

/**
 * Writes rows densely, zeros included, so that a batch needs no memory of its own.
 *
 * @param rows `[n]`, row numbers from 0
 * @param out `[n, features]`, row-major; float32 rounds each value to nearest
 * @returns `out`
 * @throws RangeError for a row that is not there or an `out` of another size, before anything is written
 */
export function denseRows<A extends Float32Array | Float64Array>(dataset: LibsvmDataset, rows: ArrayLike<number>, out: A): A {
  const { features, indptr, indices, values } = dataset;
  checkRows('denseRows', dataset, rows);
  if (out.length !== rows.length * features) {
    throw new RangeError(`denseRows: expected room for [${rows.length}, ${features}] values, got ${out.length}`);
  }
  out.fill(0);
  for (let at = 0; at < rows.length; at++) {
    const offset = at * features;
    for (let entry = indptr[rows[at]]; entry < indptr[rows[at] + 1]; entry++) out[offset + indices[entry]] = values[entry];
  }
  return out;
}
