// The worker's side of a run in the browser's store: one worker at a time holds it, and writes down where it stands.
import { storedFiles } from '../runtime/browser-storage.js';
import type { WorkerEvent } from './experiment-worker.js';
import type { PlotBook } from './plots.js';
import { RunStore, type StoredRun } from './stored-run.js';

/** Milliseconds that the worker of a closed page is given to let go. */
const PATIENCE = 5000;

/** Holds a name until this worker ends. @throws Error while another tab holds it */
async function hold(name: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const forever = new Promise<never>(() => {});
    navigator.locks
      .request(name, { signal: AbortSignal.timeout(PATIENCE) }, () => {
        resolve();
        return forever;
      })
      .catch(() => reject(new Error('this run goes on in another tab: close it there, or watch it there')));
  });
}

export class KeptRun {
  readonly #store: RunStore;
  readonly #run: StoredRun;
  readonly #plots: PlotBook;
  /** Seconds of earlier sittings, and before a pause. */
  #before: number;
  #began = performance.now();

  private constructor(store: RunStore, run: StoredRun, plots: PlotBook) {
    this.#store = store;
    this.#run = run;
    this.#plots = plots;
    this.#before = run.seconds;
  }

  /** @throws Error when there is no such run, or another tab computes it */
  static async open(id: string): Promise<KeptRun> {
    await hold(`isolab run ${id}`);
    const store = new RunStore(await storedFiles());
    const run = await store.read(id);
    if (run === undefined) throw new Error(`run ${id}: expected a run of this browser's store, got none; start it again`);
    return new KeptRun(store, run, await store.readPlots(id));
  }

  stopClock(): void {
    this.#before += (performance.now() - this.#began) / 1000;
    this.#began = Infinity;
  }

  startClock(): void {
    this.#began = performance.now();
  }

  async #save(changes: Partial<StoredRun>): Promise<void> {
    Object.assign(this.#run, changes, { seconds: this.#before + Math.max(0, performance.now() - this.#began) / 1000 });
    await this.#store.save(this.#run);
  }

  async take(event: WorkerEvent): Promise<void> {
    if (event.type === 'plot') this.#plots.apply(event.panel, event.change);
    else if (event.type === 'opened') {
      await this.#save({ threads: event.threads, setting: { profile: event.profile, wasmHash: event.wasmHash, dataHash: '' } });
    } else if (event.type === 'checkpoint') {
      await this.#store.savePlots(this.#run.id, this.#plots);
      await this.#save({});
    } else if (event.type === 'finished') {
      await this.#store.savePlots(this.#run.id, this.#plots);
      await this.#save({ state: 'finished', digest: event.digest, figures: event.figures, setting: { ...this.#run.setting!, dataHash: event.dataHash } });
    }
  }

  async fail(error: string): Promise<void> {
    await this.#save({ state: 'failed', error });
  }
}
