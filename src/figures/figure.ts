// Panels side by side or in a grid.
import { drawPanel, measurePanel, type Margins, type MeasuredPanel, type Panel } from './panel.js';
import { moved, svgDocument, type FigureText } from './svg.js';

export interface FigureLayout extends FigureText {
  /** Panels in a row. Default: all of them up to three, else as square a grid as possible. */
  columns?: number;
  /** Of one panel with its title, axes and labels, in pixels. Defaults 420 and 300. */
  panelWidth?: number;
  panelHeight?: number;
}

export interface FigureSpec extends FigureLayout {
  /** At least one, in reading order. */
  panels: readonly Panel[];
}

const PADDING = 8;
const SMALLEST = 120;

/** @throws RangeError for a layout that cannot be drawn */
function layoutOf({ panels, columns, panelWidth = 420, panelHeight = 300 }: FigureSpec) {
  if (panels.length === 0) throw new RangeError('figure: expected at least one panel, got none');
  for (const [name, size] of Object.entries({ panelWidth, panelHeight })) {
    if (!(size >= SMALLEST && size <= 10_000)) throw new RangeError(`figure: expected ${name} from ${SMALLEST} to 10000 pixels, got ${size}`);
  }
  const across = columns ?? (panels.length <= 3 ? panels.length : Math.ceil(Math.sqrt(panels.length)));
  if (!Number.isSafeInteger(across) || across < 1) throw new RangeError(`figure: expected columns to be a whole number of at least 1, got ${columns}`);
  return { across: Math.min(across, panels.length), panelWidth, panelHeight };
}

function largest(panels: readonly MeasuredPanel[], side: keyof Margins): number {
  return Math.max(...panels.map(({ margins }) => margins[side]));
}

/** The panel with the margins of its row and its column, so that the plots of a grid stand in line. */
function aligned(all: readonly MeasuredPanel[], index: number, across: number): MeasuredPanel {
  const row = all.filter((_, other) => Math.floor(other / across) === Math.floor(index / across));
  const column = all.filter((_, other) => other % across === index % across);
  const margins = { top: largest(row, 'top'), bottom: largest(row, 'bottom'), left: largest(column, 'left'), right: largest(column, 'right') };
  return { ...all[index]!, margins };
}

/**
 * A figure of panels of any kinds.
 * @returns a whole SVG file
 * @throws RangeError for no panel, a size or number of columns that cannot be, or an axis's domain
 */
export function drawFigure(spec: FigureSpec): string {
  const { across, panelWidth, panelHeight } = layoutOf(spec);
  const alone = spec.panels.map((panel) => measurePanel(panel, panelWidth, panelHeight));
  const leftOf = (index: number) => largest(alone.filter((_, other) => other % across === index % across), 'left');
  const measured = spec.panels.map((panel, index) => measurePanel(panel, panelWidth, panelHeight, leftOf(index)));
  const drawn = measured.map((_, index) => {
    const place = { x: PADDING + (index % across) * panelWidth, y: PADDING + Math.floor(index / across) * panelHeight };
    return moved(place.x, place.y, drawPanel(aligned(measured, index, across), panelWidth, panelHeight));
  });
  const rows = Math.ceil(measured.length / across);
  return svgDocument(spec, across * panelWidth + 2 * PADDING, rows * panelHeight + 2 * PADDING, drawn.join(''));
}
