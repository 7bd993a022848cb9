// An axis: from values to the part of its length, and the ticks along it.
import { decimalsBetween, fixedText, roundEnds, roundNumbers, roundPowers } from './scale.js';
import type { Label } from './text.js';

export interface AxisSpec {
  /** Quantity and unit. */
  label: string;
  /** Default linear. On a logarithmic axis values of 0 and below count as missing. */
  scale?: 'linear' | 'log';
  /** Lower and upper end; default: what the values need, rounded to ticks. Values beyond are cut off at the frame. */
  domain?: readonly [lower: number, upper: number];
  /** Names for the values 0, 1, 2, ...: the axis is then linear, with a tick at each. */
  categories?: readonly string[];
}

export interface Tick {
  /** Part of the axis's length, 0 to 1 from the lower end. */
  at: number;
  /** None for the small ticks between. */
  label?: Label;
}

export interface Axis {
  spec: AxisSpec;
  /** Part of the axis's length: 0 at the lower end, 1 at the upper, NaN for a missing value. */
  share(value: number): number;
  ticks: readonly Tick[];
}

/** Beyond this an axis's own length overflows, and a logarithmic one's underflows below its inverse; nothing measured comes near. */
const LARGEST = 1e300;

/** Whether a value has a place on an axis. */
export function isDrawable(value: number | undefined, scale: AxisSpec['scale'] = 'linear'): value is number {
  return value !== undefined && Math.abs(value) <= LARGEST && (scale === 'linear' || value >= 1 / LARGEST);
}

function extent(values: Iterable<number | undefined>, scale: AxisSpec['scale']): [number, number] | undefined {
  let lower = Infinity;
  let upper = -Infinity;
  for (const value of values) {
    if (!isDrawable(value, scale)) continue;
    if (value < lower) lower = value;
    if (value > upper) upper = value;
  }
  return lower <= upper ? [lower, upper] : undefined;
}

/** @throws RangeError for ends that no axis can have */
function checkDomain({ label, scale, domain }: AxisSpec): void {
  if (domain === undefined) return;
  const [lower, upper] = domain;
  if (isDrawable(lower, scale) && isDrawable(upper, scale) && lower < upper) return;
  const kind = scale === 'log' ? 'two positive finite numbers' : 'two finite numbers';
  throw new RangeError(`figure: expected the domain of axis "${label}" to be ${kind}, the lower first, got ${lower} to ${upper}`);
}

/** Room around values that are all the same, or so near that float64 has no ticks between. */
export function widen([lower, upper]: readonly [number, number]): [number, number] {
  const size = Math.max(Math.abs(lower), Math.abs(upper));
  if (upper - lower > 1e-9 * size && upper - lower > 1e-290) return [lower, upper];
  const room = size < 1e-280 ? 1 : 0.1 * size;
  return [Math.max(-LARGEST, lower - room), Math.min(LARGEST, upper + room)];
}

/** `1`, `−0.5`, `20,000`; far from 1 as `2×10` with an exponent. */
function linearLabels(ticks: readonly number[], count: number): Label[] {
  const largest = Math.max(...ticks.map(Math.abs));
  const [first, last] = [ticks[0]!, ticks.at(-1)!];
  if (largest >= 1e-3 && largest < 1e6) {
    const decimals = decimalsBetween(first, last, count);
    return ticks.map((tick) => ({ text: fixedText(tick, decimals) }));
  }
  const exponent = Number(largest.toExponential().split('e')[1]);
  const unit = Number(`1e${exponent}`);
  const decimals = decimalsBetween(first / unit, last / unit, count);
  return ticks.map((tick) => (tick === 0 ? { text: '0' } : { text: `${fixedText(tick / unit, decimals)}×10`, exponent: minus(exponent) }));
}

function minus(value: number): string {
  return String(value).replace('-', '−');
}

