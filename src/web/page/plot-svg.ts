// Curves, points on a plane and histograms as SVG text, on the axes of the files' figures. Colours are the style sheet's, so that one
// text fits light and dark.
import { chooseAxis, widen, type Axis, type AxisSpec } from '../../figures/axis.js';
import type { PlotPlace } from '../../figures/panel.js';
import { linePath, toPixels } from '../../figures/paths.js';
import { coordinate, element, moved } from '../../figures/svg.js';
import { drawText, labelWidth } from '../../figures/text.js';
import type { Curve, Histogram, Panel, Plane } from '../plots.js';

/** A run's curves under the name that a comparison gives them. */
export interface NamedCurve {
  name: string;
  curve: Pick<Curve, 'x' | 'y'>;
}

/** One series and its drawing. A y that is not finite is missing. */
export interface Column {
  name: string;
  x: readonly number[];
  y: readonly number[];
  kind: 'line' | 'marked' | 'dots' | 'bars';
}

/** Points sorted by x, each x once: the last y stands. */
function sorted({ x, y }: NamedCurve['curve']): Pick<Column, 'x' | 'y'> {
  const last = new Map(x.map((value, place) => [value, y[place]!] as const));
  const order = [...last.keys()].sort((a, b) => a - b);
  return { x: order, y: order.map((value) => last.get(value)!) };
}

const planeColumns = ({ groups }: Plane): Column[] => groups.map(({ name, points }) => ({ name, x: points.map(([x]) => x), y: points.map(([, y]) => y), kind: 'dots' }));

function histogramColumns({ from, width, bars, density }: Histogram): Column[] {
  const x = bars.map((_, bin) => from + (bin + 0.5) * width);
  return [{ name: 'Monte Carlo', x, y: bars, kind: 'bars' }, { name: 'moment propagation', x, y: density, kind: 'line' }];
}

/** Series of a panel. Few points that are to be marked, and a point alone, get dots. */
export function columnsOf(panel: Panel, curves: readonly NamedCurve[], picture: Plane | Histogram | undefined): Column[] {
  if (picture !== undefined) return picture.kind === 'plane' ? planeColumns(picture) : histogramColumns(picture);
  return curves.map(({ name, curve }) => ({ name, ...sorted(curve), kind: (panel.marked === true && curve.x.length < 60) || curve.x.length === 1 ? 'marked' : 'line' }));
}

/** The style sheet's class of a series. */
export const seriesClass = (index: number) => `series-${(index % 8) + 1}`;

const TEXT = 12;
const TICK = 4;

/** Smallest and largest of the values that are there; undefined where none is. */
function extentOf(values: readonly (readonly number[])[]): [number, number] | undefined {
  let [least, most] = [Infinity, -Infinity];
  for (const list of values) {
    for (const value of list) {
      if (!Number.isFinite(value)) continue;
      least = Math.min(least, value);
      most = Math.max(most, value);
    }
  }
  return least <= most ? [least, most] : undefined;
}

/** Ends of an axis that follow from its values: none lies on the edge of a plane, bars reach half their width further. */
function domainOf(panel: Panel, columns: readonly Column[], axis: 'x' | 'y'): readonly [number, number] | undefined {
  const ends = extentOf(columns.map((column) => column[axis]));
  if (ends === undefined) return undefined;
  const [least, most] = ends;
  if (panel.kind === 'plane') {
    const room = 0.08 * (most - least);
    return widen([least - room, most + room]);
  }
  if (axis === 'y') return undefined;
  if (panel.kind === 'histogram') {
    const half = (most - least) / Math.max(1, columns[0]!.x.length - 1) / 2;
    return widen([least - half, most + half]);
  }
  if (least < most) return ends;
  return panel.whole === true ? [least - 1, most + 1] : undefined;
}

