// Attacks that search for their strength.
import { repeated, type AttackContext, type AttackDefinition } from './attack.js';
import { DEVIATION, sigmaOf } from './attacks.js';
import type { OptionDeclaration, OptionValues } from '../core/index.js';
import { difference, indices, meanOfRows, normOf, rowOf, stackRows, type Vectors } from './vectors.js';

/**
 * ByzFL's line search for the largest value: steps forward from `start`, each twice the last, while the value grows;
 * from the first that does not, each step is 0.8 of the last, taken when it helps.
 * @returns the best argument of `evaluations` evaluations
 */
export function lineSearch(value: (x: number) => number, start: number, step: number, evaluations: number): number {
  let best = start;
  let largest = value(start);
  let isExpanding = true;
  for (let evaluation = 1; evaluation < evaluations; evaluation++) {
    const proposed = best + step;
    const reached = value(proposed);
    const isBetter = reached > largest;
    if (isBetter) [best, largest] = [proposed, reached];
    else isExpanding = false;
    step *= isExpanding ? 2 : 0.8;
  }
  return best;
}

const SEARCH: Readonly<Record<string, OptionDeclaration>> = {
  start: { default: 0, number: {}, help: 'first tau' },
  step: { default: 10, number: { above: 0 }, help: 'first step; doubled while the aggregate goes farther from mu, then times 0.8' },
  evaluations: { default: 20, number: { whole: true, least: 1 }, help: 'aggregates that are computed' },
};

/** The row craft(tau) whose tau moves the aggregate farthest from mu. */
function strongest(honest: Vectors, byzantine: number, { aggregate }: AttackContext, options: OptionValues, craft: (tau: number) => Float64Array): Float64Array {
  if (aggregate === undefined) throw new TypeError('optimal attack: expected the rule under attack in the context, got none');
  const mean = meanOfRows(honest);
  const distance = (tau: number) => {
    const crafted = { count: byzantine, dimension: honest.dimension, values: repeated(craft(tau), byzantine) };
    return normOf(difference(aggregate(stackRows(honest, crafted)), mean));
  };
  return craft(lineSearch(distance, Number(options.start), Number(options.step), Number(options.evaluations)));
}

const optimalIpm: AttackDefinition = {
  name: 'optimal-ipm',
  help: 'IPM with the tau that moves the aggregate farthest from mu, by line search',
  source: 'Shejwalkar and Houmansadr 2021; ByzFL',
  options: SEARCH,
  usesAggregate: true,
  compute: (honest, byzantine, context, options) => {
    const mean = meanOfRows(honest);
    return strongest(honest, byzantine, context, options, (tau) => mean.map((value) => -tau * value));
  },
};

const optimalAlie: AttackDefinition = {
  name: 'optimal-alie',
  help: 'ALIE with the tau that moves the aggregate farthest from mu, by line search',
  source: 'Shejwalkar and Houmansadr 2021; ByzFL',
  options: { ...SEARCH, deviation: DEVIATION },
  usesAggregate: true,
  compute: (honest, byzantine, context, options) => {
    const mean = meanOfRows(honest);
    const sigma = sigmaOf(honest, context.deviation, options.deviation!);
    return strongest(honest, byzantine, context, options, (tau) => mean.map((value, column) => value + tau * sigma[column]!));
  },
};

function greatestPairDistance(rows: Vectors): number {
  let greatest = 0;
  for (let row = 1; row < rows.count; row++) {
    for (let other = 0; other < row; other++) greatest = Math.max(greatest, normOf(difference(rowOf(rows, row), rowOf(rows, other))));
  }
  return greatest;
}

/** The largest gamma within [0, most] at which `isWithin` still holds, to `precision` from below; it holds at 0. */
function bisect(isWithin: (gamma: number) => boolean, most: number, precision: number): number {
  if (isWithin(most)) return most;
  let low = 0;
  let high = most;
  while (high - low > precision) {
    const middle = (low + high) / 2;
    if (isWithin(middle)) low = middle;
    else high = middle;
  }
  return low;
}

const minMax: AttackDefinition = {
  name: 'min-max',
  help: "mu - gamma sigma, with the largest gamma whose greatest distance from an honest row is within the honest rows' own",
  source: 'Shejwalkar and Houmansadr 2021',
  options: {
    most: { default: 5, number: { above: 0 }, help: 'largest gamma' },
    precision: { default: 0.01, number: { above: 0 }, help: 'the bisection ends at an interval of this width, and takes its lower end' },
    deviation: DEVIATION,
  },
  compute: (honest, _, { deviation: given }, { most, precision, deviation }) => {
    const mean = meanOfRows(honest);
    const sigma = sigmaOf(honest, given, deviation!);
    const allowed = greatestPairDistance(honest);
    const craft = (gamma: number) => mean.map((value, column) => value - gamma * sigma[column]!);
    const isWithin = (gamma: number) => {
      const crafted = craft(gamma);
      return indices(honest.count).every((row) => normOf(difference(rowOf(honest, row), crafted)) <= allowed);
    };
    return craft(bisect(isWithin, Number(most), Number(precision)));
  },
};

export const SEARCHING_ATTACKS: readonly AttackDefinition[] = [optimalIpm, optimalAlie, minMax];
