// The panels of one run, or of several that are compared, drawn one at a time so that the page keeps its pace.
import type { Panel } from '../plots.js';
import { element } from './elements.js';
import { PanelView, type NamedBook } from './panel-view.js';

/** Milliseconds between two drawings of the same panel. */
const PACE = 500;

export class PanelBoard {
  readonly root: HTMLElement;
  readonly #views: { view: PanelView; id: string; drawn: number }[];
  readonly #books: () => readonly NamedBook[];
  readonly #dirty = new Set<string>();
  #frame: number | undefined;
  readonly #resized = new ResizeObserver(() => this.touch());

  constructor(panels: readonly Panel[], books: () => readonly NamedBook[]) {
    this.#views = panels.map((panel) => ({ view: new PanelView(panel), id: panel.id, drawn: -Infinity }));
    this.#books = books;
    this.root = element('div', { class: 'panels' }, ...this.#views.map(({ view }) => view.root));
    this.#resized.observe(this.root);
  }

  /** Has panels drawn soon: those of these names, or all. */
  touch(ids: Iterable<string> = this.#views.map(({ id }) => id)): void {
    for (const id of ids) this.#dirty.add(id);
    this.#frame ??= requestAnimationFrame((now) => this.#draw(now));
  }

  /** One panel a frame: the one that waited longest. */
  #draw(now: number): void {
    this.#frame = undefined;
    const due = this.#views.filter(({ id, drawn }) => this.#dirty.has(id) && now - drawn >= PACE).sort((a, b) => a.drawn - b.drawn)[0];
    if (due !== undefined) {
      this.#dirty.delete(due.id);
      due.drawn = now;
      due.view.draw(this.#books());
    }
    if (this.#dirty.size > 0) this.#frame = requestAnimationFrame((next) => this.#draw(next));
  }

  dispose(): void {
    this.#resized.disconnect();
    if (this.#frame !== undefined) cancelAnimationFrame(this.#frame);
  }
}
