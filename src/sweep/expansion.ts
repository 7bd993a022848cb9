// From a specification to its runs: every combination of a condition's axes and the seeds, each a whole configuration.
import { ConfigurationError, quote } from '../experiments/configuration.js';
import { planSplitHead, resolveSplitHeadConfig, splitHeadFields, type SplitHeadConfig } from '../experiments/splithead/index.js';
import type { Axis, Condition, FieldValues, SweepSpecification } from './specification.js';
import type { AxisValue } from './values.js';

export interface SweepRun {
  condition: string;
  /** Values of the condition's axes, by name. */
  point: Readonly<Record<string, AxisValue>>;
  config: SplitHeadConfig;
}

/** `same_init, m=10, seed 0`: a run's name in words and errors. */
export function runTitle({ condition, point, config }: SweepRun): string {
  return [condition, ...Object.entries(point).map(([name, value]) => `${name}=${typeof value === 'object' ? JSON.stringify(value) : String(value)}`), `seed ${config.seed}`].join(', ');
}

/** Every combination of the axes' values, the last axis fastest. */
function pointsOf(axes: readonly Axis[]): Record<string, AxisValue>[] {
  let points: Record<string, AxisValue>[] = [{}];
  for (const { name, values } of axes) points = points.flatMap((point) => values.map((value) => ({ ...point, [name]: value })));
  return points;
}

/** Puts a point's values where `"$name"` stands. @param used takes the names that were met */
function fillIn(value: AxisValue, point: Readonly<Record<string, AxisValue>>, used: Set<string>, where: string): AxisValue {
  if (typeof value === 'string' && value.startsWith('$')) {
    const name = value.slice(1);
    if (!Object.hasOwn(point, name)) throw new ConfigurationError(`${where}: expected ${value} to name an axis (${Object.keys(point).join(', ') || 'there is none'})`);
    used.add(name);
    return point[name]!;
  }
  if (Array.isArray(value)) return value.map((item: AxisValue) => fillIn(item, point, used, where));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, fillIn(item, point, used, where)]));
}

/** The configuration's values at a point: the base, the condition over it, the axes over both. */
function valuesAt(base: FieldValues, condition: Condition, point: Readonly<Record<string, AxisValue>>, where: string): Record<string, unknown> {
  const used = new Set<string>();
  const values = fillIn({ ...base, ...condition.values }, point, used, where) as Record<string, AxisValue>;
  for (const [name, value] of Object.entries(point)) {
    if (Object.hasOwn(splitHeadFields, name)) {
      if (Object.hasOwn(condition.values, name)) throw new ConfigurationError(`${where}: expected ${quote(name)} from the axis or from the condition's values, got both`);
      values[name] = value;
    } else if (!used.has(name)) {
      throw new ConfigurationError(`${where}: expected axis ${quote(name)} to be a field of splithead or to stand as "$${name}" in its values, got neither`);
    }
  }
  return values;
}

/** Runs the checks of `splithead` and says of which run they complain. */
function resolved(values: Record<string, unknown>, where: string): SplitHeadConfig {
  try {
    const config = resolveSplitHeadConfig(values, 'values');
    planSplitHead(config);
    return config;
  } catch (error) {
    throw error instanceof ConfigurationError ? new ConfigurationError(`${where}: ${error.message}`) : error;
  }
}

/**
 * Every run of a sweep, condition by condition, the seeds fastest. Each grid point is checked as `splithead` checks its flags.
 * @param dataDir takes the place of every configuration's `data_dir`
 * @throws ConfigurationError naming the sweep, the run, the flag, what was expected and what was given; also when there is no run
 */
export function expandSweep({ name, base, conditions, seeds }: SweepSpecification, dataDir?: string): SweepRun[] {
  const runs: SweepRun[] = [];
  for (const condition of conditions) {
    for (const point of pointsOf(condition.axes)) {
      const where = `sweep ${name}: ${[condition.name, ...Object.entries(point).map(([axis, value]) => `${axis}=${JSON.stringify(value)}`)].join(', ')}`;
      const values = { ...valuesAt(base, condition, point, where), ...(dataDir === undefined ? {} : { data_dir: dataDir }) };
      const config = resolved({ ...values, seed: seeds[0] }, `${where}, seed ${seeds[0]}`);
      for (const seed of seeds) runs.push({ condition: condition.name, point, config: { ...config, seed } });
    }
  }
  if (runs.length === 0) throw new ConfigurationError(`sweep ${name}: expected at least one run, got an empty grid`);
  const largest = Math.max(...seeds);
  if (!splitHeadFields.seed.safeParse(largest).success) throw new ConfigurationError(`sweep ${name}: expected seeds that splithead takes, got ${largest}`);
  return runs;
}
