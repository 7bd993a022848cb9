// A sweep as data: a base configuration, conditions that differ from it, axes over values, seeds, and the figures to draw.
import { ConfigurationError, quote } from '../experiments/configuration.js';
import { readFigures, type SweepFigure } from './figure-specification.js';
import { ObjectReader } from './object-reader.js';
import { readAxisValues, wholeRange, type AxisValue } from './values.js';

/** Values of configuration fields, by the fields' names. */
export type FieldValues = Readonly<Record<string, AxisValue>>;

export interface Axis {
  /** A column of the table. A configuration field of that name takes the value; `"$name"` stands for it elsewhere. */
  name: string;
  values: readonly AxisValue[];
}

/** One curve of a figure: what differs from the base, and the axes it goes over. */
export interface Condition {
  name: string;
  /** For people: the legend's entry. */
  title: string;
  values: FieldValues;
  axes: readonly Axis[];
}

export interface SweepSpecification {
  name: string;
  title: string;
  /** What a reader should know of it; in plan and report. */
  note: string;
  base: FieldValues;
  conditions: readonly Condition[];
  seeds: readonly number[];
  figures: readonly SweepFigure[];
  /** The JSON it was read from. */
  source: unknown;
}

const KEYS = ['name', 'title', 'note', 'base', 'axes', 'conditions', 'seeds', 'figures'];
const CONDITION_KEYS = ['name', 'title', 'values', 'axes'];
/** Columns that every table has. */
const RESERVED = ['sweep', 'condition', 'seed', 'run_id', 'chance', 'result_digest'];
/** Places are the command line's, and seeds have a list of their own. */
const NOT_FOR_SPECS = ['seed', 'outdir', 'append_global'];

function readValues(reader: ObjectReader, key: string): FieldValues {
  const values = (reader.object(key, {}) ?? {}) as FieldValues;
  const refused = NOT_FOR_SPECS.find((name) => Object.hasOwn(values, name));
  if (refused !== undefined) {
    const instead = refused === 'seed' ? 'seeds in "seeds"' : 'no folder for outputs: --out-dir of the command says it';
    throw new ConfigurationError(`${reader.where} ${key}: expected ${instead}; got ${quote(refused)}`);
  }
  return values;
}

function readAxes(where: string, given: unknown): Axis[] {
  if (!Array.isArray(given)) throw new ConfigurationError(`${where}: expected axes to be a list such as [{"name": "m", "values": [3, 10]}], got ${quote(given)}`);
  const axes = given.map((entry, index) => {
    const reader = new ObjectReader(`${where} axis ${index + 1}`, entry, ['name', 'values']);
    const name = reader.name('name');
    if (RESERVED.includes(name)) throw reader.fail('name', `a name other than ${RESERVED.join(', ')}`);
    return { name, values: readAxisValues(`${where} axis ${name}`, reader.get('values')) };
  });
  const twice = axes.find(({ name }, index) => axes.findIndex((other) => other.name === name) !== index);
  if (twice !== undefined) throw new ConfigurationError(`${where}: expected each axis once, got ${quote(twice.name)} twice`);
  return axes;
}

function readConditions(reader: ObjectReader, sweep: { name: string; title: string; axes: Axis[] }): Condition[] {
  const given = reader.get('conditions');
  if (given === undefined) return [{ name: sweep.name, title: sweep.title, values: {}, axes: sweep.axes }];
  if (!Array.isArray(given) || given.length === 0) throw reader.fail('conditions', 'a list of at least one condition');
  const conditions = given.map((entry, index) => {
    const condition = new ObjectReader(`${reader.where} condition ${index + 1}`, entry, CONDITION_KEYS);
    const name = condition.name('name');
    const where = `${reader.where} condition ${name}`;
    const axes = condition.get('axes');
    return { name, title: condition.text('title', name), values: readValues(condition, 'values'), axes: axes === undefined ? sweep.axes : readAxes(where, axes) };
  });
  const twice = conditions.find(({ name }, index) => conditions.findIndex((other) => other.name === name) !== index);
  if (twice !== undefined) throw new ConfigurationError(`${reader.where}: expected each condition once, got ${quote(twice.name)} twice`);
  return conditions;
}

/** The original's seeds, 0 to 19, where a spec names none. */
function readSeeds(reader: ObjectReader): number[] {
  const given = reader.get('seeds');
  if (given === undefined) return wholeRange(0, 19);
  const seeds = readAxisValues(`${reader.where} seeds`, given);
  const wrong = seeds.find((seed) => !Number.isSafeInteger(seed) || (seed as number) < 0);
  if (wrong !== undefined) throw reader.fail('seeds', 'whole numbers of at least 0');
  if (new Set(seeds).size < seeds.length) throw reader.fail('seeds', 'each seed once');
  return seeds as number[];
}

/**
 * Reads a sweep's specification. What its configurations mean is checked when they are expanded.
 * @param given parsed JSON
 * @param source names it in errors: `sweep FILE`
 * @throws ConfigurationError naming the place in it, what was expected and what was given
 */
export function readSweepSpecification(given: unknown, source: string): SweepSpecification {
  const reader = new ObjectReader(source, given, KEYS);
  const name = reader.name('name');
  const title = reader.text('title', name);
  const base = readValues(reader, 'base');
  const axes = readAxes(source, reader.get('axes') ?? []);
  const conditions = readConditions(reader, { name, title, axes });
  const figures = readFigures(source, reader.get('figures') ?? [], conditions);
  return { name, title, note: reader.text('note', ''), base, conditions, seeds: readSeeds(reader), figures, source: given };
}
