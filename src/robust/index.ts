export { aggregateThrough, type AggregationContext, type Aggregator, type AggregatorState, type PreAggregator } from './aggregator.js';
export { normalsOf, type Attack, type AttackContext, type NormalSource } from './attack.js';
export { alieFactor } from './attacks.js';
export { AGGREGATORS, ATTACKS, parseAggregator, parseAttack, parsePreAggregators, PRE_AGGREGATORS } from './catalog.js';
export { catalogEntries, describeCatalog, type CatalogEntry } from './description.js';
export { NON_FINITE_POLICIES, type NonFinitePolicy } from './finite.js';
export { readRows, ROW_FORMATS, type RowFormat } from './read-rows.js';
export { describeValues, formatSpecification, nearestName, optionsOf, type Described, type OptionDeclaration, type OptionValue, type OptionValues } from './specification.js';
export { stackRows, vectorsFrom, type Vectors } from './vectors.js';
