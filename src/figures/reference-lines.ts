// Horizontal lines across a panel, such as chance level or zero.
import type { LegendEntry, PlotPlace } from './panel.js';
import { element } from './svg.js';

export interface ReferenceLine {
  y: number;
  /** For the legend. */
  name?: string;
}

const DASHES = ['5 4', '2 3', '9 4', '9 3 2 3'];

function stroke(index: number) {
  return { stroke: '#555555', 'stroke-width': 1.2, 'stroke-dasharray': DASHES[index % DASHES.length]! };
}

/** Markup of the lines; one whose value has no place on the axis is left out. */
export function drawReferences(references: readonly ReferenceLine[], place: PlotPlace): string {
  return references
    .map(({ y }, index) => {
      const height = place.y(y);
      return Number.isFinite(height) ? element('line', { x1: 0, x2: place.width, y1: height, y2: height, ...stroke(index) }) : '';
    })
    .join('');
}

/** Entries of those with a name. */
export function referenceLegend(references: readonly ReferenceLine[]): LegendEntry[] {
  return references.flatMap(({ name }, index) =>
    name === undefined ? [] : [{ name, sample: element('line', { x1: 0, x2: 22, y1: 0, y2: 0, ...stroke(index) }) }]);
}
