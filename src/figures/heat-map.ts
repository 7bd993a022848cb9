// A table of values as colours, with the values in the cells.
import { chooseAxis, isDrawable, type Axis } from './axis.js';
import { sequentialColor, textColorOn } from './palette.js';
import { coordinate, element, moved, svgDocument, type FigureText } from './svg.js';
import { drawText, fitText, labelWidth, textWidth } from './text.js';

export interface HeatMapSpec extends FigureText {
  rows: readonly string[];
  columns: readonly string[];
  /** [rows, columns]; NaN for a missing cell, which is hatched. */
  values: readonly (readonly number[])[];
  rowLabel?: string;
  columnLabel?: string;
  /** Quantity and unit, beside the colour bar. */
  valueLabel: string;
  /** Decimals printed in the cells. Default 2. */
  digits?: number;
  /** Values of the first and last colour; default the smallest and the largest. Values beyond take those colours. */
  domain?: readonly [lower: number, upper: number];
}

/** Everything's place, in pixels. */
interface Layout {
  left: number;
  top: number;
  cellWidth: number;
  cellHeight: number;
  width: number;
  height: number;
  isSlanted: boolean;
  lower: number;
}

const SIZE = 11;
const SLANT = 35;
const PADDING = 12;
const BAR = { gap: 22, width: 14, steps: 64 } as const;

/** @throws RangeError for values that are not [rows, columns], or digits that cannot be */
function check({ rows, columns, values, digits = 2 }: HeatMapSpec): void {
  const wrong = values.findIndex((row) => row.length !== columns.length);
  if (rows.length === 0 || columns.length === 0) throw new RangeError(`heatMap: expected at least one row and one column, got ${rows.length} x ${columns.length}`);
  if (values.length !== rows.length) throw new RangeError(`heatMap: expected ${rows.length} rows of values, got ${values.length}`);
  if (wrong >= 0) throw new RangeError(`heatMap: expected ${columns.length} values in row "${rows[wrong]}", got ${values[wrong]!.length}`);
  if (!Number.isSafeInteger(digits) || digits < 0 || digits > 10) throw new RangeError(`heatMap: expected digits to be a whole number from 0 to 10, got ${digits}`);
}

function printed(value: number, digits: number): string {
  const isHuge = Math.abs(value) >= 1e6;
  return (isHuge ? value.toExponential(1) : value.toFixed(digits)).replace(/^-(?=[0.]*$)/, '').replace('-', '−');
}

function colorAxis({ valueLabel, domain, values }: HeatMapSpec, height: number): Axis {
  const spec = { label: valueLabel };
  const count = Math.max(2, Math.round(height / 26));
  if (domain !== undefined) return chooseAxis({ ...spec, domain }, [], count);
  const present = values.flat().filter((value) => isDrawable(value));
  const ends = [present.reduce((a, b) => Math.min(a, b), Infinity), present.reduce((a, b) => Math.max(a, b), -Infinity)] as const;
  // Exactly the values' own ends where they differ: rounded ends would waste colours.
  return ends[0] < ends[1] ? chooseAxis({ ...spec, domain: ends }, [], count) : chooseAxis(spec, present, count);
}

function widest(texts: readonly string[]): number {
  return Math.max(...texts.map((text) => textWidth(text, SIZE)));
}

function layOut(spec: HeatMapSpec): Layout {
  const texts = spec.values.flat().map((value) => (isDrawable(value) ? printed(value, spec.digits ?? 2) : ''));
  const cellWidth = Math.max(46, widest(texts) + 14);
  const cellHeight = 30;
  const isSlanted = widest(spec.columns) > cellWidth - 6;
  const rise = isSlanted ? Math.sin((SLANT * Math.PI) / 180) * widest(spec.columns) + SIZE : SIZE + 4;
  return {
    left: PADDING + (spec.rowLabel === undefined ? 0 : 20) + widest(spec.rows) + 8,
    top: PADDING,
    cellWidth,
    cellHeight,
    width: cellWidth * spec.columns.length,
    height: cellHeight * spec.rows.length,
    isSlanted,
    lower: 6 + rise + (spec.columnLabel === undefined ? 0 : 22) + PADDING,
  };
}

/** Slanting lines every 7 pixels, from edge to edge of a cell of that size. */
function hatch(width: number, height: number): string {
  let d = '';
  for (let sum = 7; sum < width + height; sum += 7) {
    const [x1, x2] = [Math.max(0, sum - height), Math.min(width, sum)];
    d += `M${coordinate(x1)},${coordinate(sum - x1)}L${coordinate(x2)},${coordinate(sum - x2)}`;
  }
  return element('path', { d, stroke: '#b0b0b0', 'stroke-width': 1, fill: 'none' });
}

