// One run on the page: how far it is, what it shows, what came out, and what its reader may do with it.
import { experimentNamed } from '../experiments/index.js';
import type { WorkerEvent } from '../experiment-worker.js';
import { PlotBook } from '../plots.js';
import { RunningExperiment } from '../run-in-worker.js';
import type { RunStore, StoredRun } from '../stored-run.js';
import { element, fill } from './elements.js';
import { PanelBoard } from './panel-board.js';
import { describeRemaining, describeSeconds, RemainingTime } from './remaining.js';
import { resultActions, resultSummary, type KeepFile } from './run-result.js';
import { SentenceBox } from './sentence-box.js';

export class RunView {
  readonly root: HTMLElement;
  readonly #store: RunStore;
  readonly #changed: () => void;
  readonly #keep: KeepFile;
  run: StoredRun;
  #book = new PlotBook();
  #board: PanelBoard | undefined;
  #box: SentenceBox | undefined;
  #running: RunningExperiment | undefined;
  #isPaused = false;
  #total = 0;
  #done = 0;
  #worked = 0;
  #since = 0;
  #remaining = new RemainingTime();
  readonly #status = element('p', { class: 'status', role: 'status' });
  readonly #progress = element('progress', { 'aria-label': 'Progress of the run', max: 1, value: 0 });
  readonly #note = element('p', { class: 'hint' });
  readonly #controls = element('div', { class: 'actions' });
  readonly #result = element('div', { class: 'result' });
  readonly #asking = element('div');
  readonly #lines = element('ol', { class: 'lines' });
  readonly #panels = element('div');

