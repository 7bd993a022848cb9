// Every rule, pre-aggregator and attack by its name.
import { makeAggregator, makePreAggregator, type Aggregator, type AggregatorDefinition, type PreAggregator, type PreAggregatorDefinition } from './aggregator.js';
import { makeAttack, type Attack, type AttackDefinition } from './attack.js';
import { SEARCHING_ATTACKS } from './attack-search.js';
import { ATTACKS as PLAIN_ATTACKS } from './attacks.js';
import { meamed, median, trimmedMean } from './coordinate-rules.js';
import { centeredClipping, cge, faba, fltrust, gm, mean, monna } from './distance-rules.js';
import { bulyan, krum, multiKrum } from './krum.js';
import { mda } from './minimum-diameter.js';
import { arc, bucketing, clipping, nnm } from './pre-aggregators.js';
import { caf, smea } from './spectral-rules.js';
import { parseSpecification, splitSpecifications } from '../core/index.js';

export const AGGREGATORS: readonly AggregatorDefinition[] = [
  mean, median, gm, krum, multiKrum, trimmedMean, bulyan, centeredClipping, mda, meamed, monna, caf, smea, faba, cge, fltrust,
];
export const PRE_AGGREGATORS: readonly PreAggregatorDefinition[] = [nnm, bucketing, clipping, arc];
export const ATTACKS: readonly AttackDefinition[] = [...PLAIN_ATTACKS, ...SEARCHING_ATTACKS];

/**
 * A rule from its specification, `name[:option=value[,option=value...]]`.
 * @param where begins every error, such as a flag
 * @throws RangeError for an unknown name or option (naming the nearest and all), or a value out of bounds
 * @example
 * parseAggregator('krum:neighbours=n-f-1').aggregate(vectorsFrom(rows), { byzantine: 2 });
 */
export function parseAggregator(text: string, where = 'aggregator'): Aggregator {
  const { definition, options } = parseSpecification(where, text, AGGREGATORS);
  return makeAggregator(definition, options);
}

/** Pre-aggregators in the order of a list such as `nnm,clipping:2`; none for an empty text. @throws RangeError as {@link parseAggregator} */
export function parsePreAggregators(text: string, where = 'pre-aggregator'): PreAggregator[] {
  if (text.trim() === '') return [];
  return splitSpecifications(text).map((item) => {
    const { definition, options } = parseSpecification(where, item, PRE_AGGREGATORS);
    return makePreAggregator(definition, options);
  });
}

/** An attack from its specification. @throws RangeError as {@link parseAggregator} */
export function parseAttack(text: string, where = 'attack'): Attack {
  const { definition, options } = parseSpecification(where, text, ATTACKS);
  return makeAttack(definition, options);
}
