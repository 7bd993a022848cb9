// Histograms as densities, so that a density function can be laid over them.
import { isDrawable, widen, type AxisSpec } from './axis.js';
import { drawFigure, type FigureLayout } from './figure.js';
import { seriesColor } from './palette.js';
import type { LegendEntry, Panel, PlotPlace } from './panel.js';
import { drawPath, linePath, toPixels, type Point } from './paths.js';
import { coordinate, element } from './svg.js';

export interface HistogramSeries {
  name: string;
  /** The sample; NaN and infinities are left out. */
  values: ArrayLike<number>;
  /** Index into the palette. Default: the series' place in the panel. */
  color?: number;
}

/** A density function over the bars, as points in order of x. */
export interface DensityCurve {
  name: string;
  points: readonly Point[];
}

export interface HistogramPanelSpec {
  title: string;
  x: AxisSpec;
  y: AxisSpec;
  series: readonly HistogramSeries[];
  curves?: readonly DensityCurve[];
  /** Bins between the smallest and the largest value of all series. Default: {@link chooseBinCount}. */
  bins?: number;
}

/** A bar from `from` to `to`; its area is the share of the values in it. */
export interface Bin {
  from: number;
  to: number;
  density: number;
}

const MOST_BINS = 200;

function sortedDrawable(values: ArrayLike<number>): Float64Array {
  return Float64Array.from(Array.from(values).filter((value) => isDrawable(value))).sort();
}

/**
 * Bins of width 2 IQR n^(-1/3) (Freedman and Diaconis, "On the histogram as a density estimator", 1981), from 1 to 200; where
 * the quartiles coincide, log2(n) + 1 (Sturges, 1926).
 */
export function chooseBinCount(values: ArrayLike<number>): number {
  const sorted = sortedDrawable(values);
  if (sorted.length < 2) return 1;
  const [lowest, highest] = [sorted[0]!, sorted.at(-1)!];
  const spread = sorted[Math.floor(0.75 * (sorted.length - 1))]! - sorted[Math.floor(0.25 * (sorted.length - 1))]!;
  const count = spread > 0 ? (highest - lowest) / ((2 * spread) / Math.cbrt(sorted.length)) : Math.log2(sorted.length) + 1;
  return Math.min(MOST_BINS, Math.max(1, Math.ceil(count)));
}

/**
 * Bins of equal width, lower end in, upper end out but for the last. Their areas add up to 1, less what lies outside.
 * @param ends lowest and highest of the bins; where they are the same, there is room around them
 * @throws RangeError unless count is a whole number from 1 to 10,000
 */
export function binValues(values: ArrayLike<number>, count: number, ends: readonly [number, number]): Bin[] {
  if (!Number.isSafeInteger(count) || count < 1 || count > 10_000) throw new RangeError(`figure: expected bins to be a whole number from 1 to 10000, got ${count}`);
  const [from, to] = widen(ends);
  const width = (to - from) / count;
  const counts = new Float64Array(count);
  const present = sortedDrawable(values);
  for (const value of present) {
    if (value >= from && value <= to) counts[Math.min(count - 1, Math.floor((value - from) / width))]!++;
  }
  const edge = (bin: number) => (bin === count ? to : from + bin * width);
  return Array.from(counts, (held, bin) => ({ from: edge(bin), to: edge(bin + 1), density: held / Math.max(1, present.length) / width }));
}

interface DrawnSeries {
  name: string;
  paint: string;
  bins: readonly Bin[];
}

function binSeries({ series, bins, x }: HistogramPanelSpec): DrawnSeries[] {
  const all = sortedDrawable(series.flatMap(({ values }) => Array.from(values)));
  const ends = x.domain ?? ([all[0] ?? 0, all.at(-1) ?? 1] as const);
  const count = bins ?? chooseBinCount(all);
  return series.map(({ name, values, color }, place) => ({ name, paint: seriesColor(color ?? place), bins: binValues(values, count, ends) }));
}

function barStyle(paint: string) {
  return { fill: paint, 'fill-opacity': 0.35, stroke: paint, 'stroke-width': 0.6, 'stroke-opacity': 0.7 };
}

/** All bars in one path; empty bins draw nothing. */
function drawBars({ paint, bins }: DrawnSeries, place: PlotPlace): string {
  const floor = place.y(0);
  const bars = bins.filter(({ density }) => density > 0).map(({ from, to, density }) => {
    const [left, right, top] = [place.x(from), place.x(to), place.y(density)].map(coordinate);
    return `M${left},${coordinate(floor)}V${top}H${right}V${coordinate(floor)}z`;
  });
  return drawPath(bars.join(''), barStyle(paint));
}

function curveStyle(index: number) {
  return { fill: 'none', stroke: '#000000', 'stroke-width': 1.8, 'stroke-dasharray': [undefined, '6 3', '2 2'][index % 3], 'stroke-linejoin': 'round' };
}

function legendOf(drawn: readonly DrawnSeries[], curves: readonly DensityCurve[]): LegendEntry[] {
  return [
    ...drawn.map(({ name, paint }) => ({ name, sample: element('rect', { x: 2, y: -5, width: 18, height: 10, ...barStyle(paint) }) })),
    ...curves.map(({ name }, index) => ({ name, sample: element('path', { d: 'M0,0h22', ...curveStyle(index) }) })),
  ];
}

/**
 * A panel of bars whose areas are shares, under density curves.
 * @throws RangeError for a logarithmic axis, a number of bins or a colour index that cannot be
 */
export function histogramPanel(spec: HistogramPanelSpec): Panel {
  const { title, x, y, curves = [] } = spec;
  if (x.scale === 'log' || y.scale === 'log') throw new RangeError('figure: expected linear axes for a histogram, got a logarithmic one');
  const drawn = binSeries(spec);
  const points = curves.flatMap((curve) => curve.points);
  return {
    title,
    x,
    y,
    xValues: () => [...drawn.flatMap(({ bins }) => [bins[0]!.from, bins.at(-1)!.to]), ...points.map((point) => point.x)],
    yValues: () => [0, ...drawn.flatMap(({ bins }) => bins.map(({ density }) => density)), ...points.map((point) => point.y)],
    legend: legendOf(drawn, curves),
    draw: (place) => drawn.map((one) => drawBars(one, place)).join('')
      + curves.map((curve, index) => drawPath(linePath(toPixels(curve.points, place), place.width), curveStyle(index))).join(''),
  };
}

/**
 * A figure of histograms.
 * @returns a whole SVG file
 * @throws RangeError for a layout, axis, number of bins or colour index that cannot be drawn
 */
export function histogramFigure(spec: FigureLayout & { panels: readonly HistogramPanelSpec[] }): string {
  return drawFigure({ ...spec, panels: spec.panels.map(histogramPanel) });
}