function axesOf(panel: Panel, columns: readonly Column[], width: number, height: number): { x: Axis; y: Axis } {
  const [acrossEnds, upEnds] = [domainOf(panel, columns, 'x'), domainOf(panel, columns, 'y')];
  // Bars stand on nought, and points of a plane lie about it, which a logarithmic axis does not have.
  const isLogarithmic = panel.kind === 'curves' && panel.logarithmic === true && columns.some(({ y }) => y.some((value) => value > 0));
  const spec = (label = '', domain: AxisSpec['domain'], scale: AxisSpec['scale']): AxisSpec => ({ label, ...(domain === undefined ? {} : { domain }), ...(scale === undefined ? {} : { scale }) });
  const most = Math.max(2, Math.floor(width / 80));
  const across = panel.whole === true && acrossEnds !== undefined ? Math.min(most, Math.max(1, Math.floor(acrossEnds[1] - acrossEnds[0]))) : most;
  const heights = columns.flatMap(({ y, kind }) => (kind === 'bars' ? [0, ...y] : y));
  return {
    x: chooseAxis(spec(panel.x, acrossEnds, undefined), columns.flatMap(({ x }) => x), across),
    y: chooseAxis(spec(panel.y, upEnds, isLogarithmic ? 'log' : undefined), heights, Math.max(2, Math.floor(height / 45))),
  };
}

function drawSeries({ name, x, y, kind }: Column, index: number, place: PlotPlace): string {
  const pixels = toPixels(x.map((value, at) => ({ x: value, y: y[at]! })), place);
  const there = pixels.filter((pixel) => !Number.isNaN(pixel.y));
  const parts: string[] = [];
  if (kind === 'bars') {
    const bar = place.width / Math.max(1, pixels.length);
    const ground = place.y(0);
    parts.push(element('path', { class: 'bars', d: there.map((pixel) => `M${coordinate(pixel.x - bar / 2)},${coordinate(ground)}V${coordinate(pixel.y)}h${coordinate(bar)}V${coordinate(ground)}Z`).join('') }));
  }
  if (kind === 'line' || kind === 'marked') parts.push(element('path', { class: 'line', d: linePath(pixels, place.width) }));
  if (kind === 'marked' || kind === 'dots') parts.push(...there.map((pixel) => element('circle', { cx: pixel.x, cy: pixel.y, r: name === 'aggregate' ? 6.5 : 3.5 })));
  return element('g', { class: seriesClass(index) }, parts.join(''));
}

function drawAxes({ x, y }: { x: Axis; y: Axis }, left: number, { width, height }: PlotPlace): string {
  const marks: string[] = [];
  const words: string[] = [];
  for (const { at, label } of x.ticks) {
    marks.push(`M${coordinate(width * at)},0v${coordinate(height + TICK)}`);
    if (label !== undefined) words.push(drawText(label, { x: width * at, y: height + TICK + TEXT + 1, 'text-anchor': 'middle' }));
  }
  for (const { at, label } of y.ticks) {
    if (label === undefined) continue;
    marks.push(`M${-TICK},${coordinate(height * (1 - at))}h${coordinate(width + TICK)}`);
    words.push(drawText(label, { x: -TICK - 3, y: height * (1 - at) + 4, 'text-anchor': 'end' }));
  }
  words.push(drawText(x.spec.label, { x: width / 2, y: height + TICK + 2 * TEXT + 7, 'text-anchor': 'middle' }));
  words.push(drawText(y.spec.label, { transform: `translate(${coordinate(TEXT - left)},${coordinate(height / 2)}) rotate(-90)`, 'text-anchor': 'middle' }));
  return element('path', { class: 'grid', d: marks.join('') }) + words.join('');
}

/**
 * A plot as SVG text; nothing where no series has a point.
 * @param width of the whole in pixels, as `height`
 */
export function drawPlot(panel: Panel, columns: readonly Column[], width: number, height: number): string {
  const drawn = columns.map((column, index) => ({ column, index })).filter(({ column }) => column.x.length > 0);
  if (drawn.length === 0) return '';
  const bottom = TICK + 2 * TEXT + 14;
  const across = width - 70;
  const axes = axesOf(panel, drawn.map(({ column }) => column), across, height - bottom);
  const left = Math.max(...axes.y.ticks.map(({ label }) => (label === undefined ? 0 : labelWidth(label, TEXT)))) + TICK + 3 + TEXT + 10;
  const inner = { width: width - left - 14, height: height - bottom - 8 };
  const place: PlotPlace = { ...inner, x: (value) => inner.width * axes.x.share(value), y: (value) => inner.height * (1 - axes.y.share(value)) };
  const series = drawn.map(({ column, index }) => drawSeries(column, index, place)).join('');
  return element('svg', { width, height, viewBox: `0 0 ${width} ${height}`, 'aria-hidden': 'true', 'font-size': TEXT }, moved(left, 8, drawAxes(axes, left, place) + series));
}
