// Lines and bands as path data, thinned to what the pixels can show.
import type { PlotPlace } from './panel.js';
import { element, type Attributes } from './svg.js';

/** A value with, where it is known, the ends of its interval. NaN is missing: it breaks a line, or a band. */
export interface Point {
  x: number;
  y: number;
  low?: number;
  high?: number;
}

/** A point in pixels; NaN is missing. */
export interface Pixel {
  x: number;
  y: number;
  low: number;
  high: number;
}

export function toPixels(points: readonly Point[], place: PlotPlace): Pixel[] {
  return points
    .map(({ x, y, low = NaN, high = NaN }) => ({ x: place.x(x), y: place.y(y), low: place.y(low), high: place.y(high) }))
    .filter(({ x }) => !Number.isNaN(x));
}

/** Points that follow one another in one column of pixels. */
function columnsOf(points: readonly Pixel[]): Pixel[][] {
  const columns: Pixel[][] = [];
  for (const point of points) {
    const last = columns.at(-1);
    if (last !== undefined && Math.floor(last[0]!.x) === Math.floor(point.x)) last.push(point);
    else columns.push([point]);
  }
  return columns;
}

/** A column's first, lowest, highest and last values, in their order; a missing value stays where the column begins or ends with it. */
function thinColumn(column: readonly Pixel[]): Pixel[] {
  const kept = new Set([0, column.length - 1]);
  const present = [...column.keys()].filter((index) => !Number.isNaN(column[index]!.y));
  if (present.length > 0) {
    const better = (isBetter: (a: number, b: number) => boolean) => (best: number, index: number) => (isBetter(column[index]!.y, column[best]!.y) ? index : best);
    kept.add(present[0]!).add(present.at(-1)!);
    kept.add(present.reduce(better((a, b) => a < b))).add(present.reduce(better((a, b) => a > b)));
  }
  return [...kept].sort((a, b) => a - b).map((index) => column[index]!);
}

/** As many points as all columns could keep. */
function isDense(points: readonly Pixel[], width: number): boolean {
  return points.length > 4 * width;
}

/**
 * Leaves out points that make no difference to the pixels: of each column of pixels the first, lowest, highest and last
 * value stay (M4: Jugel et al., "M4: a visualization-oriented time series data aggregation", 2014), and gaps that
 * reach beyond a column. Few points stay as they are.
 */
export function thinLine(points: readonly Pixel[], width: number): readonly Pixel[] {
  return isDense(points, width) ? columnsOf(points).flatMap(thinColumn) : points;
}

function hasBand({ low, high }: Pixel): boolean {
  return !Number.isNaN(low) && !Number.isNaN(high);
}

/** The same for a band: each column of pixels takes the hull of its intervals. Up is smaller in pixels. */
export function thinBand(points: readonly Pixel[], width: number): readonly Pixel[] {
  if (!isDense(points, width)) return points;
  return columnsOf(points).flatMap((column) => {
    const present = column.filter(hasBand);
    if (present.length === 0) return [column[0]!];
    const hull = { low: present.reduce((most, { low }) => Math.max(most, low), -Infinity), high: present.reduce((least, { high }) => Math.min(least, high), Infinity) };
    return [{ ...column[0]!, ...hull }, { ...column.at(-1)!, ...hull }];
  });
}

/** Beyond the plot by this much a coordinate is not drawn any further: some viewers fail at very large ones. */
const BEYOND = 10_000;

function bounded(value: number): number {
  return Math.min(BEYOND, Math.max(-BEYOND, value));
}

/** `12.34,5`: within the bounds, two decimals at most. */
function pair(x: number, y: number): string {
  return `${Math.round(bounded(x) * 100) / 100},${Math.round(bounded(y) * 100) / 100}`;
}

/** Points that follow one another and are all there. */
function stretches(points: readonly Pixel[], isThere: (point: Pixel) => boolean): Pixel[][] {
  const found: Pixel[][] = [];
  let isOpen = false;
  for (const point of points) {
    if (isThere(point)) {
      if (isOpen) found.at(-1)!.push(point);
      else found.push([point]);
    }
    isOpen = isThere(point);
  }
  return found;
}

/** Path data of a line that breaks at missing values; a value alone between gaps becomes a dot under a round cap. */
export function linePath(points: readonly Pixel[], width: number): string {
  const drawn = stretches(thinLine(points, width), ({ y }) => !Number.isNaN(y));
  return drawn.map((stretch) => `M${stretch.map(({ x, y }) => pair(x, y)).join('L')}${stretch.length === 1 ? 'Z' : ''}`).join('');
}

/** Path data of the area between low and high, broken where either is missing. */
export function bandPath(points: readonly Pixel[], width: number): string {
  const drawn = stretches(thinBand(points, width), hasBand);
  return drawn.map((stretch) => `M${[...stretch.map(({ x, high }) => pair(x, high)), ...stretch.map(({ x, low }) => pair(x, low)).reverse()].join('L')}Z`).join('');
}

/** A path element, or nothing for no path data. */
export function drawPath(d: string, style: Attributes): string {
  return d === '' ? '' : element('path', { d, ...style });
}
