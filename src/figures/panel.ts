// What a panel of any kind gives, and the frame around it: title, legend, axes with their ticks and labels.
import { chooseAxis, type Axis, type AxisSpec } from './axis.js';
import { coordinate, element, moved } from './svg.js';
import { drawText, fitText, labelWidth, textWidth, wrapText } from './text.js';

/** Where a panel draws: pixels from the plot's upper left corner; NaN for a value that is missing. */
export interface PlotPlace {
  width: number;
  height: number;
  x(value: number): number;
  y(value: number): number;
}

export interface LegendEntry {
  name: string;
  /** Markup within 0 to 22 pixels across and -6 to 6 down. */
  sample: string;
}

/** One pair of axes and what is drawn on it. */
export interface Panel {
  title: string;
  x: AxisSpec;
  y: AxisSpec;
  /** Values that the axes must hold, where their domain is not given. */
  xValues(): Iterable<number | undefined>;
  yValues(): Iterable<number | undefined>;
  /** Shown when there is more than one. */
  legend: readonly LegendEntry[];
  draw(place: PlotPlace): string;
}

/** Space between a panel's edge and its plot, in pixels. */
export interface Margins {
  top: number;
  right: number;
  bottom: number;
  left: number;
}

/** A panel measured for a size: everything but where its plot ends up. */
export interface MeasuredPanel {
  panel: Panel;
  x: Axis;
  y: Axis;
  titleLines: readonly string[];
  legendRows: readonly (readonly LegendEntry[])[];
  isSlanted: boolean;
  margins: Margins;
  /** Where the axes' labels stand, pixels from the plot: they keep to their own ticks where a neighbour needs more room. */
  labelOffset: { left: number; bottom: number };
}

const TITLE = { size: 13, line: 17 } as const;
const LEGEND = { size: 11, line: 17, sample: 28, gap: 14 } as const;
const TICK = { size: 11, length: 5, gap: 4 } as const;
const AXIS_LABEL = { size: 12, line: 16 } as const;
const SLANT = 35;
/** Bold letters are that much wider. */
const BOLD = 1.08;

function legendWidth(entry: LegendEntry): number {
  return LEGEND.sample + textWidth(entry.name, LEGEND.size) + LEGEND.gap;
}

function arrangeLegend(entries: readonly LegendEntry[], width: number): LegendEntry[][] {
  if (entries.length < 2) return [];
  const rows: LegendEntry[][] = [[]];
  let used = 0;
  for (const entry of entries) {
    const needed = legendWidth(entry);
    if (used > 0 && used + needed - LEGEND.gap > width) {
      rows.push([]);
      used = 0;
    }
    rows.at(-1)!.push(entry);
    used += needed;
  }
  return rows;
}

function widestLabel(axis: Axis): number {
  return Math.max(0, ...axis.ticks.map(({ label }) => (label === undefined ? 0 : labelWidth(label, TICK.size))));
}

/** Whether every label has its place along an axis of that length. */
function labelsFit(axis: Axis, length: number): boolean {
  const labelled = axis.ticks.filter(({ label }) => label !== undefined);
  return labelled.every((tick, index) => {
    const next = labelled[index + 1];
    return next === undefined || (labelWidth(tick.label!, TICK.size) + labelWidth(next.label!, TICK.size)) / 2 + 8 <= (next.at - tick.at) * length;
  });
}

function chooseHorizontalAxis(panel: Panel, length: number): Axis {
  for (let count = Math.max(2, Math.round(length / 65)); ; count--) {
    const axis = chooseAxis(panel.x, panel.xValues(), count);
    if (count <= 2 || panel.x.categories !== undefined || labelsFit(axis, length)) return axis;
  }
}

function slantedHeight(axis: Axis): number {
  return Math.sin((SLANT * Math.PI) / 180) * widestLabel(axis) + TICK.size;
}

/** How far the last label reaches beyond the plot's right edge. */
function overhang(axis: Axis, length: number): number {
  return Math.max(0, ...axis.ticks.map(({ at, label }) => (label === undefined ? 0 : labelWidth(label, TICK.size) / 2 - (1 - at) * length)));
}

/**
 * Measures a panel.
 * @param leastLeft pixels that the panels above and below need left of their plots
 * @throws RangeError for an axis's domain that cannot be
 */
export function measurePanel(panel: Panel, width: number, height: number, leastLeft = 0): MeasuredPanel {
  const y = chooseAxis(panel.y, panel.yValues(), Math.max(2, Math.round((height - 80) / 42)));
  const ownLeft = widestLabel(y) + TICK.length + TICK.gap + (panel.y.label === '' ? 6 : AXIS_LABEL.line + 8);
  const left = Math.max(ownLeft, leastLeft);
  const length = width - left - 14;
  const x = chooseHorizontalAxis(panel, length);
  const isSlanted = panel.x.categories !== undefined && !labelsFit(x, length);
  const titleLines = panel.title === '' ? [] : wrapText(panel.title, length, BOLD * TITLE.size);
  const legendRows = arrangeLegend(panel.legend, length);
  const margins = {
    top: 10 + titleLines.length * TITLE.line + legendRows.length * LEGEND.line,
    right: 14 + (isSlanted ? 0 : Math.max(0, overhang(x, length) - 8)),
    bottom: TICK.length + TICK.gap + (isSlanted ? slantedHeight(x) : TICK.size + 3) + (panel.x.label === '' ? 4 : AXIS_LABEL.line + 6),
    left,
  };
  return { panel, x, y, titleLines, legendRows, isSlanted, margins, labelOffset: { left: ownLeft - 14, bottom: margins.bottom - 6 } };
}

