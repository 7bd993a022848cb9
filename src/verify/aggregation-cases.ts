// Kernels of robust aggregation, over rows and over factors, large enough for threads to share them.
import { Digest, type Core } from '../core/index.js';
import { Generator } from '../random/index.js';
import { Tensor, type DType } from '../tensor/index.js';
import type { Case } from './operation-cases.js';

/** Rows and columns that no vector, run or chunk divides, and enough for threads to share every rule. */
const [ROWS, COLUMNS] = [37, 5003];

/** Normal rows, of which a few values are NaN and infinite. */
function unruly(rows: Tensor): void {
  const { data } = rows;
  for (let i = 0; i < data.length; i += 1009) data[i] = [NaN, Infinity, -Infinity, -0][(i / 1009) % 4]!;
}

/** Digests every aggregation kernel over the rows [ROWS, COLUMNS] of one type. */
function aggregate(core: Core, digest: Digest, rows: Tensor, weights: Tensor): void {
  const suffix = rows.dtype === 'float32' ? 'f32' : 'f64';
  const { kernels } = core;
  const [x, w] = [rows.pointer, weights.pointer];
  const one = Tensor.zeros(core, [COLUMNS], rows.dtype), two = Tensor.zeros(core, [COLUMNS], rows.dtype);
  const gram = Tensor.zeros(core, [ROWS, ROWS], 'float64');
  const take = (name: string, run: (scratch: number) => void, scratchBytes: number, outputs: Tensor[]) => {
    run(core.scratch(scratchBytes, name));
    for (const output of outputs) digest.add(`${name} ${suffix}`, output.toArray());
  };
  const order = kernels[`aggregation_order_scratch_${suffix}`](ROWS), sums = kernels[`aggregation_sum_scratch_${suffix}`]();
  const products = kernels[`aggregation_cross_gram_scratch_${suffix}`](ROWS, ROWS);
  take('gram', (scratch) => kernels[`aggregation_gram_${suffix}`](x, ROWS, COLUMNS, COLUMNS, gram.pointer, scratch), kernels[`aggregation_gram_scratch_${suffix}`](ROWS), [gram]);
  take('cross gram', (scratch) => kernels[`aggregation_cross_gram_${suffix}`](x, ROWS, COLUMNS, x, ROWS, COLUMNS, COLUMNS, gram.pointer, scratch), products, [gram]);
  take('weighted sum', (scratch) => kernels[`aggregation_weighted_sum_${suffix}`](x, ROWS, COLUMNS, COLUMNS, w, one.pointer, scratch), sums, [one]);
  take('deviation', (scratch) => kernels[`aggregation_mean_deviation_${suffix}`](x, ROWS, COLUMNS, COLUMNS, 1, one.pointer, two.pointer, scratch), sums, [one, two]);
  unruly(rows);
  take('median', (scratch) => kernels[`aggregation_median_${suffix}`](x, ROWS - 1, COLUMNS, COLUMNS, 1, one.pointer, scratch), order, [one]);
  take('clamped', (scratch) => kernels[`aggregation_clamped_median_${suffix}`](x, ROWS, COLUMNS, COLUMNS, 12, x, 0, one.pointer, scratch), order, [one]);
  take('trimmed', (scratch) => kernels[`aggregation_trimmed_mean_${suffix}`](x, ROWS, COLUMNS, COLUMNS, 4, one.pointer, scratch), order, [one]);
  take('nearest', (scratch) => kernels[`aggregation_mean_around_median_${suffix}`](x, ROWS, COLUMNS, COLUMNS, 25, 0, one.pointer, scratch), order, [one]);
  for (const tensor of [one, two, gram]) tensor.dispose();
}

const aggregation: Case = {
  name: 'wide aggregation of rows',
  run: async (core) => {
    const digest = new Digest();
    for (const dtype of ['float32', 'float64'] as DType[]) {
      const generator = new Generator(core, 26);
      const rows = generator.randn([ROWS, COLUMNS], dtype), weights = generator.rand([ROWS], 'float64');
      aggregate(core, digest, rows, weights);
      for (const tensor of [rows, weights]) tensor.dispose();
      generator.dispose();
    }
    return digest.hex();
  },
};

/** Workers, samples of each, and a layer; columns go from flat in no worker to flat in all. */
const [WORKERS, BATCH, OUTPUTS, INPUTS] = [37, 3, 21, 331];
const OTHERS = 29;

/** Sets to zero what makes workers flat, ever more of them from column to column. */
function flatten(input: Tensor): void {
  const { data } = input;
  for (let at = 0; at < data.length; at++) {
    const column = at % INPUTS, sample = Math.floor(at / INPUTS);
    if ((7 * (column >> 3) + 3 * Math.floor(sample / BATCH) + sample) % WORKERS < (WORKERS * column) / INPUTS) data[at] = 0;
  }
}

const factors: Case = {
  name: 'wide aggregation of factors',
  run: async (core) => {
    const { kernels } = core;
    const digest = new Digest(), generator = new Generator(core, 27);
    const input = generator.randn([WORKERS * BATCH, INPUTS]), delta = generator.randn([WORKERS * BATCH, OUTPUTS]), weights = generator.rand([WORKERS]);
    const rows = generator.randn([OTHERS, OUTPUTS * (INPUTS + 1)]);
    flatten(input);
    const median = Tensor.zeros(core, [OUTPUTS * (INPUTS + 1)]), products = Tensor.zeros(core, [WORKERS, OTHERS], 'float64');
    const layer = [delta.pointer, input.pointer, WORKERS, BATCH, OUTPUTS, INPUTS, 0.4] as const;
    kernels.factored_median_f32(
      ...layer, 12, weights.pointer, rows.pointer, 1, 0, INPUTS, median.pointer, core.scratch(kernels.factored_median_scratch_f32(WORKERS, BATCH, OUTPUTS), 'median'),
    );
    kernels.factored_products_f32(
      ...layer, rows.pointer, OTHERS, OUTPUTS * (INPUTS + 1), products.pointer, OTHERS,
      core.scratch(kernels.factored_products_scratch_f32(WORKERS, BATCH, OUTPUTS, OTHERS), 'products'),
    );
    digest.add('median', median.toArray()).add('products', products.toArray());
    for (const tensor of [input, delta, weights, rows, median, products]) tensor.dispose();
    generator.dispose();
    return digest.hex();
  },
};

export const wideAggregationCases: readonly Case[] = [aggregation, factors];
