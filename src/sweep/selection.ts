// A part of a sweep: some of its conditions, seeds, and values of its axes.
import { ConfigurationError, quote } from '../experiments/configuration.js';
import type { Axis, SweepSpecification } from './specification.js';
import { wholeRange, type AxisValue } from './values.js';

/** As given on the command line. */
export interface Selection {
  /** `0-4`, `0,3,7`: takes the place of the spec's seeds. */
  seeds?: string;
  /** Names, separated by commas. */
  conditions?: string;
  /** `axis=1-1024` or `axis=3,10`, each at most once an axis. */
  only?: readonly string[];
}

interface Span {
  from: number;
  to: number;
}

/** `3` or `1-1024`; undefined for anything else. */
function readSpan(item: string): Span | undefined {
  const found = /^\s*(\d+(?:\.\d+)?)\s*(?:-\s*(\d+(?:\.\d+)?)\s*)?$/.exec(item);
  if (found === null) return undefined;
  const [from, to] = [Number(found[1]), Number(found[2] ?? found[1])];
  return from <= to ? { from, to } : undefined;
}

function readSpans(flag: string, given: string): Span[] {
  return given.split(',').map((item) => {
    const span = readSpan(item);
    if (span === undefined) throw new ConfigurationError(`${flag}: expected numbers such as 3,10 or 1-1024, got ${quote(given)}`);
    return span;
  });
}

/** `0-4,7` as a list. @throws ConfigurationError unless whole numbers, each once */
export function readSeedList(flag: string, given: string): number[] {
  const seeds = readSpans(flag, given).flatMap(({ from, to }) => {
    if (!Number.isSafeInteger(from) || !Number.isSafeInteger(to) || to - from > 1_000_000) throw new ConfigurationError(`${flag}: expected whole numbers such as 0-4, got ${quote(given)}`);
    return wholeRange(from, to);
  });
  if (new Set(seeds).size < seeds.length) throw new ConfigurationError(`${flag}: expected each seed once, got ${quote(given)}`);
  return seeds;
}

function keepValues(axis: Axis, spans: readonly Span[]): Axis {
  const isWithin = (value: AxisValue) => typeof value === 'number' && spans.some(({ from, to }) => value >= from && value <= to);
  return { ...axis, values: axis.values.filter(isWithin) };
}

/** Keeps values of one axis; a condition without it stays whole. */
function restrict(spec: SweepSpecification, given: string): SweepSpecification {
  const [name, values] = given.split(/=(.*)/s) as [string, string | undefined];
  const axes = [...new Set(spec.conditions.flatMap((condition) => condition.axes.map((axis) => axis.name)))];
  if (values === undefined || !axes.includes(name)) throw new ConfigurationError(`--only: expected AXIS=VALUES with an axis among ${axes.join(', ') || '(the sweep has none)'}, got ${quote(given)}`);
  const spans = readSpans(`--only ${name}`, values);
  const conditions = spec.conditions.map((condition) => ({ ...condition, axes: condition.axes.map((axis) => (axis.name === name ? keepValues(axis, spans) : axis)) }));
  if (conditions.every((condition) => condition.axes.some((axis) => axis.values.length === 0))) {
    throw new ConfigurationError(`--only: expected values that axis ${name} of ${spec.name} has, got ${quote(values)}`);
  }
  return { ...spec, conditions };
}

/**
 * The sweep less what was not asked for. Figures that lose all their conditions go.
 * @throws ConfigurationError naming the flag, what was expected and what was given
 */
export function selectFrom(spec: SweepSpecification, { seeds, conditions, only = [] }: Selection): SweepSpecification {
  let selected = spec;
  if (conditions !== undefined) {
    const names = conditions.split(',').map((name) => name.trim());
    const all = spec.conditions.map(({ name }) => name);
    const unknown = names.find((name) => !all.includes(name));
    if (unknown !== undefined) throw new ConfigurationError(`--conditions: expected names among ${all.join(', ')}; got ${quote(unknown)}`);
    selected = { ...selected, conditions: spec.conditions.filter(({ name }) => names.includes(name)) };
  }
  for (const given of only) selected = restrict(selected, given);
  if (seeds !== undefined) selected = { ...selected, seeds: readSeedList('--seeds', seeds) };
  const present = selected.conditions.map(({ name }) => name);
  const figures = selected.figures
    .map((figure) => ({ ...figure, conditions: figure.conditions.filter((name) => present.includes(name)) }))
    .filter((figure) => figure.conditions.length > 0);
  return { ...selected, figures };
}