function drawCell(value: number, axis: Axis, { cellWidth, cellHeight }: Layout, digits: number): string {
  const box = { width: cellWidth, height: cellHeight, stroke: '#ffffff', 'stroke-width': 1 };
  if (!isDrawable(value)) return element('rect', { ...box, fill: '#f4f4f4' }) + hatch(cellWidth, cellHeight);
  const share = axis.share(value);
  const text = { x: cellWidth / 2, y: cellHeight / 2 + 4, 'text-anchor': 'middle', 'font-size': SIZE, fill: textColorOn(share) };
  return element('rect', { ...box, fill: sequentialColor(share) }) + drawText(printed(value, digits), text);
}

function drawCells({ values, digits = 2 }: HeatMapSpec, axis: Axis, layout: Layout): string {
  const cells = values.flatMap((row, i) => row.map((value, j) => moved(j * layout.cellWidth, i * layout.cellHeight, drawCell(value, axis, layout, digits))));
  return cells.join('');
}

function drawNames({ rows, columns, rowLabel, columnLabel }: HeatMapSpec, { left, cellWidth, cellHeight, width, height, isSlanted, lower }: Layout): string {
  const rowNames = rows.map((name, i) => drawText(name, { x: -8, y: (i + 0.5) * cellHeight + 4, 'text-anchor': 'end', 'font-size': SIZE }));
  const columnNames = columns.map((name, j) => {
    const middle = (j + 0.5) * cellWidth;
    if (!isSlanted) return drawText(name, { x: middle, y: height + 16, 'text-anchor': 'middle', 'font-size': SIZE });
    return drawText(name, { transform: `translate(${coordinate(middle + 4)},${coordinate(height + 14)}) rotate(-${SLANT})`, 'text-anchor': 'end', 'font-size': SIZE });
  });
  const across = columnLabel === undefined ? '' : drawText(fitText(columnLabel, width + left), { x: width / 2, y: height + lower - PADDING, 'text-anchor': 'middle' });
  const turn = `translate(${coordinate(PADDING + 8 - left)},${coordinate(height / 2)}) rotate(-90)`;
  const down = rowLabel === undefined ? '' : drawText(fitText(rowLabel, height + lower), { transform: turn, 'text-anchor': 'middle' });
  return [...rowNames, ...columnNames, across, down].join('');
}

function drawBar(axis: Axis, height: number): string {
  const step = height / BAR.steps;
  const colors = Array.from({ length: BAR.steps }, (_, i) =>
    // Each a little over the next, or a viewer's rounding leaves hair lines.
    element('rect', { y: height - (i + 1) * step, width: BAR.width, height: step + (i === 0 ? 0 : 0.5), fill: sequentialColor((i + 0.5) / BAR.steps) }));
  const ticks = axis.ticks.map(({ at, label }) => element('path', { d: `M${BAR.width},${coordinate(height * (1 - at))}h4`, stroke: '#444444' })
    + drawText(label!, { x: BAR.width + 8, y: height * (1 - at) + 4, 'font-size': SIZE }));
  return colors.join('') + ticks.join('');
}

/**
 * A table as colours.
 * @returns a whole SVG file
 * @throws RangeError for values that are not [rows, columns], a domain or digits that cannot be
 */
export function heatMap(spec: HeatMapSpec): string {
  check(spec);
  const layout = layOut(spec);
  const { left, top, width, height, lower } = layout;
  const barHeight = Math.max(height, 90);
  const axis = colorAxis(spec, barHeight);
  const ticks = Math.max(0, ...axis.ticks.map(({ label }) => labelWidth(label!, SIZE)));
  const nameAt = BAR.width + 8 + ticks + 20;
  const turn = `translate(${coordinate(nameAt)},${coordinate(barHeight / 2)}) rotate(-90)`;
  const name = drawText(fitText(spec.valueLabel, barHeight + 2 * PADDING), { transform: turn, 'text-anchor': 'middle' });
  const plot = drawCells(spec, axis, layout) + drawNames(spec, layout) + moved(width + BAR.gap, 0, drawBar(axis, barHeight) + name);
  const whole = { width: left + width + BAR.gap + nameAt + PADDING, height: top + Math.max(height + lower, barHeight + PADDING) };
  return svgDocument(spec, whole.width, whole.height, moved(left, top, plot));
}
