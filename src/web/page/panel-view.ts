// A panel of a run on the page: its plot or its images, and its last values in words.
import type { Curve, ImageStrip, Panel, PlotBook } from '../plots.js';
import { CurvePlot } from './curve-plot.js';
import { columnsOf, type NamedCurve } from './plot-svg.js';
import { element, fill } from './elements.js';

const SIDE = 28;

/** A book of plots under the name that sets it apart from others in the same panel; none where it is alone. */
export interface NamedBook {
  name: string | undefined;
  book: PlotBook;
}

function imageOf(pixels: readonly number[]): HTMLCanvasElement {
  const canvas = element('canvas', { width: SIDE, height: SIDE, 'aria-hidden': 'true' });
  const context = canvas.getContext('2d')!;
  const image = context.createImageData(SIDE, SIDE);
  pixels.forEach((value, place) => image.data.set([value, value, value, 255], 4 * place));
  context.putImageData(image, 0, 0);
  return canvas;
}

function stripOf({ pixels, captions, right }: ImageStrip): HTMLElement[] {
  return Array.from({ length: pixels.length / (SIDE * SIDE) }, (_, index) => {
    const image = imageOf(pixels.slice(index * SIDE * SIDE, (index + 1) * SIDE * SIDE));
    const caption = captions[index];
    if (caption === undefined) return element('span', { class: 'image' }, image);
    // A sign beside the colour: not everyone tells colours apart.
    return element('span', { class: right[index] ? 'image right' : 'image wrong' }, image, element('span', {}, `${caption} ${right[index] ? '✓' : '✗'}`));
  });
}

const inWords = (value: number) => (Number.isNaN(value) ? 'none' : String(Number(value.toPrecision(4))));

function lastOf({ name, curve }: NamedCurve): string {
  const curveEnd = (curve as Curve).y.at(-1);
  return curveEnd === undefined ? '' : `${name} ${inWords(curveEnd)}`;
}

export class PanelView {
  readonly root: HTMLElement;
  readonly #panel: Panel;
  readonly #body: HTMLElement;
  readonly #words = element('p', { class: 'hint' });
  readonly #plot: CurvePlot | undefined;
  #shownStrip: ImageStrip | undefined;

  constructor(panel: Panel) {
    this.#panel = panel;
    const isImages = panel.kind === 'images';
    this.#body = element('div', isImages ? { class: 'strip' } : { class: 'plot', role: 'img', 'aria-label': panel.description });
    this.root = element('figure', { class: 'panel', id: `panel-${panel.id.replaceAll(' ', '-')}` }, element('figcaption', {}, panel.title), this.#body, this.#words);
    if (!isImages) this.#plot = new CurvePlot(this.#body, panel);
  }

  /** Shows what some runs have for this panel; nothing where none has anything. */
  draw(books: readonly NamedBook[]): void {
    const curves = books.flatMap(({ name, book }) =>
      [...(book.curves.get(this.#panel.id) ?? [])].map(([series, curve]) => ({ name: name === undefined ? series : `${name}: ${series}`, curve })));
    const picture = books[0]?.book.pictures.get(this.#panel.id);
    this.root.hidden = curves.length === 0 && picture === undefined;
    if (this.root.hidden) return;
    if (picture?.kind === 'images') this.#drawStrip(picture);
    else this.#plot?.draw(columnsOf(this.#panel, curves, picture));
    if (picture === undefined) this.#say(curves.map(lastOf).filter((words) => words !== '').join(' · '));
    else if (picture.kind !== 'images') this.#say(picture.note);
  }

  #drawStrip(strip: ImageStrip): void {
    if (strip === this.#shownStrip) return;
    this.#shownStrip = strip;
    fill(this.#body, ...stripOf(strip));
    const correct = strip.right.filter(Boolean).length;
    this.#say(strip.right.length === 0 ? this.#panel.description : `${correct} of ${strip.right.length} right`);
  }

  #say(words: string): void {
    if (this.#words.textContent !== words) this.#words.textContent = words;
  }
}
