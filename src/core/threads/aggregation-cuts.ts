// Aggregation rules over explicit rows (assembly/aggregation*.ts): by columns, or for products of rows with rows by rows; and those over
// a layer's factors (assembly/factored*.ts), likewise.
import { MOST_PARTS } from './control.js';
import { cutAlong, type Cut, type Cutter } from './cut.js';

/** Columns of a part: a rule lists its comparators anew for each part, a sum walks whole segments. At 70 rows 50 to 200 us. */
const RULE_COLUMNS = 2048;
const SUM_COLUMNS = 4096;
/** Multiplications below which a Gram matrix stays on the calling thread, and rows of a part of a cross one. */
const LEAST_WORK = 1 << 20;
const CROSS_ROWS = 16;
/** Every part copies its rows, so there are few. */
const MOST_BANDS = 8;
/** Inputs of a layer, and other rows, of a part of what is made of factors: each part prepares the deltas, or writes the messages, anew. */
const FACTOR_COLUMNS = 128;
const FACTOR_ROWS = 12;

/** Which kernel takes which scratch, of such extents as its arguments at `extents` say. */
interface Scratch {
  kernel: string;
  scratch: string;
  extents: readonly number[];
  /** Types that it has (default: both). */
  only?: 'f32';
}

export const AGGREGATION_SCRATCH: readonly Scratch[] = [
  ...['median', 'clamped_median', 'trimmed_mean', 'mean_around_median'].map((rule) => ({
    kernel: `aggregation_${rule}`, scratch: 'aggregation_order_scratch', extents: [1],
  })),
  ...['weighted_sum', 'mean_deviation'].map((sum) => ({ kernel: `aggregation_${sum}`, scratch: 'aggregation_sum_scratch', extents: [] })),
  { kernel: 'aggregation_gram', scratch: 'aggregation_gram_scratch', extents: [1] },
  { kernel: 'aggregation_cross_gram', scratch: 'aggregation_cross_gram_scratch', extents: [1, 4] },
  { kernel: 'factored_median', scratch: 'factored_median_scratch', extents: [2, 3, 4], only: 'f32' },
  { kernel: 'factored_products', scratch: 'factored_products_scratch', extents: [2, 3, 4, 8], only: 'f32' },
];

/** (rows, count, dimension, stride, ..., scratch): the pointers to rows and to [dimension] values move. */
function columns(per: number, pointers: readonly number[], scratch: number, size: number): Cutter {
  const moving = pointers.map((argument) => [argument, size] as const);
  return (args) => cutAlong(args, { extent: 2, per, pointers: moving, scratch });
}

/** (rows, count, dimension, stride, output, scratch): by bands of rows up to the diagonal, each about as much work. */
function gram(kernel: 'aggregation_gram_part_f32' | 'aggregation_gram_part_f64'): Cutter {
  return ([rows, count, dimension, stride, output, scratch]): Cut | undefined => {
    const parts = Math.min(MOST_BANDS, Math.floor(count! / 8));
    if (parts < 2 || (count! * count! * dimension!) / 2 < LEAST_WORK) return undefined;
    const edge = (part: number) => (part === parts ? count! : 4 * Math.round((count! / 4) * Math.sqrt(part / parts)));
    return { kernel, parts, scratch: 7, narrow: (part) => [rows!, count!, dimension!, stride!, edge(part), edge(part + 1), output!, scratch!] };
  };
}

/** (a, a's count, a's stride, b, b's count, b's stride, dimension, output, scratch): by rows of a. */
function crossGram(size: number): Cutter {
  return (args) => {
    const [, , stride, , bCount] = args as [number, number, number, number, number];
    return cutAlong(args, { extent: 1, per: CROSS_ROWS, pointers: [[0, stride * size], [7, bCount * 8]], scratch: 8 });
  };
}

/** (..., first, end, output, scratch): by columns of the inputs. */
function factoredMedian(args: readonly number[]): Cut | undefined {
  const [first, end] = args.slice(11, 13) as [number, number];
  const parts = Math.ceil((end - first) / FACTOR_COLUMNS);
  if (!(parts >= 2 && parts <= MOST_PARTS)) return undefined;
  const edge = (part: number) => Math.min(end, first + part * FACTOR_COLUMNS);
  return { parts, scratch: 14, narrow: (part) => args.map((value, at) => (at === 11 ? edge(part) : at === 12 ? edge(part + 1) : value)) };
}

/** (..., rows, their count, their stride, output, its stride, scratch): by the rows. */
function factoredProducts(args: readonly number[]): Cut | undefined {
  return cutAlong(args, { extent: 8, per: FACTOR_ROWS, pointers: [[7, args[9]! * 4], [10, 8]], scratch: 12 });
}

/** The cuts of all aggregation kernels. */
export function aggregations(suffix: 'f32' | 'f64', size: number): Record<string, Cutter> {
  return {
    ...(suffix === 'f32' ? { factored_median_f32: factoredMedian, factored_products_f32: factoredProducts } : {}),
    [`aggregation_median_${suffix}`]: columns(RULE_COLUMNS, [0, 5], 6, size),
    [`aggregation_clamped_median_${suffix}`]: columns(RULE_COLUMNS, [0, 5, 7], 8, size),
    [`aggregation_trimmed_mean_${suffix}`]: columns(RULE_COLUMNS, [0, 5], 6, size),
    [`aggregation_mean_around_median_${suffix}`]: columns(RULE_COLUMNS, [0, 6], 7, size),
    [`aggregation_weighted_sum_${suffix}`]: columns(SUM_COLUMNS, [0, 5], 6, size),
    [`aggregation_mean_deviation_${suffix}`]: columns(SUM_COLUMNS, [0, 5, 6], 7, size),
    [`aggregation_gram_${suffix}`]: gram(`aggregation_gram_part_${suffix}`),
    [`aggregation_cross_gram_${suffix}`]: crossGram(size),
  };
}
