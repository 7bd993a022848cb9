// What an attack is, and how a definition becomes one.
import type { Generator } from '../random/index.js';
import type { Described, OptionValues } from '../core/index.js';
import { meanOfRows, type Vectors } from './vectors.js';

/** Draws of the standard normal distribution. */
export interface NormalSource {
  normals(count: number): Float64Array;
}

/** What an attacker knows beside the honest rows. */
export interface AttackContext {
  readonly generator: NormalSource;
  /** The rule under attack, over the honest rows and then the crafted ones; needed by the attacks that search. */
  readonly aggregate?: (vectors: Vectors) => Float64Array;
  /** Steps done before this one. */
  readonly step: number;
  /** sigma [dimension] where the rows stand for longer ones whose coordinates they do not show (see Span); else it is computed. */
  readonly deviation?: Float64Array;
}

/** How Byzantine workers make their messages. */
export interface Attack {
  readonly name: string;
  readonly options: OptionValues;
  /** message: made by craft from the honest rows; data: the workers compute honestly on spoiled data, and craft refuses. */
  readonly kind: 'message' | 'data';
  /** True of attacks that search with the rule under attack. */
  readonly usesAggregate: boolean;
  /**
   * @param honest the honest rows, finite
   * @param byzantine how many rows to make
   * @returns the Byzantine rows [byzantine, dimension]
   * @throws RangeError for fewer than one row, or a definition that has no value here
   */
  craft(honest: Vectors, byzantine: number, context: AttackContext): Vectors;
}

export interface AttackDefinition extends Described {
  readonly kind?: 'data';
  readonly usesAggregate?: boolean;
  /** One row for all attackers [dimension], or a row for each [byzantine * dimension]. */
  readonly compute: (honest: Vectors, byzantine: number, context: AttackContext, options: OptionValues) => Float64Array;
}

export function makeAttack(definition: AttackDefinition, options: OptionValues): Attack {
  const { name, kind = 'message', usesAggregate = false, compute } = definition;
  return {
    name,
    options,
    kind,
    usesAggregate,
    craft(honest, byzantine, context) {
      if (!Number.isSafeInteger(byzantine) || byzantine < 1) throw new RangeError(`${name}: expected at least one Byzantine row, a whole number, got ${byzantine}`);
      if (!honest.values.every(Number.isFinite)) throw new RangeError(`${name}: expected finite honest rows, got NaN or an infinity`);
      const made = compute(honest, byzantine, context, options);
      return { count: byzantine, dimension: honest.dimension, values: made.length === byzantine * honest.dimension ? made : repeated(made, byzantine) };
    },
  };
}

export function repeated(row: Float64Array, count: number): Float64Array {
  const values = new Float64Array(count * row.length);
  for (let index = 0; index < count; index++) values.set(row, index * row.length);
  return values;
}

/** torch.randn in float64 as a source of normals. */
export function normalsOf(generator: Generator): NormalSource {
  return {
    normals(count) {
      const drawn = generator.randn([count], 'float64');
      const values = drawn.toArray() as Float64Array;
      drawn.dispose();
      return values;
    },
  };
}

/**
 * Standard deviation of each coordinate [dimension]; 0 for a single row.
 * @param kind sample: divided by n - 1; population: by n
 */
export function deviationOfRows(vectors: Vectors, kind: 'sample' | 'population'): Float64Array {
  const { count, dimension, values } = vectors;
  const mean = meanOfRows(vectors);
  const divisor = kind === 'sample' && count > 1 ? count - 1 : count;
  return mean.map((center, column) => {
    let sum = 0;
    for (let row = 0; row < count; row++) {
      const offset = values[row * dimension + column]! - center;
      sum += offset * offset;
    }
    return Math.sqrt(sum / divisor);
  });
}
