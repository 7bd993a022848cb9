// The values of a sweep's axis: written out, or by a rule that gives the same numbers in every engine.
import { ConfigurationError, quote } from '../experiments/configuration.js';

/** One value of an axis: what a configuration field takes. */
export type AxisValue = number | string | boolean | null | readonly AxisValue[] | { readonly [key: string]: AxisValue };

/** Larger ones would be a mistake, and 2^k must stay exact in float64. */
const LARGEST_EXPONENT = 60;
const MOST_VALUES = 1_000_000;

/**
 * round(sqrt(2)^k) for k = from..to, each number once: 1, 2, 3, 4, 6, 8, 11, 16, ...
 * sqrt(2)^k is 2^(k/2) for even k; for odd k it is the root of 2^k, which is exact, and no such root lies halfway
 * between whole numbers.
 */
export function rootTwoPowers(from: number, to: number): number[] {
  let power = 1;
  for (let k = 0; k < from; k++) power *= 2;
  const values = new Set<number>();
  for (let k = from; k <= to; k++, power *= 2) values.add(Math.round(Math.sqrt(power)));
  return [...values];
}

/** numpy.linspace(from, to, count): float64, `i * ((to - from) / (count - 1)) + from`, and the last exactly `to`. */
export function linspace(from: number, to: number, count: number): number[] {
  if (count === 1) return [from];
  const step = (to - from) / (count - 1);
  return Array.from({ length: count }, (_, index) => (index === count - 1 ? to : index * step + from));
}

export function wholeRange(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}

interface Rule {
  keys: readonly string[];
  /** undefined where the numbers given are none of the rule's. */
  values(given: Record<string, number>): number[] | undefined;
  expects: string;
}

const isWhole = (value: number, least: number, most: number) => Number.isSafeInteger(value) && value >= least && value <= most;

const RULES: Readonly<Record<string, Rule>> = {
  range: {
    keys: ['from', 'to'],
    values: ({ from, to }) => (Number.isSafeInteger(from) && isWhole(to!, from!, from! + MOST_VALUES) ? wholeRange(from!, to!) : undefined),
    expects: 'whole numbers from and to, from at most to',
  },
  linspace: {
    keys: ['from', 'to', 'count'],
    values: ({ from, to, count }) => (isWhole(count!, 1, MOST_VALUES) ? linspace(from!, to!, count!) : undefined),
    expects: 'numbers from and to, and a whole number count of at least 1',
  },
  'root-two-powers': {
    keys: ['from', 'to'],
    values: ({ from, to }) => (isWhole(from!, 0, LARGEST_EXPONENT) && isWhole(to!, from!, LARGEST_EXPONENT) ? rootTwoPowers(from!, to!) : undefined),
    expects: `whole exponents from and to, 0 to ${LARGEST_EXPONENT}, from at most to`,
  },
};

/**
 * Reads an axis's values: a list, or `{"rule": "range" | "linspace" | "root-two-powers", "from": ..., "to": ...}`.
 * @param where names the spec and the axis in errors
 * @throws ConfigurationError for an unknown rule, numbers it cannot take, or no value at all
 */
export function readAxisValues(where: string, given: unknown): AxisValue[] {
  if (Array.isArray(given)) {
    if (given.length === 0) throw new ConfigurationError(`${where}: expected at least one value, got none`);
    return given as AxisValue[];
  }
  const { rule: name, ...numbers } = (typeof given === 'object' && given !== null ? given : {}) as Record<string, unknown>;
  const rule = typeof name === 'string' && Object.hasOwn(RULES, name) ? RULES[name] : undefined;
  if (rule === undefined) throw new ConfigurationError(`${where}: expected a list of values, or an object whose rule is ${Object.keys(RULES).join(', ')}; got ${quote(given)}`);
  const isComplete = Object.keys(numbers).length === rule.keys.length && rule.keys.every((key) => Number.isFinite(numbers[key]));
  const values = isComplete ? rule.values(numbers as Record<string, number>) : undefined;
  if (values === undefined) throw new ConfigurationError(`${where}: expected ${rule.expects} for the rule ${name as string}, got ${quote(numbers)}`);
  return values;
}
