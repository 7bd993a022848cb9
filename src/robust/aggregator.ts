// What a rule is, and how a definition becomes one.
import { admit, nonFiniteRows, type NonFinitePolicy } from './finite.js';
import { acrossScales } from './scale.js';
import type { Described, OptionValues } from '../core/index.js';
import type { Vectors } from './vectors.js';

/** What a rule keeps from one step to the next; hand the same object to each step. */
export interface AggregatorState {
  /** Centred clipping's v [dimension]; the zero vector before the first step. */
  center?: Float64Array;
}

/** What a rule knows beside the vectors. */
export interface AggregationContext {
  /** f: how many rows may be Byzantine. */
  readonly byzantine: number;
  /** Bucketing's permutations. */
  readonly generator?: { randperm(n: number): Int32Array };
  readonly state?: AggregatorState;
  /** The row that MoNNA and FLTrust trust, counting from 0 (default 0). */
  readonly trusted?: number;
  /** Default: error. */
  readonly nonFinite?: NonFinitePolicy;
}

/** A rule that makes one vector of n, of which f may be anything. */
export interface Aggregator {
  readonly name: string;
  readonly options: OptionValues;
  /** True of rules that rely on the trusted row. */
  readonly usesTrusted: boolean;
  /** @throws RangeError naming the bound when f is too large for n */
  check(count: number, byzantine: number): void;
  /**
   * @returns [dimension]
   * @throws RangeError as {@link check}, for values that are not finite (see {@link NonFinitePolicy}), and for a subset
   *   search beyond its documented size
   */
  aggregate(vectors: Vectors, context: AggregationContext): Float64Array;
}

/** A change to the vectors before they are aggregated; f stays. */
export interface PreAggregator {
  readonly name: string;
  readonly options: OptionValues;
  /** False where rows come out in another order or number. */
  readonly keepsRows: boolean;
  /** Rows that come out of n. */
  rowsLeft(count: number): number;
  /** @throws RangeError naming the bound when f is too large for n */
  check(count: number, byzantine: number): void;
  transform(vectors: Vectors, context: AggregationContext): Vectors;
}

/** Which f a rule admits, and how that is written. */
export interface Bound {
  readonly text: string;
  readonly holds: (count: number, byzantine: number) => boolean;
}

export const ANY_BOUND: Bound = { text: 'f <= n', holds: (n, f) => f <= n };
export const MINORITY: Bound = { text: '2f < n', holds: (n, f) => 2 * f < n };

/** A context whose policy for rows that are not finite is carried out. */
export interface SettledContext extends AggregationContext {
  readonly trusted: number;
}

export interface AggregatorDefinition extends Described {
  readonly bound: (options: OptionValues) => Bound;
  /** rule(s x) = s rule(x) for every s > 0. */
  readonly followsScale: boolean;
  /** Needs n - f finite rows, the trusted one among them. */
  readonly selects: boolean;
  readonly usesTrusted?: boolean;
  readonly compute: (vectors: Vectors, context: SettledContext, options: OptionValues) => Float64Array;
}

export interface PreAggregatorDefinition extends Described {
  readonly bound: Bound;
  readonly keepsRows: boolean;
  /** Default: as many as went in. */
  readonly rowsLeft?: (count: number, options: OptionValues) => number;
  readonly compute: (vectors: Vectors, context: SettledContext, options: OptionValues) => Vectors;
}

function requireBound(name: string, bound: Bound, count: number, byzantine: number): void {
  if (!Number.isSafeInteger(count) || count < 1) throw new RangeError(`${name}: expected at least one vector, got ${count}`);
  if (!Number.isSafeInteger(byzantine) || byzantine < 0) throw new RangeError(`${name}: expected f to be a whole number of at least 0, got ${byzantine}`);
  if (!bound.holds(count, byzantine)) throw new RangeError(`${name}: expected ${bound.text}, got f = ${byzantine} with n = ${count}`);
}