  /**
   * @param changed called when what the store says of the run has changed
   * @param keep for files of the run that other experiments can read
   */
  constructor(store: RunStore, run: StoredRun, changed: () => void, keep: KeepFile) {
    this.#keep = keep;
    this.#store = store;
    this.run = run;
    this.#changed = changed;
    const log = element('details', {}, element('summary', {}, 'What it said'), this.#lines);
    this.root = element('section', { class: 'run', 'aria-labelledby': 'run-title' }, element('h2', { id: 'run-title' }, experimentNamed(run.experiment).title), this.#status, this.#progress, this.#note, this.#result, this.#asking, this.#controls, this.#panels, log);
  }

  get isRunning(): boolean {
    return this.#running !== undefined;
  }

  /** Shows what the store has of it; and computes, where it is to go on. */
  async open(): Promise<void> {
    this.#book = await this.#store.readPlots(this.run.id);
    this.#board = new PanelBoard(experimentNamed(this.run.experiment).panels(this.run.config), () => [{ name: undefined, book: this.#book }]);
    fill(this.#panels, this.#board.root);
    this.#board.touch();
    this.#show();
    if (this.run.state === 'running') void this.compute();
  }

  /** Begins, or goes on from the last checkpoint, until the end. */
  async compute(): Promise<void> {
    this.run = { ...this.run, state: 'running' };
    delete this.run.error;
    await this.#store.save(this.run);
    this.#book = await this.#store.readPlots(this.run.id);
    this.#remaining = new RemainingTime();
    this.#isPaused = false;
    const running = new RunningExperiment({ experiment: this.run.experiment, config: this.run.config, address: location.href.split('#')[0]!, keep: this.run.id });
    this.#running = running;
    [this.#worked, this.#since] = [this.run.seconds, performance.now()];
    this.#status.textContent = 'Opening the core and the data …';
    this.#showControls();
    try {
      for await (const events of running.batches()) this.#take(events);
    } catch (error) {
      this.run.error = (error as Error).message;
    } finally {
      if (this.#running === running) {
        running.stop();
        this.#running = undefined;
        await this.#reread();
      }
    }
  }

  async #reread(): Promise<void> {
    const { error } = this.run;
    this.run = (await this.#store.read(this.run.id)) ?? this.run;
    if (error !== undefined) this.run = { ...this.run, error, state: this.run.state === 'finished' ? 'finished' : 'failed' };
    this.#show();
    this.#changed();
  }

  #take(events: readonly WorkerEvent[]): void {
    const panels = new Set<string>();
    for (const event of events) {
      if (event.type === 'plot') {
        this.#book.apply(event.panel, event.change);
        panels.add(event.panel);
      } else this.#takeWords(event);
    }
    if (panels.size > 0) this.#board?.touch(panels);
    this.#showProgress();
  }

  #takeWords(event: Exclude<WorkerEvent, { type: 'plot' }>): void {
    if (event.type === 'opened') {
      const threads = `${event.threads} ${event.threads === 1 ? 'thread' : 'threads'}`;
      this.#say(`${event.profile}, ${threads}${event.threadsNote === undefined ? '' : `: ${event.threadsNote}`}`);
    } else if (event.type === 'started') {
      [this.#total, this.#done] = [event.total, event.done];
      this.#remaining = new RemainingTime();
      this.#say(event.done > 0 ? `${event.title}; goes on where it was` : event.title);
    } else if (event.type === 'progress') {
      this.#done = event.done;
      this.#note.textContent = event.note;
    } else if (event.type === 'line') this.#say(event.text);
  }

  #say(text: string): void {
    this.#lines.append(element('li', {}, text));
    if (this.#lines.childElementCount > 200) this.#lines.firstElementChild!.remove();
  }

  get #seconds(): number {
    return this.#worked + (this.#isPaused ? 0 : (performance.now() - this.#since) / 1000);
  }

  #showProgress(): void {
    if (this.#total === 0) return;
    this.#progress.value = Math.min(1, this.#done / this.#total);
    this.#remaining.add(this.#seconds, this.#done);
    const left = describeRemaining(this.#remaining.estimate(this.#total - this.#done));
    const words = [`${Math.floor((100 * this.#done) / this.#total)}%`, describeSeconds(this.#seconds), left].filter((text) => text !== '');
    this.#status.textContent = `${this.#isPaused ? 'Paused' : 'Running'}: ${words.join(', ')}`;
  }

  #pause(isPaused: boolean): void {
    this.#worked = this.#seconds;
    this.#since = performance.now();
    this.#isPaused = isPaused;
    this.#remaining = new RemainingTime();
    this.#running?.pause(isPaused);
    this.#showProgress();
    this.#showControls();
  }

  async #stop(): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    running?.stop();
    this.run = { ...((await this.#store.read(this.run.id)) ?? this.run), state: 'stopped', seconds: this.#seconds };
    await this.#store.save(this.run);
    this.#show();
    this.#changed();
  }

  #show(): void {
    const { state, error, seconds } = this.run;
    const words = { running: 'Waiting', stopped: `Stopped after ${describeSeconds(seconds)}`, failed: 'It could not be carried out', finished: `Finished in ${describeSeconds(seconds)}` };
    if (!this.isRunning) this.#status.textContent = words[state];
    this.#progress.hidden = state === 'finished' || state === 'failed';
    this.#note.textContent = '';
    if (error !== undefined && state === 'failed') fill(this.#result, element('p', { class: 'error', role: 'alert' }, error));
    else fill(this.#result, ...resultSummary(this.run));
    if (state === 'finished' && experimentNamed(this.run.experiment).translates === true) this.#offerSentences();
    this.#showControls();
  }

  #offerSentences(): void {
    if (this.#box !== undefined) return;
    this.#box = new SentenceBox(this.run.id);
    fill(this.#asking, this.#box.root);
  }

  #showControls(): void {
    const act = (text: string, id: string, click: () => void) => element('button', { type: 'button', id, click }, text);
    if (this.isRunning) {
      fill(this.#result);
      this.#progress.hidden = false;
      const pause = this.#isPaused ? act('Go on', 'go-on', () => this.#pause(false)) : act('Pause', 'pause', () => this.#pause(true));
      fill(this.#controls, pause, act('Stop', 'stop', () => void this.#stop()));
    } else if (this.run.state === 'finished') fill(this.#controls, ...resultActions(this.#store, this.run, this.#keep));
    else fill(this.#controls, act('Go on', 'go-on', () => void this.compute()));
  }

  /** Ends the view, and the computing with it; the store still says that it is to go on. */
  dispose(): void {
    this.#running?.stop();
    this.#running = undefined;
    this.#board?.dispose();
    this.#box?.dispose();
  }
}
