// The lab page: choose an experiment, set it, run it, watch it, keep it, share it.
import { storedFiles } from '../../runtime/browser-storage.js';
import { EXPERIMENTS, experimentNamed } from '../experiments/index.js';
import { OWN_FILES } from '../page-data.js';
import { RunStore, type StoredRun } from '../stored-run.js';
import { button, element, fill } from './elements.js';
import { whatIsMissing, whyOneThread } from './engine-check.js';
import { ConfigurationForm } from './form.js';
import { keepForOffline } from './offline.js';
import { OwnData } from './own-data.js';
import { RunList } from './run-list.js';
import { RunView } from './run-view.js';
import { runOfFragment, type SharedRun } from './share.js';

const place = (id: string) => document.getElementById(id)!;

/** A name for a run that sorts by time. */
function newRunId(): string {
  const random = crypto.getRandomValues(new Uint8Array(4));
  return `${new Date().toISOString().replaceAll(/[-:.]/g, '')}-${Array.from(random, (byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}

class LabPage {
  readonly #store: RunStore;
  readonly #list: RunList;
  readonly #forms = new Map<string, ConfigurationForm>();
  readonly #data: OwnData;
  readonly #missing: string | undefined;
  #view: RunView | undefined;

  constructor(store: RunStore, data: OwnData, missing: string | undefined) {
    this.#store = store;
    this.#data = data;
    this.#missing = missing;
    this.#list = new RunList(store, {
      open: (run) => void this.#show(run),
      again: (run) => void this.begin(run.experiment, run.config),
      remove: (run) => void this.#remove(run),
    });
    fill(place('runs-place'), this.#list.root);
    fill(place('experiments'), element('legend', {}, 'Experiment'), ...EXPERIMENTS.map((experiment, index) => this.#choiceOf(experiment.name, index === 0)));
    this.choose(EXPERIMENTS[0]!.name);
  }

  get isIdle(): boolean {
    return this.#view === undefined;
  }

  #choiceOf(name: string, isFirst: boolean): HTMLElement {
    const { title, sentence } = experimentNamed(name);
    const radio = element('input', { type: 'radio', name: 'experiment', value: name, checked: isFirst, change: () => this.choose(name) });
    return element('label', { class: 'choice' }, radio, element('span', {}, element('strong', {}, title), element('span', { class: 'hint' }, sentence)));
  }

  /** Shows an experiment's form. */
  choose(name: string): ConfigurationForm {
    const form = this.#forms.get(name) ?? new ConfigurationForm(experimentNamed(name), (config) => void this.begin(name, config));
    this.#forms.set(name, form);
    for (const radio of document.querySelectorAll<HTMLInputElement>('input[name=experiment]')) radio.checked = radio.value === name;
    fill(place('form'), form.root);
    return form;
  }

  /** Starts a run. @param expected what a link says of the same run elsewhere */
  async begin(experiment: string, config: Record<string, unknown>, expected?: SharedRun): Promise<void> {
    if (this.#missing !== undefined) return say(this.#missing);
    const run: StoredRun = { id: newRunId(), experiment, config, created: new Date().toISOString(), state: 'running', seconds: 0, ...(expected === undefined ? {} : { expected: { digest: expected.digest, setting: expected.setting } }) };
    await this.#store.save(run);
    await this.#show(run);
    await this.#list.refresh();
    if (document.documentElement.clientWidth < 900) this.#view?.root.scrollIntoView();
  }

  async #show(run: StoredRun): Promise<void> {
    // What computes goes on before another view takes its place: its run is stopped at its last checkpoint, and says so.
    if (this.#view?.run.id === run.id) return this.#view.root.scrollIntoView();
    const before = this.#view;
    if (before?.isRunning === true && run.state === 'running') await this.#halt(before);
    else if (before?.isRunning === true) return say('A run is under way: stop it, or wait for its end, to open another.');
    before?.dispose();
    say('');
    this.#view = new RunView(this.#store, run, () => void this.#list.refresh(), (name, bytes) => this.#data.keep(name, bytes));
    fill(place('run-place'), this.#view.root);
    await this.#view.open();
  }

  async #halt(view: RunView): Promise<void> {
    view.dispose();
    await this.#store.save({ ...((await this.#store.read(view.run.id)) ?? view.run), state: 'stopped' });
  }

  async #remove(run: StoredRun): Promise<void> {
    if (this.#view?.run.id === run.id) {
      this.#view.dispose();
      this.#view = undefined;
      fill(place('run-place'));
    }
    await this.#store.remove(run.id);
    await this.#list.refresh();
  }

  /** Shows the runs; goes on with one that its tab was closed on. */
  async resume(): Promise<void> {
    await this.#list.refresh();
    const interrupted = (await this.#store.list()).find(({ state }) => state === 'running');
    if (interrupted !== undefined && this.#missing === undefined && this.isIdle) await this.#show(interrupted);
  }

  /** Offers to run what a link carries. */
  offer(shared: SharedRun): void {
    const form = this.choose(shared.experiment);
    form.show(shared.config);
    const start = button('Run it here', () => {
      fill(place('shared'));
      history.replaceState(null, '', location.pathname);
      void this.begin(shared.experiment, form.experiment.resolve(shared.config, 'link'), shared);
    }, { class: 'primary', id: 'run-shared' });
    const digest = element('code', {}, shared.digest.slice(0, 12));
    fill(place('shared'), element('div', { class: 'offer' }, element('p', {}, `This link carries a run of “${form.experiment.title}” whose digest was `, digest, '. Run it, and see whether you get the same bits.'), start));
  }
}

function say(sentence: string): void {
  place('notice').textContent = sentence;
}

/** The run of the address's fragment, if it has one that this page knows. */
async function sharedRun(): Promise<SharedRun | undefined> {
  try {
    const shared = await runOfFragment(location.hash);
    if (shared !== undefined) experimentNamed(shared.experiment).resolve(shared.config, 'link');
    return shared;
  } catch (error) {
    say((error as Error).message);
    return undefined;
  }
}

async function open(): Promise<void> {
  const missing = whatIsMissing();
  if (missing !== undefined) say(missing);
  place('threads').textContent = whyOneThread() ?? '';
  const files = await storedFiles().catch((error: Error) => {
    say(error.message);
    return undefined;
  });
  if (files === undefined) return;
  const data = new OwnData(await storedFiles(OWN_FILES));
  const page = new LabPage(new RunStore(files), data, missing);
  fill(place('data'), data.root);
  await data.refresh();
  const offer = async () => {
    const shared = await sharedRun();
    if (shared !== undefined) page.offer(shared);
  };
  await offer();
  globalThis.addEventListener('hashchange', () => void offer());
  await page.resume();
  document.documentElement.dataset.ready = 'yes';
  await keepForOffline(() => page.isIdle);
}

void open();
