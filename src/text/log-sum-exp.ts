import type { Core } from '../core/index.js';

/** Beyond this difference the smaller term is dropped, as in SentencePiece (src/unigram_model.cc, kMinusLogEpsilon). */
const RANGE = 50;
const STEPS = 64;
/** Coefficients of an entry: the Taylor series of degree 5. */
const ORDER = 6;

/** Calls a unary float64 kernel on values, in place. */
function evaluate(core: Core, kernel: 'elementwise_exp_f64' | 'elementwise_log_f64', values: Float64Array): Float64Array {
  const pointer = core.scratch(values.length * 8, 'tokenizer');
  core.memory.f64(pointer, values.length).set(values);
  core.kernels[kernel](pointer, pointer, values.length);
  values.set(core.memory.f64(pointer, values.length));
  return values;
}

/** e^x of every value, in place. */
export function expAll(core: Core, values: Float64Array): Float64Array {
  return evaluate(core, 'elementwise_exp_f64', values);
}

/** The natural logarithm of every value, in place. */
export function logAll(core: Core, values: Float64Array): Float64Array {
  return evaluate(core, 'elementwise_log_f64', values);
}

/**
 * Taylor coefficients of log(1 + e^-x) around x = 0, 1/64, 2/64 ...: with s = 1 / (1 + e^x) the derivatives are
 * polynomials in s, -s, s(1-s), -s(1-s)(1-2s) ... The first term left out is below 1e-16.
 */
function taylorTable(core: Core): Float64Array {
  const size = RANGE * STEPS + 2;
  const falling = expAll(core, Float64Array.from({ length: size }, (_, i) => -i / STEPS));
  const values = logAll(core, falling.map((e) => 1 + e));
  const table = new Float64Array(size * ORDER);
  for (let i = 0; i < size; i++) {
    const s = falling[i]! / (1 + falling[i]!);
    const q = s * (1 - s);
    table.set([values[i]!, -s, q / 2, (-q * (1 - 2 * s)) / 6, (q * (1 - 6 * q)) / 24, (-q * (1 - 2 * s) * (1 - 12 * q)) / 120], i * ORDER);
  }
  return table;
}

const tables = new WeakMap<Core, Float64Array>();

/**
 * The table behind {@link logSumExp}, float64[entries, 6]. Near 1e-16 of log(1 + e^-x), so that float32 sums come out as
 * with C's log and exp but where one falls within that of a tie.
 */
export function logSumExpTable(core: Core): Float64Array {
  const table = tables.get(core) ?? taylorTable(core);
  tables.set(core, table);
  return table;
}

/** log(e^x + e^y) of float32 values, rounded to float32 where LogSumExp of src/unigram_model.cc rounds. */
export function logSumExp(table: Float64Array, x: number, y: number): number {
  const least = x < y ? x : y;
  const greatest = x < y ? y : x;
  if (greatest > Math.fround(least + RANGE)) return greatest;
  const difference = Math.fround(greatest - least);
  const index = Math.floor(difference * STEPS + 0.5);
  const h = difference - index / STEPS;
  const at = index * ORDER;
  const tail = table[at + 2]! + h * (table[at + 3]! + h * (table[at + 4]! + h * table[at + 5]!));
  return Math.fround(greatest + (table[at]! + h * (table[at + 1]! + h * tail)));
}
