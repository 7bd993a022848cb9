// Series as lines: with bands, faint single lines behind them, and reference lines.
import type { AxisSpec } from './axis.js';
import { drawFigure, type FigureLayout } from './figure.js';
import { seriesColor, seriesDash, tinted } from './palette.js';
import type { LegendEntry, Panel, PlotPlace } from './panel.js';
import { bandPath, drawPath, linePath, toPixels, type Point } from './paths.js';
import { drawReferences, referenceLegend, type ReferenceLine } from './reference-lines.js';
import { element } from './svg.js';

export interface LineSeries {
  name: string;
  /** In order of x. A missing y breaks the line; the band goes over the points that have low and high, and breaks where those are NaN. */
  points: readonly Point[];
  /** Index into the palette. Default: the series' place in the panel. */
  color?: number;
  /** Lines behind the series, thin and faint: one a seed, say. */
  individuals?: readonly (readonly Point[])[];
  /** What those are, for the legend. */
  individualsName?: string;
  /** Dots at the points; a single point always has one. */
  dots?: boolean;
}

export interface LinePanelSpec {
  title: string;
  x: AxisSpec;
  y: AxisSpec;
  series: readonly LineSeries[];
  /** Horizontal lines across the panel, such as chance level. */
  references?: readonly ReferenceLine[];
}

/** Pale rather than transparent: where many lines lie over one another they would add up to the colour of their mean. */
function individualStroke(color: string, count: number) {
  return { stroke: tinted(color, count > 20 ? 0.75 : 0.65), 'stroke-width': 0.8, 'stroke-opacity': 0.7, fill: 'none', 'stroke-linejoin': 'round', 'stroke-linecap': 'round' };
}

function mainStroke(color: string, index: number) {
  return { stroke: color, 'stroke-width': 1.8, 'stroke-dasharray': seriesDash(index), fill: 'none', 'stroke-linejoin': 'round', 'stroke-linecap': 'round' };
}

function drawDots(points: readonly Point[], place: PlotPlace, color: string): string {
  const present = toPixels(points, place).filter(({ y }) => !Number.isNaN(y));
  return present.map(({ x, y }) => element('circle', { cx: x, cy: y, r: 2.8, fill: color })).join('');
}

interface StyledSeries extends LineSeries {
  paint: string;
  index: number;
}

function styled(series: readonly LineSeries[]): StyledSeries[] {
  return series.map((one, place) => {
    const index = one.color ?? place;
    return { ...one, index, paint: seriesColor(index) };
  });
}

function drawBehind({ points, individuals = [], paint }: StyledSeries, place: PlotPlace): string {
  const within = points.filter(({ low, high }) => low !== undefined && high !== undefined);
  const band = drawPath(bandPath(toPixels(within, place), place.width), { fill: paint, 'fill-opacity': 0.2 });
  const stroke = individualStroke(paint, individuals.length);
  return individuals.map((line) => drawPath(linePath(toPixels(line, place), place.width), stroke)).join('') + band;
}

function drawFront({ points, paint, index, dots }: StyledSeries, place: PlotPlace): string {
  const line = drawPath(linePath(toPixels(points, place), place.width), mainStroke(paint, index));
  return line + (dots === true || points.length === 1 ? drawDots(points, place, paint) : '');
}

function seriesLegend({ name, paint, index, dots, points, individuals = [], individualsName }: StyledSeries): LegendEntry[] {
  const band = points.some(({ low, high }) => low !== undefined && high !== undefined && low < high);
  const ground = band ? element('rect', { x: 0, y: -5, width: 22, height: 10, fill: paint, 'fill-opacity': 0.2 }) : '';
  const dot = dots === true ? element('circle', { cx: 11, cy: 0, r: 2.8, fill: paint }) : '';
  const entries = [{ name, sample: ground + element('path', { d: 'M0,0h22', ...mainStroke(paint, index) }) + dot }];
  if (individuals.length === 0 || individualsName === undefined) return entries;
  return [...entries, { name: individualsName, sample: element('path', { d: 'M0,0h22', ...individualStroke(paint, 1) }) }];
}

function* everyPoint(series: readonly LineSeries[]): Generator<Point> {
  for (const { points, individuals = [] } of series) {
    yield* points;
    for (const line of individuals) yield* line;
  }
}

function* horizontalValues(series: readonly LineSeries[]): Generator<number> {
  for (const { x } of everyPoint(series)) yield x;
}

function* verticalValues(series: readonly LineSeries[], references: readonly ReferenceLine[]): Generator<number | undefined> {
  for (const { y, low, high } of everyPoint(series)) {
    yield y;
    yield low;
    yield high;
  }
  for (const { y } of references) yield y;
}

/** A panel of lines. @throws RangeError for a colour index that is none */
export function linePanel({ title, x, y, series, references = [] }: LinePanelSpec): Panel {
  const drawn = styled(series);
  return {
    title,
    x,
    y,
    xValues: () => horizontalValues(series),
    yValues: () => verticalValues(series, references),
    legend: [...drawn.flatMap(seriesLegend), ...referenceLegend(references)],
    draw: (place) => drawn.map((one) => drawBehind(one, place)).join('') + drawReferences(references, place) + drawn.map((one) => drawFront(one, place)).join(''),
  };
}

/**
 * A figure of line panels: the usual one, loss or accuracy against step.
 * @returns a whole SVG file
 * @throws RangeError for a layout, domain or colour index that cannot be drawn
 */
export function lineFigure(spec: FigureLayout & { panels: readonly LinePanelSpec[] }): string {
  return drawFigure({ ...spec, panels: spec.panels.map(linePanel) });
}
