// A plot in an element, drawn anew from what a panel shows, and its legend.
import type { Panel } from '../plots.js';
import { element, fill } from './elements.js';
import { drawPlot, seriesClass, type Column } from './plot-svg.js';

export class CurvePlot {
  readonly #target: HTMLElement;
  readonly #panel: Panel;
  readonly #picture = element('div');
  readonly #legend = element('ul', { class: 'series' });
  #named = '';

  constructor(target: HTMLElement, panel: Panel) {
    this.#target = target;
    this.#panel = panel;
    fill(target, this.#picture, this.#legend);
  }

  draw(columns: readonly Column[]): void {
    const width = Math.max(240, this.#target.clientWidth);
    // Names are escaped where the text is made; the page's rules let no text become a script.
    this.#picture.innerHTML = drawPlot(this.#panel, columns, width, this.#panel.kind === 'histogram' ? 180 : 240);
    const named = columns.map(({ name }) => name).join('\n');
    if (named === this.#named) return;
    this.#named = named;
    fill(this.#legend, ...columns.map(({ name }, index) => element('li', { class: seriesClass(index) }, element('span', {}, name))));
  }
}
