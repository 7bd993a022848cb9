// Points, with whiskers where their interval is known, and single points that are named.
import type { AxisSpec } from './axis.js';
import { drawFigure, type FigureLayout } from './figure.js';
import { seriesColor } from './palette.js';
import type { Panel, PlotPlace } from './panel.js';
import { drawPath, toPixels, type Pixel, type Point } from './paths.js';
import { drawReferences, referenceLegend, type ReferenceLine } from './reference-lines.js';
import { coordinate } from './svg.js';
import { drawText, textWidth } from './text.js';

export type PointShape = 'circle' | 'square' | 'triangle' | 'diamond' | 'cross';

export interface ScatterSeries {
  name: string;
  /** Points with low and high get a whisker; points with a missing value are left out. */
  points: readonly Point[];
  /** Index into the palette. Default: the series' place in the panel. */
  color?: number;
  /** Default: another one for every series. */
  shape?: PointShape;
  /** Faint, behind the others: single runs behind their mean, say. */
  faint?: boolean;
}

/** A point that is named beside itself, such as what an aggregation rule chose. */
export interface Mark {
  x: number;
  y: number;
  name: string;
}

export interface ScatterPanelSpec {
  title: string;
  x: AxisSpec;
  y: AxisSpec;
  series: readonly ScatterSeries[];
  marks?: readonly Mark[];
  /** Horizontal lines across the panel. */
  references?: readonly ReferenceLine[];
}

/** Path data around a centre. */
const SHAPES: Record<PointShape, string> = {
  circle: 'm-3.2,0a3.2,3.2 0 1 0 6.4,0a3.2,3.2 0 1 0 -6.4,0z',
  square: 'm-2.9,-2.9h5.8v5.8h-5.8z',
  triangle: 'm0,-3.8l3.6,6.4h-7.2z',
  diamond: 'm0,-4l3.6,4l-3.6,4l-3.6,-4z',
  cross: 'm-3,-3l6,6m0,-6l-6,6',
};
const SHAPE_ORDER: readonly PointShape[] = ['circle', 'triangle', 'square', 'diamond', 'cross'];
const MARK = 'm-6,0h12m-6,-6v12';

interface StyledSeries extends ScatterSeries {
  paint: string;
  form: PointShape;
}

function styled(series: readonly ScatterSeries[]): StyledSeries[] {
  return series.map((one, place) => ({ ...one, paint: seriesColor(one.color ?? place), form: one.shape ?? SHAPE_ORDER[place % SHAPE_ORDER.length]! }));
}

function pointStyle({ paint, form, faint }: StyledSeries) {
  const stroke = form === 'cross' ? { fill: 'none', stroke: paint, 'stroke-width': 1.6 } : { fill: paint };
  return { ...stroke, opacity: faint === true ? 0.3 : 0.85 };
}

/** One path for a whole series; points on the same pixels are drawn once. */
function drawSeries(series: StyledSeries, place: PlotPlace): string {
  const present = toPixels(series.points, place).filter(({ x, y }) => isNear(x, place.width) && isNear(y, place.height));
  const centres = new Set(present.map(({ x, y }) => `M${coordinate(x)},${coordinate(y)}`));
  const whiskers = present.flatMap((point) => whisker(point)).join('');
  return drawPath(whiskers, { stroke: series.paint, 'stroke-width': 1.4, fill: 'none' })
    + drawPath([...centres].map((centre) => centre + SHAPES[series.form]).join(''), pointStyle(series));
}

/** Whether any of a point's shape could be seen; false for NaN. */
function isNear(at: number, length: number): boolean {
  return at > -10 && at < length + 10;
}

function whisker({ x, low, high }: Pixel): string[] {
  if (!Number.isFinite(low) || !Number.isFinite(high)) return [];
  const [left, top] = [coordinate(x - 3), coordinate(high)];
  return [`M${coordinate(x)},${coordinate(low)}V${top}M${left},${coordinate(low)}h6M${left},${top}h6`];
}

function drawMark(mark: Mark, place: PlotPlace): string {
  const [x, y] = [place.x(mark.x), place.y(mark.y)];
  if (!isNear(x, place.width) || !isNear(y, place.height)) return '';
  const isLeft = x + 10 + textWidth(mark.name, 11) > place.width;
  const text = { x: isLeft ? x - 9 : x + 9, y: y < 16 ? y + 14 : y - 5, 'text-anchor': isLeft ? 'end' : 'start', 'font-size': 11, 'font-weight': 600 };
  // A white edge keeps the mark and its name apart from the points behind.
  const edge = { stroke: '#ffffff', 'stroke-linejoin': 'round' };
  const d = `M${coordinate(x)},${coordinate(y)}${MARK}`;
  return drawPath(d, { fill: 'none', ...edge, 'stroke-width': 5 }) + drawPath(d, { fill: 'none', stroke: '#000000', 'stroke-width': 2.2 })
    + drawText(mark.name, { ...text, ...edge, 'stroke-width': 3, 'paint-order': 'stroke' });
}

function* verticalValues({ series, marks = [], references = [] }: ScatterPanelSpec): Generator<number | undefined> {
  for (const { points } of series) {
    for (const { y, low, high } of points) {
      yield y;
      yield low;
      yield high;
    }
  }
  for (const { y } of [...marks, ...references]) yield y;
}

function* horizontalValues({ series, marks = [] }: ScatterPanelSpec): Generator<number> {
  for (const { points } of series) for (const { x } of points) yield x;
  for (const { x } of marks) yield x;
}

/** A panel of points. @throws RangeError for a colour index that is none */
export function scatterPanel(spec: ScatterPanelSpec): Panel {
  const drawn = styled(spec.series);
  const { title, x, y, marks = [], references = [] } = spec;
  return {
    title,
    x,
    y,
    xValues: () => horizontalValues(spec),
    yValues: () => verticalValues(spec),
    legend: [...drawn.map((one) => ({ name: one.name, sample: drawPath(`M11,0${SHAPES[one.form]}`, pointStyle(one)) })), ...referenceLegend(references)],
    draw: (place) => drawReferences(references, place) + drawn.map((one) => drawSeries(one, place)).join('') + marks.map((mark) => drawMark(mark, place)).join(''),
  };
}

/**
 * A figure of scatter panels.
 * @returns a whole SVG file
 * @throws RangeError for a layout, domain or colour index that cannot be drawn
 */
export function scatterFigure(spec: FigureLayout & { panels: readonly ScatterPanelSpec[] }): string {
  return drawFigure({ ...spec, panels: spec.panels.map(scatterPanel) });
}