/** Carries the policy out and checks what is left. */
function settle(name: string, bound: Bound, vectors: Vectors, context: AggregationContext): { vectors: Vectors; context: SettledContext } {
  const { trusted = 0, nonFinite = 'error' } = context;
  requireBound(name, ANY_BOUND, vectors.count, context.byzantine);
  if (!Number.isSafeInteger(trusted) || trusted < 0 || trusted >= vectors.count) {
    throw new RangeError(`${name}: expected a trusted row from 0 to ${vectors.count - 1}, got ${trusted}`);
  }
  const admitted = admit(name, { vectors, byzantine: context.byzantine, trusted }, nonFinite);
  requireBound(name, bound, admitted.vectors.count, admitted.byzantine);
  return { vectors: admitted.vectors, context: { ...context, byzantine: admitted.byzantine, trusted: admitted.trusted } };
}

function requireFiniteRows(name: string, vectors: Vectors, { byzantine, trusted }: SettledContext, usesTrusted: boolean): void {
  const lost = nonFiniteRows(vectors);
  if (lost.length > byzantine) throw new RangeError(`${name}: expected at most f = ${byzantine} rows that are not finite, got ${lost.length}`);
  if (usesTrusted && lost.includes(trusted)) throw new RangeError(`${name}: expected the trusted row ${trusted} to be finite, got NaN or an infinity in it`);
}

export function makeAggregator(definition: AggregatorDefinition, options: OptionValues): Aggregator {
  const { name, followsScale, selects, usesTrusted = false, compute } = definition;
  const bound = definition.bound(options);
  return {
    name,
    options,
    usesTrusted,
    check: (count, byzantine) => requireBound(name, bound, count, byzantine),
    aggregate(given, givenContext) {
      const { vectors, context } = settle(name, bound, given, givenContext);
      if (selects) requireFiniteRows(name, vectors, context, usesTrusted);
      const rule = (rows: Vectors) => compute(rows, context, options);
      return followsScale ? acrossScales(vectors, rule) : rule(vectors);
    },
  };
}

export function makePreAggregator(definition: PreAggregatorDefinition, options: OptionValues): PreAggregator {
  const { name, bound, keepsRows, rowsLeft, compute } = definition;
  return {
    name,
    options,
    keepsRows,
    rowsLeft: (count) => rowsLeft?.(count, options) ?? count,
    check: (count, byzantine) => requireBound(name, bound, count, byzantine),
    transform(given, givenContext) {
      const { vectors, context } = settle(name, bound, given, givenContext);
      return compute(vectors, context, options);
    },
  };
}

/** @throws RangeError when f is too large for the rule, or for a pre-aggregator, at the number of rows that reaches it */
export function checkThrough(preAggregators: readonly PreAggregator[], aggregator: Aggregator, count: number, byzantine: number): void {
  let rows = count;
  for (const each of preAggregators) {
    each.check(rows, byzantine);
    rows = each.rowsLeft(rows);
  }
  aggregator.check(rows, byzantine);
}

/**
 * Pre-aggregators in turn, then the rule; rows that are not finite are treated once, at the start.
 * @returns [dimension]
 * @throws RangeError as each of them, and for a rule with a trusted row behind one that mixes the rows
 */
export function aggregateThrough(
  preAggregators: readonly PreAggregator[], aggregator: Aggregator, vectors: Vectors, context: AggregationContext,
): Float64Array {
  const mixing = preAggregators.find(({ keepsRows }) => !keepsRows);
  if (mixing !== undefined && aggregator.usesTrusted) {
    throw new RangeError(`${aggregator.name}: expected pre-aggregators that keep the trusted row, got ${mixing.name}`);
  }
  const settled = settle(aggregator.name, ANY_BOUND, vectors, context);
  const kept: AggregationContext = { ...settled.context, nonFinite: context.nonFinite === 'keep' ? 'keep' : 'error' };
  const transformed = preAggregators.reduce((rows, each) => each.transform(rows, kept), settled.vectors);
  return aggregator.aggregate(transformed, kept);
}