function linearAxis(spec: AxisSpec, ends: [number, number], count: number): Axis {
  const [lower, upper] = spec.domain ?? roundEnds(widen(ends), count);
  const place = (value: number) => (value - lower) / (upper - lower);
  const values = roundNumbers(lower, upper, count);
  const labels = values.length === 0 ? [] : linearLabels(values, count);
  return {
    spec,
    share: (value) => (isDrawable(value) ? place(value) : NaN),
    ticks: values.map((value, index) => ({ at: place(value), label: labels[index]! })),
  };
}

function categoryAxis(spec: AxisSpec, categories: readonly string[]): Axis {
  const share = (value: number) => (value + 0.5) / Math.max(1, categories.length);
  return {
    spec,
    share: (value) => (isDrawable(value) ? share(value) : NaN),
    ticks: categories.map((text, index) => ({ at: share(index), label: { text } })),
  };
}

/** `0.02`, `300`; on an axis that reaches far from 1 `2×10` with an exponent, and 10 alone for a power. */
function logLabel(mantissa: number, exponent: number, isPlain: boolean): Label {
  if (isPlain) return { text: fixedText(Number(`${mantissa}e${exponent}`), Math.max(0, -exponent)) };
  return { text: mantissa === 1 ? '10' : `${mantissa}×10`, exponent: minus(exponent) };
}

/** Powers of ten; where they are too many every second or third, where they are few 2 and 5 times them too. */
function logTicks(lower: number, upper: number, count: number, share: (value: number) => number): Tick[] {
  const [first, last] = [Math.floor(Math.log10(lower)), Math.ceil(Math.log10(upper))];
  const every = Math.ceil((last - first) / Math.max(2, count));
  const labelled = last - first <= 2 ? [1, 2, 5] : [1];
  const isPlain = first >= -3 && last <= 4;
  const ticks: Tick[] = [];
  for (let exponent = first; exponent <= last; exponent++) {
    for (let mantissa = 1; mantissa <= 9; mantissa++) {
      const value = Number(`${mantissa}e${exponent}`);
      if (!(value >= lower * (1 - 1e-9) && value <= upper * (1 + 1e-9))) continue;
      // Through 0 in both directions, so that 1 is labelled wherever it is.
      const isLabelled = labelled.includes(mantissa) && exponent % every === 0;
      if (isLabelled) ticks.push({ at: share(value), label: logLabel(mantissa, exponent, isPlain) });
      else if (every === 1 && last - first <= 6) ticks.push({ at: share(value) });
      else if (mantissa === 1) ticks.push({ at: share(value) });
    }
  }
  return ticks;
}

/** Within one power of ten a little room; over several, whole powers. */
function logEnds([lower, upper]: readonly [number, number]): readonly [number, number] {
  return upper / lower < 10 ? [Math.max(1 / LARGEST, lower / 1.1), Math.min(LARGEST, upper * 1.1)] : roundPowers([lower, upper]);
}

function logAxis(spec: AxisSpec, ends: readonly [number, number], count: number): Axis {
  const [from, to] = spec.domain ?? logEnds(ends);
  const [start, length] = [Math.log(from), Math.log(to) - Math.log(from)];
  const share = (value: number) => (isDrawable(value, 'log') ? (Math.log(value) - start) / length : NaN);
  const ticks = logTicks(from, to, count, share);
  if (ticks.filter(({ label }) => label !== undefined).length >= 2) return { spec, share, ticks };
  const values = roundNumbers(from, to, count);
  const labels = linearLabels(values, count);
  return { spec, share, ticks: values.map((value, index) => ({ at: share(value), label: labels[index]! })) };
}

/**
 * Chooses an axis for values.
 * @param values NaN and undefined are missing
 * @param count about how many labelled ticks
 * @throws RangeError naming the axis for a domain that is empty, not finite or, on a logarithmic axis, not positive
 */
export function chooseAxis(spec: AxisSpec, values: Iterable<number | undefined>, count: number): Axis {
  checkDomain(spec);
  if (spec.categories !== undefined) return categoryAxis(spec, spec.categories);
  const ends = extent(values, spec.scale);
  if (spec.scale === 'log') return logAxis(spec, ends ?? [1, 10], count);
  return linearAxis(spec, ends ?? [0, 1], count);
}
