// One step of the server: the Byzantine messages, the pre-aggregators, the rule. Whatever depends on inner products alone is done by
// the plain rules on short vectors with the same inner products (see Span); what looks at coordinates is done by kernels.
import type { Core } from '../../core/index.js';
import { Generator } from '../../random/index.js';
import {
  aggregateThrough, checkThrough, normalsOf, parseAggregator, parseAttack, parsePreAggregators, pickedByBulyan, Span, stackRows,
  type AggregationContext, type Aggregator, type Attack, type PreAggregator, type Vectors,
} from '../../robust/index.js';
import { kernelOf, rowRange, sumOfSquares, Tensor, type Tape } from '../../tensor/index.js';
import { addScaled, gramOf, weightedSum, WrittenMessages, type Messages } from './messages.js';

/** Rules over the sorted values of each coordinate. */
const BY_COORDINATE = new Set(['median', 'trimmed-mean', 'meamed', 'bulyan']);
/** Attacks that use each coordinate's standard deviation. */
const BY_DEVIATION = new Set(['alie', 'optimal-alie', 'min-max']);
/** Attacks that are the same linear combination of messages and extra rows whatever these are. */
const LINEAR = new Set(['max-value', 'zero-gradient', 'sign-flip', 'ipm', 'mimic', 'isolation', 'white', 'alie']);

export interface ServerSettings {
  aggregator: string;
  pre: string;
  /** `none`, or an attack's specification. */
  attack: string;
  /** B, which the rules guard against; 0 without an attack. */
  byzantine: number;
  /** Byzantine messages that come with the honest ones, after them: those of workers whose data is spoiled. */
  sentByzantine: number;
  /** Seeds what attackers and bucketing draw. */
  seed: number;
}

/** Rows by their weights over the honest messages and the extra rows [rows, messages + extras]. */
interface WeightedRows {
  count: number;
  weightsOf(row: number): Float64Array;
}

export class Server {
  readonly aggregator: Aggregator;
  readonly pre: readonly PreAggregator[];
  /** Undefined without attackers. */
  readonly attack: Attack | undefined;
  readonly #byzantine: number;
  readonly #sent: number;
  readonly #generator: Generator;
  readonly #core: Core;
  /** Centred clipping's v, kept across steps. */
  #center: Tensor | undefined;

  /** @throws RangeError for a specification that is none, or more Byzantine workers than a rule admits */
  constructor(core: Core, honest: number, { aggregator, pre, attack, byzantine, sentByzantine, seed }: ServerSettings) {
    this.#core = core;
    this.aggregator = parseAggregator(aggregator, '--aggregator');
    this.pre = parsePreAggregators(pre, '--pre');
    this.attack = attack === 'none' || byzantine === 0 ? undefined : parseAttack(attack, '--attack');
    this.#byzantine = byzantine;
    this.#sent = sentByzantine;
    checkThrough(this.pre, this.aggregator, honest + byzantine, byzantine);
    this.#generator = new Generator(core, seed);
  }

  /** The state that a resumed run starts from. */
  state(): { generator: Uint8Array; center: Tensor | undefined } {
    return { generator: this.#generator.state(), center: this.#center };
  }

  restore(generator: Uint8Array, center: Float32Array | Float64Array | undefined): void {
    this.#generator.restore(generator);
    if (center !== undefined) this.#center = Tensor.from(this.#core, center, [1, center.length], center instanceof Float32Array ? 'float32' : 'float64', 'clipping centre');
  }

  get #crafts(): boolean {
    return this.attack !== undefined;
  }

  /** The honest workers' messages among those that were sent. */
  honestOf(messages: Messages): Messages {
    return this.#sent === 0 ? messages : new WrittenMessages(rowRange(messages.rows(), 0, messages.count - this.#sent));
  }

  #context(center?: Float64Array): AggregationContext {
    return { byzantine: this.#byzantine, generator: this.#generator, ...(center === undefined ? {} : { state: { center } }) };
  }

  /**
   * Writes the aggregate of one step's messages to `into` [dimension].
   * @returns what writes out all messages that the server was sent, the Byzantine ones last: [workers, dimension]
   */
  aggregate(tape: Tape, messages: Messages, step: number, into: Tensor): () => Tensor {
    const extras = this.#extraRows(tape, messages);
    const span = this.#embed(messages, extras);
    const honest = take(span.vectors, 0, messages.count);
    const rows = this.#crafts ? stackRows(honest, this.#craft(span, honest, messages.count, step)) : honest;
    if (BY_COORDINATE.has(this.aggregator.name)) this.#aggregateCoordinates(tape, messages, extras, span, rows, into);
    else this.#aggregateSpan(tape, messages, extras, span, rows, into);
    const weightsOf = (row: number) => span.weightsOf(rows.values.subarray(row * rows.dimension, (row + 1) * rows.dimension));
    return () => this.#written(tape, messages, extras, { count: rows.count, weightsOf }, true);
  }

