// uPlot for curves, points on a plane and histograms: what a panel shows as columns of one table, and how each is drawn.
import uPlot from 'uplot';
import type { Curve, Histogram, Panel, Plane } from '../plots.js';

/** A run's curves under the name that a comparison gives them. */
export interface NamedCurve {
  name: string;
  curve: Pick<Curve, 'x' | 'y'>;
}

/** One column and its drawing. */
interface Column {
  name: string;
  x: number[];
  y: (number | null)[];
  kind: 'line' | 'dots' | 'bars';
}

/** Colours of series, from the style sheet, so that they fit light and dark. */
function colour(index: number): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--series-${(index % 8) + 1}`).trim();
}

const ink = () => getComputedStyle(document.documentElement).getPropertyValue('--muted').trim();
const grid = () => getComputedStyle(document.documentElement).getPropertyValue('--line').trim();

/** Points sorted by x, each x once: the last y stands. */
function sorted(x: readonly number[], y: readonly number[]): { x: number[]; y: (number | null)[] } {
  const last = new Map(x.map((value, place) => [value, y[place]!] as const));
  const order = [...last.keys()].sort((a, b) => a - b);
  return { x: order, y: order.map((value) => (Number.isFinite(last.get(value)) ? last.get(value)! : null)) };
}

const curveColumns = (curves: readonly NamedCurve[], marked: boolean): Column[] => curves.map(({ name, curve }) => ({ name, ...sorted(curve.x, curve.y), kind: (marked && curve.x.length < 60) || curve.x.length === 1 ? 'dots' : 'line' }));

/** Points of one x are moved apart by what no eye sees, for a table has each x once. */
function planeColumns({ groups }: Plane): Column[] {
  return groups.map(({ name, points }) => {
    const width = Math.max(1e-12, ...points.map(([x]) => Math.abs(x)));
    const seen = new Set<number>();
    const apart = points.map(([x, y]) => {
      let place = x;
      while (seen.has(place)) place += 1e-7 * width;
      seen.add(place);
      return [place, y] as const;
    }).sort(([a], [b]) => a - b);
    return { name, x: apart.map(([x]) => x), y: apart.map(([, y]) => y), kind: 'dots' as const };
  });
}

function histogramColumns({ from, width, bars, density }: Histogram): Column[] {
  const x = bars.map((_, bin) => from + (bin + 0.5) * width);
  return [{ name: 'Monte Carlo', x, y: bars, kind: 'bars' }, { name: 'moment propagation', x, y: density, kind: 'line' }];
}

export function columnsOf(panel: Panel, curves: readonly NamedCurve[], picture: Plane | Histogram | undefined): Column[] {
  if (picture === undefined) return curveColumns(curves, panel.marked === true);
  return picture.kind === 'plane' ? planeColumns(picture) : histogramColumns(picture);
}

function seriesOf({ name, kind }: Column, index: number, isPlane: boolean): uPlot.Series {
  const stroke = colour(index);
  const shared = { label: name, stroke, spanGaps: true, width: 2 };
  if (kind === 'bars') return { ...shared, fill: `${stroke}55`, width: 0, paths: uPlot.paths.bars!({ size: [1, Infinity] }), points: { show: false } };
  if (kind === 'line') return { ...shared, points: { show: false } };
  const points = { show: true, size: name === 'aggregate' ? 13 : 7, stroke, fill: stroke };
  return isPlane ? { ...shared, paths: () => null, points } : { ...shared, points };
}

/** Distances of an axis's numbers where these are whole. */
const WHOLE_STEPS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000, 1_000_000, 10_000_000];

/** As short as it can be told apart. */
const shownNumber = (value: number) => (value === 0 ? '0' : Math.abs(value) >= 1e4 || Math.abs(value) < 1e-3 ? value.toExponential(0) : String(Number(value.toPrecision(4))));

/** Room about the points of a plane, so that none lies on its edge. */
function padded(_: uPlot, least: number, most: number): uPlot.Range.MinMax {
  const room = 0.08 * (most - least) || 1;
  return [least - room, most + room];
}

function optionsOf(panel: Panel, columns: readonly Column[], width: number, height: number): uPlot.Options {
  const axis = { stroke: ink(), grid: { stroke: grid(), width: 1 }, ticks: { stroke: grid(), width: 1 }, font: '12px system-ui, sans-serif', labelFont: '12px system-ui, sans-serif', labelSize: 18 };
  const hasPositive = columns.some(({ y }) => y.some((value) => value !== null && value > 0));
  const isLogarithmic = panel.logarithmic === true && hasPositive;
  return {
    width, height, pxAlign: true,
    scales: { x: { time: false, ...(panel.kind === 'plane' ? { range: padded } : {}) }, y: isLogarithmic ? { distr: 3 } : {} },
    axes: [
      { ...axis, ...(panel.whole === true ? { incrs: WHOLE_STEPS } : {}), ...(panel.x === undefined ? {} : { label: panel.x }), values: (_, values) => values.map((value) => shownNumber(value)) },
      { ...axis, size: 62, ...(panel.y === undefined ? {} : { label: panel.y }), values: (_, values) => values.map((value) => (value === null ? '' : shownNumber(value))) },
    ],
    series: [{ label: panel.x ?? 'x' }, ...columns.map((column, index) => seriesOf(column, index, panel.kind === 'plane'))],
    legend: { show: true, live: false },
    cursor: { show: false },
  };
}

/** A plot in an element; it is made again when its series or the theme change, and else only given its new values. */
export class CurvePlot {
  readonly #target: HTMLElement;
  readonly #panel: Panel;
  #plot: uPlot | undefined;
  #shape = '';

  constructor(target: HTMLElement, panel: Panel) {
    this.#target = target;
    this.#panel = panel;
  }

  draw(columns: readonly Column[]): void {
    const drawn = columns.filter(({ x }) => x.length > 0);
    if (drawn.length === 0) return this.dispose();
    const width = Math.max(240, this.#target.clientWidth);
    const height = this.#panel.kind === 'histogram' ? 180 : 240;
    const table = uPlot.join(drawn.map(({ x, y }) => [x, this.#positive(y)] as uPlot.AlignedData));
    const shape = JSON.stringify([width, drawn.map(({ name, kind }) => [name, kind]), ink(), drawn.some(({ y }) => y.some((value) => value !== null && value > 0))]);
    if (shape === this.#shape) {
      this.#plot!.setData(table);
      return;
    }
    this.dispose();
    this.#shape = shape;
    this.#plot = new uPlot(optionsOf(this.#panel, drawn, width, height), table, this.#target);
  }

  /** A logarithmic axis has no place for zeros. */
  #positive(y: readonly (number | null)[]): (number | null)[] {
    return y.map((value) => (this.#panel.logarithmic === true && value !== null && value <= 0 ? null : value));
  }

  dispose(): void {
    this.#plot?.destroy();
    this.#plot = undefined;
    this.#shape = '';
  }
}
