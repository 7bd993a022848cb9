// The runs of this browser: what each was, what came out, and which of them are laid over each other.
import { textOf } from '../../experiments/configuration.js';
import { experimentNamed } from '../experiments/index.js';
import type { LabExperiment } from '../experiment.js';
import type { RunStore, StoredRun } from '../stored-run.js';
import { button, element, fill } from './elements.js';
import { formatValue } from './fields.js';
import { PanelBoard } from './panel-board.js';
import type { NamedBook } from './panel-view.js';
import { describeSeconds } from './remaining.js';

/** The configuration of no values; of the first preset's, where an experiment needs some. */
function defaultsOf({ resolve, presets }: LabExperiment): Record<string, unknown> {
  try {
    return resolve({}, 'defaults');
  } catch {
    return resolve(presets[0]!.values, 'defaults');
  }
}

/** The values that are not the defaults, as people write them. */
export function differences({ experiment, config }: Pick<StoredRun, 'experiment' | 'config'>): string {
  const found = experimentNamed(experiment);
  const initial = defaultsOf(found);
  const differing = Object.entries(found.fields)
    .filter(([name, type]) => textOf(type).cosmetic !== true && JSON.stringify(config[name]) !== JSON.stringify(initial[name]))
    .map(([name, type]) => `${name} ${formatValue(type, config[name]) || 'none'}`);
  return differing.length === 0 ? 'defaults' : differing.join(', ');
}

/** What the rows' buttons do. */
export interface RunListActions {
  open(run: StoredRun): void;
  again(run: StoredRun): void;
  remove(run: StoredRun): void;
}

export class RunList {
  readonly root: HTMLElement;
  readonly #store: RunStore;
  readonly #actions: RunListActions;
  readonly #chosen = new Set<string>();
  readonly #body = element('tbody');
  readonly #comparison = element('div', { id: 'comparison' });
  readonly #empty = element('p', { class: 'hint' }, 'No run yet.');
  readonly #table: HTMLElement;
  #board: PanelBoard | undefined;
  #runs: StoredRun[] = [];

  constructor(store: RunStore, actions: RunListActions) {
    this.#store = store;
    this.#actions = actions;
    const heads = ['Compare', 'Experiment', 'Configuration', 'Digest', 'Time', 'State', 'Actions'].map((name) => element('th', { scope: 'col' }, name));
    this.#table = element('div', { class: 'scroller', tabindex: 0, role: 'region', 'aria-label': 'Table of runs' }, element('table', { id: 'runs' }, element('thead', {}, element('tr', {}, ...heads)), this.#body));
    this.root = element('section', { 'aria-labelledby': 'runs-title' }, element('h2', { id: 'runs-title' }, 'Runs'), this.#empty, this.#table, this.#comparison);
  }

  async refresh(): Promise<void> {
    this.#runs = await this.#store.list();
    this.#empty.hidden = this.#runs.length > 0;
    this.#table.hidden = this.#runs.length === 0;
    for (const id of this.#chosen) if (!this.#runs.some((run) => run.id === id)) this.#chosen.delete(id);
    fill(this.#body, ...this.#runs.map((run) => this.#rowOf(run)));
    await this.#compare();
  }

  #rowOf(run: StoredRun): HTMLElement {
    const { title } = experimentNamed(run.experiment);
    const what = `${title}, ${run.created.slice(0, 19).replace('T', ' ')}`;
    const toggle = element('input', { type: 'checkbox', 'aria-label': `Compare ${what}`, change: () => void this.#toggle(run.id, toggle.checked) });
    toggle.checked = this.#chosen.has(run.id);
    const { open, again, remove } = this.#actions;
    const act = (text: string, click: (run: StoredRun) => void) => button(text, () => click(run), { 'aria-label': `${text}: ${what}` });
    return element(
      'tr', { 'data-run': run.id }, element('td', {}, toggle), element('td', {}, title), element('td', { class: 'values' }, differences(run)),
      element('td', {}, element('code', {}, run.digest?.slice(0, 12) ?? '')), element('td', {}, describeSeconds(run.seconds)), element('td', {}, run.state),
      element('td', {}, act('Open', open), act('Again', again), act('Remove', remove)),
    );
  }

  async #toggle(id: string, isChosen: boolean): Promise<void> {
    if (isChosen) this.#chosen.add(id);
    else this.#chosen.delete(id);
    await this.#compare();
  }

  /** Lays the chosen runs over each other: those of the first one's experiment. */
  async #compare(): Promise<void> {
    this.#board?.dispose();
    this.#board = undefined;
    const chosen = this.#runs.filter(({ id }) => this.#chosen.has(id)).reverse();
    const same = chosen.filter(({ experiment }) => experiment === chosen[0]!.experiment);
    if (same.length < 2) {
      fill(this.#comparison, chosen.length === 0 ? undefined : element('p', { class: 'hint' }, 'Choose two or more runs of one experiment to lay them over each other.'));
      return;
    }
    const books: NamedBook[] = await Promise.all(same.map(async (run, index) => ({ name: `run ${index + 1}`, book: await this.#store.readPlots(run.id) })));
    const panels = experimentNamed(same[0]!.experiment).panels(same[0]!.config).filter(({ kind }) => kind === 'curves');
    const legend = element('ol', { class: 'legend' }, ...same.map((run, index) => element('li', {}, `run ${index + 1}: ${differences(run)}; digest ${run.digest?.slice(0, 12) ?? 'none yet'}`)));
    const isSame = same.every(({ digest }) => digest !== undefined && digest === same[0]!.digest);
    this.#board = new PanelBoard(panels, () => books);
    fill(this.#comparison, element('h3', {}, 'Compared'), isSame && element('p', { class: 'verdict same' }, '✓ Same bits.'), legend, this.#board.root);
    this.#board.touch();
  }
}
