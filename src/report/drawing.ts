// A sweep's figures as SVG.
import { heatMap, lineFigure, scatterFigure, type AxisSpec, type LineSeries, type Point } from '../figures/index.js';
import type { HeatFigure, LinesFigure, PointsFigure, SweepFigure, SweepSpecification, TableRow } from '../sweep/index.js';
import { chanceLevels, conditionsOf, groupBy, meanOverSeeds, summarize, type MeanOverSeeds, type SummarySeries } from './summary.js';

/** A table that says in numbers what a figure shows. */
export interface FigureNumbers {
  columns: readonly string[];
  rows: readonly (readonly string[])[];
}

export interface DrawnFigure {
  /** Of the SVG file, without its end. */
  name: string;
  title: string;
  svg: string;
  numbers: FigureNumbers;
}

const isAccuracy = ({ measures }: SweepFigure) => measures.every((measure) => measure.endsWith('_acc'));

function verticalAxis(figure: SweepFigure): AxisSpec {
  return { ...figure.y, ...(isAccuracy(figure) && figure.y.scale === 'linear' ? { domain: [0, 1] as const } : {}) };
}

const digits = (value: number) => (Math.abs(value) >= 0.01 ? value.toFixed(4) : value.toPrecision(4));

function meanText({ seeds, mean, low, high }: MeanOverSeeds): string {
  if (seeds === 0) return '';
  return seeds === 1 ? `${digits(mean)} (1 seed)` : `${digits(mean)} [${digits(low)}, ${digits(high)}]`;
}

/** A row for each value of the axis, a column for each series. */
function numbersOf(label: string, series: readonly SummarySeries[]): FigureNumbers {
  const places = [...new Set(series.flatMap(({ means }) => means.map(({ at }) => at)))];
  if (places.every((at) => typeof at === 'number')) places.sort((a, b) => (a as number) - (b as number));
  const seeds = (at: number | string) => Math.max(...series.flatMap(({ means }) => means.filter((mean) => mean.at === at).map((mean) => mean.seeds)));
  const rows = places.map((at) => [String(at), ...series.map(({ means }) => means.filter((mean) => mean.at === at).map(meanText).join('')), String(seeds(at))]);
  return { columns: [label, ...series.map(({ name }) => name), 'seeds'], rows };
}

function describe(figure: SweepFigure, spec: SweepSpecification, across: string): string {
  return `${figure.y.label} against ${across}: mean over seeds with the bootstrap's 95% interval. Sweep ${spec.name}.`;
}

function drawLines(spec: SweepSpecification, figure: LinesFigure, rows: readonly TableRow[]): Omit<DrawnFigure, 'name' | 'title'> {
  const series = summarize(spec, figure, rows);
  const places = [...new Set(series.flatMap(({ means }) => means.map(({ at }) => at)))];
  const categories = places.every((at) => typeof at === 'number') ? undefined : places.map(String);
  const place = (at: number | string) => (categories === undefined ? (at as number) : categories.indexOf(String(at)));
  const points = (means: readonly MeanOverSeeds[]) => means.map(({ at, seeds, mean, low, high }): Point => ({ x: place(at), y: mean, ...(seeds > 1 ? { low, high } : {}) }));
  const lines: LineSeries[] = series.map(({ name, means }) => ({ name, points: points(means), dots: true }));
  const chance = figure.chance ? chanceLevels(figure, rows) : undefined;
  if (chance !== undefined && 'levels' in chance) lines.push({ name: 'chance', points: points(chance.levels), color: 6 });
  const svg = lineFigure({
    title: figure.title,
    description: describe(figure, spec, figure.x.label),
    panelWidth: 620,
    panelHeight: 400,
    panels: [{
      title: figure.title,
      x: categories === undefined ? figure.x : { label: figure.x.label, categories },
      y: verticalAxis(figure),
      series: lines,
      references: chance !== undefined && 'level' in chance ? [{ y: chance.level, name: 'chance' }] : [],
    }],
  });
  return { svg, numbers: numbersOf(figure.x.label, series) };
}

function drawPoints(spec: SweepSpecification, figure: PointsFigure, rows: readonly TableRow[]): Omit<DrawnFigure, 'name' | 'title'> {
  const series = summarize(spec, figure, rows);
  const titles = series[0]!.means.map(({ at }) => String(at));
  const chance = figure.chance ? chanceLevels(figure, rows) : undefined;
  /** Beside one another, so that each can be seen. */
  const offset = (index: number) => 0.2 * (index - (series.length - 1) / 2);
  const svg = scatterFigure({
    title: figure.title,
    description: describe(figure, spec, 'condition'),
    panelWidth: Math.max(480, 110 * titles.length),
    panelHeight: 420,
    panels: [{
      title: figure.title,
      x: { label: '', categories: titles },
      y: verticalAxis(figure),
      series: series.map(({ name, means }, index) => ({
        name, points: means.map(({ seeds, mean, low, high }, at): Point => ({ x: at + offset(index), y: mean, ...(seeds > 1 ? { low, high } : {}) })),
      })),
      references: chance !== undefined && 'level' in chance ? [{ y: chance.level, name: 'chance' }] : [],
    }],
  });
  return { svg, numbers: numbersOf('Condition', series) };
}

/** The map of one condition and measure; the largest row on top. */
function drawHeat(spec: SweepSpecification, figure: HeatFigure, condition: { title: string; rows: TableRow[] }): Omit<DrawnFigure, 'name' | 'title'> {
  const [measure] = figure.measures;
  const across = groupBy(condition.rows, figure.axis).map(([at]) => at);
  const down = groupBy(condition.rows, figure.rows).reverse();
  const values = down.map(([, inRow]) => {
    const cells = new Map(groupBy(inRow, figure.axis));
    return across.map((at) => meanOverSeeds(at, cells.get(at) ?? [], measure!).mean);
  });
  const svg = heatMap({
    title: figure.title,
    description: `${figure.y.label} over ${figure.x.label} and ${figure.rowLabel}, mean over seeds. Sweep ${spec.name}, ${condition.title}.`,
    rows: down.map(([at]) => String(at)), columns: across.map(String), values, rowLabel: figure.rowLabel, columnLabel: figure.x.label, valueLabel: figure.y.label,
    ...(isAccuracy(figure) ? { domain: [0, 1] as const } : {}),
  });
  const numbers = { columns: [`${figure.rowLabel} \\ ${figure.x.label}`, ...across.map(String)], rows: down.map(([at], row) => [String(at), ...values[row]!.map((value) => (Number.isNaN(value) ? '' : digits(value)))]) };
  return { svg, numbers };
}

/** Every figure that some of the rows belong to. @returns SVG files with the numbers they show */
export function drawSweepFigures(spec: SweepSpecification, rows: readonly TableRow[]): DrawnFigure[] {
  return spec.figures.flatMap((figure): DrawnFigure[] => {
    const { name, title } = figure;
    const conditions = conditionsOf(spec, figure, rows);
    if (conditions.length === 0) return [];
    if (figure.kind === 'lines') return [{ name, title, ...drawLines(spec, figure, rows) }];
    if (figure.kind === 'points') return [{ name, title, ...drawPoints(spec, figure, rows) }];
    return conditions.map((condition) => {
      const own = conditions.length === 1 ? { name, title } : { name: `${name}_${condition.name}`, title: `${title}: ${condition.title}` };
      return { ...own, ...drawHeat(spec, figure, condition) };
    });
  });
}