  /** Rules that depend on inner products alone, on the short vectors. */
  #aggregateSpan(tape: Tape, messages: Messages, extras: Tensor | undefined, span: Span, rows: Vectors, into: Tensor): void {
    const clipping = this.aggregator.name === 'centered-clipping';
    const center = clipping ? take(span.vectors, span.vectors.count - 1, span.vectors.count).values.slice() : undefined;
    const context = this.#context(center);
    const result = aggregateThrough(this.pre, this.aggregator, rows, context);
    combineAll(tape, messages, extras, span.weightsOf(result), into);
    if (clipping) this.#keepCenter(into);
  }

  #keepCenter(aggregate: Tensor): void {
    this.#center ??= Tensor.zeros(this.#core, [1, aggregate.size], aggregate.dtype, 'clipping centre');
    this.#center.data.set(aggregate.data);
  }

  /** Rows beside the messages that the step's vectors are combined from: noise, deviations, the clipping centre. */
  #extraRows(tape: Tape, messages: Messages): Tensor | undefined {
    const { dimension } = messages;
    const dtype = messages.dtype;
    if (this.#crafts && this.attack!.name === 'white') {
      const noise = tape.empty([this.#byzantine + this.#centers, dimension], dtype, 'noise');
      const drawn = rowRange(noise, 0, this.#byzantine);
      const deviation = Number(this.attack!.options.deviation);
      if (dtype === 'float32') this.#generator.fillNearNormal(drawn, 0, deviation);
      else this.#generator.fillNormal(drawn, 0, deviation);
      this.#writeCenter(noise);
      return noise;
    }
    const needsDeviation = this.#crafts && BY_DEVIATION.has(this.attack!.name);
    const count = Number(needsDeviation || this.#isolates) + this.#centers;
    if (count === 0) return undefined;
    const extras = tape.empty([count, dimension], dtype, 'extra rows');
    if (needsDeviation) this.#writeDeviation(tape, messages, extras);
    if (this.#isolates) rowRange(extras, 0, 1).data.fill(Number(this.attack!.options.target));
    this.#writeCenter(extras);
    return extras;
  }

  /** Isolation towards a vector that is no combination of the messages: the target is an extra row. */
  get #isolates(): boolean {
    return this.#crafts && this.attack!.name === 'isolation' && Number(this.attack!.options.target) !== 0;
  }

  get #centers(): number {
    return Number(this.aggregator.name === 'centered-clipping');
  }

  #writeCenter(extras: Tensor): void {
    if (this.#centers === 0) return;
    const last = rowRange(extras, extras.shape[0]! - 1, extras.shape[0]!);
    if (this.#center === undefined) last.data.fill(0);
    else last.data.set(this.#center.data);
  }

  #writeDeviation(tape: Tape, messages: Messages, extras: Tensor): void {
    const rows = messages.rows();
    const mean = tape.empty([messages.dimension], messages.dtype, 'mean');
    const scratch = this.#core.scratch(kernelOf(rows, 'aggregation_sum_scratch')(), 'deviations');
    const ddof = this.attack!.options.deviation === 'population' ? 0 : 1;
    kernelOf(rows, 'aggregation_mean_deviation')(rows.source, messages.count, messages.dimension, messages.dimension, ddof, mean.pointer, rowRange(extras, 0, 1).pointer, scratch);
  }

  /** Whether a step needs no inner products: fixed combinations, then a mean or a rule over sorted values. */
  get #isLinear(): boolean {
    const { name } = this.aggregator;
    const needsNone = name === 'mean' || (BY_COORDINATE.has(name) && name !== 'bulyan');
    return needsNone && this.pre.length === 0 && (!this.#crafts || LINEAR.has(this.attack!.name));
  }

  #embed(messages: Messages, extras: Tensor | undefined): Span {
    const others = extras?.shape[0] ?? 0;
    const count = messages.count + others;
    if (this.#isLinear) return Span.orthonormal(count);
    const gram = new Float64Array(count * count);
    const place = (values: Float64Array, top: number, left: number, columns: number) =>
      values.forEach((value, at) => (gram[(top + Math.floor(at / columns)) * count + left + (at % columns)] = value));
    place(messages.gram(), 0, 0, messages.count);
    if (extras !== undefined) {
      const cross = messages.products(extras);
      place(cross, 0, messages.count, others);
      for (let row = 0; row < messages.count; row++) for (let other = 0; other < others; other++) gram[(messages.count + other) * count + row] = cross[row * others + other]!;
      place(gramOf(extras), messages.count, messages.count, others);
    }
    return Span.fromGram(gram, count);
  }

  #craft(span: Span, honest: Vectors, count: number, step: number): Vectors {
    const attack = this.attack!;
    const { dimension } = honest;
    if (attack.name === 'white') {
      const mean = new Float64Array(dimension);
      for (let row = 0; row < count; row++) for (let column = 0; column < dimension; column++) mean[column]! += honest.values[row * dimension + column]! / count;
      const noise = take(span.vectors, count, count + this.#byzantine);
      return { ...noise, values: noise.values.map((value, at) => value + mean[at % dimension]!) };
    }
    if (this.#isolates) {
      const target = take(span.vectors, count, count + 1).values;
      const sum = new Float64Array(dimension);
      for (let row = 0; row < count; row++) for (let column = 0; column < dimension; column++) sum[column]! += honest.values[row * dimension + column]!;
      const values = Float64Array.from({ length: this.#byzantine * dimension }, (_, at) => (count * target[at % dimension]! - sum[at % dimension]!) / this.#byzantine);
      return { count: this.#byzantine, dimension, values };
    }
    const deviation = BY_DEVIATION.has(attack.name) ? take(span.vectors, count, count + 1).values : undefined;
    const aggregate = (rows: Vectors) => aggregateThrough(this.pre, this.aggregator, rows, this.#context());
    return attack.craft(honest, this.#byzantine, { generator: normalsOf(this.#generator), aggregate, step, ...(deviation === undefined ? {} : { deviation }) });
  }

  /** Pre-aggregators (and Bulyan's picks) on the short vectors, then a kernel over the long ones. */
  #aggregateCoordinates(tape: Tape, messages: Messages, extras: Tensor | undefined, span: Span, rows: Vectors, into: Tensor): void {
    const before = this.pre.reduce((vectors, rule) => rule.transform(vectors, this.#context()), rows);
    const picked = this.aggregator.name === 'bulyan' ? pickedByBulyan(before, this.#byzantine) : before;
    const isUntouched = picked === rows;
    const repeats = isUntouched && this.#crafts ? equalRowsAtEnd(rows, messages.count) : 0;
    if (this.aggregator.name === 'median' && isUntouched && (repeats === rows.count - messages.count)) {
      return this.#medianWithCopies(tape, messages, extras, span, rows, repeats, into);
    }
    const weightsOf = (row: number) => span.weightsOf(picked.values.subarray(row * picked.dimension, (row + 1) * picked.dimension));
    this.#applyKernel(this.#written(tape, messages, extras, { count: picked.count, weightsOf }, isUntouched), into);
  }

  /** Identical attackers: the median of the honest messages and copies of one more. */
  #medianWithCopies(tape: Tape, messages: Messages, extras: Tensor | undefined, span: Span, rows: Vectors, repeats: number, into: Tensor): void {
    const { count } = messages;
    const weights = repeats === 0 ? new Float64Array(span.vectors.count) : span.weightsOf(rows.values.subarray(count * rows.dimension, (count + 1) * rows.dimension));
    const added = extras === undefined ? undefined : sumOfExtras(tape, extras, weights.slice(count));
    messages.medianWith(tape, { repeats, weights: weights.slice(0, count), added }, this.#even, into);
  }

  get #even(): number {
    return ['lower', 'mean', 'upper'].indexOf(String(this.aggregator.options.even));
  }

  /** Rows written out: the honest ones as they are where nothing changed them, all others combined. */
  #written(tape: Tape, messages: Messages, extras: Tensor | undefined, { count, weightsOf }: WeightedRows, keepsHonest: boolean): Tensor {
    if (keepsHonest && count === messages.count) return messages.rows();
    const rows = keepsHonest ? messages.rowsWithRoom(tape, count - messages.count) : tape.empty([count, messages.dimension], messages.dtype, 'rows to aggregate');
    const base = tape.empty([messages.dimension], messages.dtype, 'combination of messages');
    let based: Float64Array | undefined;
    for (let row = keepsHonest ? messages.count : 0; row < count; row++) {
      const weights = weightsOf(row);
      const [own, rest] = [weights.slice(0, messages.count), weights.slice(messages.count)];
      // Attackers mostly share their combination of the messages, and differ by an extra row at most.
      if (based === undefined || own.some((weight, at) => weight !== based![at])) messages.combine(own, base);
      based = own;
      writeSum(tape, base, extras, rest, rowRange(rows, row, row + 1).view([messages.dimension]));
    }
    return rows;
  }

  #applyKernel(rows: Tensor, into: Tensor): void {
    const [count, dimension] = rows.shape as [number, number];
    const scratch = this.#core.scratch(kernelOf(rows, 'aggregation_order_scratch')(count), 'coordinate rule');
    const { name, options } = this.aggregator;
    const f = this.#byzantine;
    if (name === 'median') return kernelOf(rows, 'aggregation_median')(rows.source, count, dimension, dimension, this.#even, into.pointer, scratch);
    if (name === 'trimmed-mean') {
      const trim = options.trim === 'f' ? f : Math.floor(Number(options.trim) * count);
      return kernelOf(rows, 'aggregation_trimmed_mean')(rows.source, count, dimension, dimension, trim, into.pointer, scratch);
    }
    // Bulyan's picks are n - 2f, and it keeps n - 4f of them; Meamed keeps n - f.
    const nearest = name === 'bulyan' ? count - 2 * f : count - f;
    kernelOf(rows, 'aggregation_mean_around_median')(rows.source, count, dimension, dimension, nearest, this.#even, into.pointer, scratch);
  }

  dispose(): void {
    this.#generator.dispose();
    this.#center?.dispose();
  }
}

function take({ dimension, values }: Vectors, from: number, to: number): Vectors {
  return { count: to - from, dimension, values: values.subarray(from * dimension, to * dimension) };
}

/** Rows after the first `honest` when all of them are equal, else 0. */
function equalRowsAtEnd({ count, dimension, values }: Vectors, honest: number): number {
  for (let at = (honest + 1) * dimension; at < count * dimension; at++) if (values[at] !== values[at - dimension]) return 0;
  return count - honest;
}

/** into = the weighted sum of messages and extra rows. */
function combineAll(tape: Tape, messages: Messages, extras: Tensor | undefined, weights: Float64Array, into: Tensor): void {
  messages.combine(weights.subarray(0, messages.count), into);
  writeSum(tape, into, extras, weights.slice(messages.count), into);
}

/** into = base + the weighted sum of the extra rows. */
function writeSum(tape: Tape, base: Tensor, extras: Tensor | undefined, weights: Float64Array, into: Tensor): void {
  const extra = extras === undefined ? undefined : sumOfExtras(tape, extras, weights);
  if (extra !== undefined) kernelOf(into, 'arithmetic_add')(base.source, extra.source, into.pointer, into.size);
  else if (base !== into) into.data.set(base.data);
}

/** The weighted sum of the extra rows, where a weight is not 0. */
function sumOfExtras(tape: Tape, extras: Tensor, weights: Float64Array): Tensor | undefined {
  const used = [...weights.keys()].filter((at) => weights[at] !== 0);
  if (used.length === 0) return undefined;
  const [first] = used as [number];
  const only = used.length === 1 ? rowRange(extras, first, first + 1) : undefined;
  if (only !== undefined && weights[first] === 1) return only;
  const sum = tape.empty([extras.shape[1]!], extras.dtype, 'extra rows');
  if (only === undefined) weightedSum(extras, weights, sum);
  else kernelOf(sum, 'arithmetic_scale')(only.source, weights[first]!, sum.pointer, sum.size);
  return sum;
}

/** (1/H) sum ||m_h - mean||^2, and the distance of an aggregate to that mean. */
export function messageStatistics(tape: Tape, messages: Messages, aggregate: Tensor): { variance: number; distance: number } {
  const { count, dimension } = messages;
  // Before the inner products, which may write the messages out: the mean is then summed as the server summed it.
  const mean = tape.empty([dimension], messages.dtype, 'mean message');
  messages.combine(new Float64Array(count).fill(1 / count), mean);
  addScaled(mean, -1, aggregate);
  const gram = messages.gram();
  let [trace, total] = [0, 0];
  for (let row = 0; row < count; row++) trace += gram[row * count + row]!;
  for (const value of gram) total += value;
  return { variance: Math.max(0, trace / count - total / (count * count)), distance: Math.sqrt(sumOfSquares(mean)) };
}