function drawHead({ titleLines, legendRows, margins }: MeasuredPanel, width: number): string {
  const start = 4 + (margins.top - 10 - titleLines.length * TITLE.line - legendRows.length * LEGEND.line);
  const title = titleLines.map((line, index) => drawText(line, { x: margins.left, y: start + 13 + index * TITLE.line, 'font-size': TITLE.size, 'font-weight': 600 }));
  const legend = legendRows.flatMap((row, index) => {
    let x = margins.left;
    const y = start + titleLines.length * TITLE.line + 9 + index * LEGEND.line;
    return row.map((entry) => {
      const name = fitText(entry.name, width - LEGEND.sample, LEGEND.size);
      const drawn = moved(x, y, entry.sample + drawText(name, { x: LEGEND.sample, y: 4, 'font-size': LEGEND.size }));
      x += legendWidth(entry);
      return drawn;
    });
  });
  return [...title, ...legend].join('');
}

const AXIS_LINE = { stroke: '#444444', 'stroke-width': 1, fill: 'none' } as const;
const GRID_LINE = { stroke: '#e6e6e6', 'stroke-width': 1, fill: 'none' } as const;

/** Lines at every labelled tick, behind the data. */
function drawGrid({ x, y }: MeasuredPanel, width: number, height: number): string {
  const across = y.ticks.filter(({ label }) => label !== undefined).map(({ at }) => `M0,${coordinate(height * (1 - at))}h${coordinate(width)}`);
  const down = x.ticks.filter(({ label }) => label !== undefined).map(({ at }) => `M${coordinate(width * at)},0v${coordinate(height)}`);
  return across.length + down.length === 0 ? '' : element('path', { d: [...across, ...down].join(''), ...GRID_LINE });
}

function drawHorizontalAxis({ x, isSlanted, margins, labelOffset }: MeasuredPanel, width: number, height: number): string {
  const marks = x.ticks.map(({ at, label }) => `M${coordinate(width * at)},${coordinate(height)}v${label === undefined ? 3 : TICK.length}`);
  const labels = x.ticks.map(({ at, label }) => {
    if (label === undefined) return '';
    const [left, top] = [width * at, height + TICK.length + TICK.gap + 9];
    if (!isSlanted) return drawText(label, { x: left, y: top, 'text-anchor': 'middle', 'font-size': TICK.size });
    const turn = `translate(${coordinate(left + 4)},${coordinate(top - 3)}) rotate(-${SLANT})`;
    return drawText(label, { transform: turn, 'text-anchor': 'end', 'font-size': TICK.size });
  });
  const name = fitText(x.spec.label, width + margins.left, AXIS_LABEL.size);
  const title = drawText(name, { x: width / 2, y: height + labelOffset.bottom, 'text-anchor': 'middle', 'font-size': AXIS_LABEL.size });
  return element('path', { d: `M0,${coordinate(height)}h${coordinate(width)}${marks.join('')}`, ...AXIS_LINE }) + labels.join('') + title;
}

function drawVerticalAxis({ y, margins, labelOffset }: MeasuredPanel, height: number): string {
  const marks = y.ticks.map(({ at, label }) => `M0,${coordinate(height * (1 - at))}h-${label === undefined ? 3 : TICK.length}`);
  const labels = y.ticks.map(({ at, label }) =>
    label === undefined ? '' : drawText(label, { x: -TICK.length - TICK.gap, y: height * (1 - at) + 4, 'text-anchor': 'end', 'font-size': TICK.size }));
  const name = fitText(y.spec.label, height + margins.top, AXIS_LABEL.size);
  const turn = `translate(${coordinate(-labelOffset.left)},${coordinate(height / 2)}) rotate(-90)`;
  const title = drawText(name, { transform: turn, 'text-anchor': 'middle', 'font-size': AXIS_LABEL.size });
  return element('path', { d: `M0,0v${coordinate(height)}${marks.join('')}`, ...AXIS_LINE }) + labels.join('') + title;
}

/** Half of a line or dot at the edge still shows. */
const BLEED = 4;

/** The panel's data, cut off at the frame by a nested svg, which needs no id as a clip path would. */
function drawData({ panel, x, y }: MeasuredPanel, width: number, height: number): string {
  const place = { width, height, x: (value: number) => width * x.share(value), y: (value: number) => height * (1 - y.share(value)) };
  const box = { x: -BLEED, y: -BLEED, width: width + 2 * BLEED, height: height + 2 * BLEED };
  return element('svg', { ...box, viewBox: [box.x, box.y, box.width, box.height].map(coordinate).join(' ') }, panel.draw(place));
}

/** A whole panel at its upper left corner. */
export function drawPanel(measured: MeasuredPanel, width: number, height: number): string {
  const { margins } = measured;
  const [plotWidth, plotHeight] = [width - margins.left - margins.right, height - margins.top - margins.bottom];
  const plot = drawGrid(measured, plotWidth, plotHeight) + drawData(measured, plotWidth, plotHeight)
    + drawHorizontalAxis(measured, plotWidth, plotHeight) + drawVerticalAxis(measured, plotHeight);
  return drawHead(measured, plotWidth) + moved(margins.left, margins.top, plot);
}
