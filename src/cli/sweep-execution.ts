// The local engine: runs side by side, each in a worker with one thread and one memory.
import { durationText, RemainingTime, runTitle } from '../sweep/index.js';
import type { SweepFolder } from '../runs/sweep-folder.js';
import type { CliContext } from './context.js';
import { forEachLimited } from './job.js';
import { Progress } from './progress.js';
import { mostMemory, requireMemory, requireRoom, type Estimate } from './sweep-estimate.js';
import { distinctRuns, requireData, type PlannedRun, type SweepPlan } from './sweep-plan.js';
import { RunFailure, SweepRunner } from './sweep-run.js';

/** Failures said in full at the end; of more, their number. */
const MOST_FAILURES = 20;

/** All first seeds before the second ones: a sweep that is stopped early has whole curves of a few seeds. */
export function seedBySeed(runs: readonly PlannedRun[], seeds: readonly number[]): PlannedRun[] {
  return seeds.flatMap((seed) => runs.filter(({ run }) => run.config.seed === seed));
}

/** Runs that are not recorded yet, in the order in which they are computed. */
export async function runsLeft(folder: SweepFolder, { runs, spec }: SweepPlan): Promise<PlannedRun[]> {
  const distinct = distinctRuns(runs);
  const states = await folder.states(distinct.map(({ runId }) => runId));
  return seedBySeed(distinct.filter(({ runId }) => states.get(runId) !== 'recorded'), spec.seeds);
}

class LocalExecution {
  readonly #context: CliContext;
  readonly #runner: SweepRunner;
  readonly #estimate: Estimate;
  readonly #left: readonly PlannedRun[];
  readonly #jobs: number;
  readonly #remaining: RemainingTime;
  readonly #progress: Progress;
  readonly #failures: string[] = [];
  #ended = 0;
  #fatal: RunFailure | undefined;

  constructor(context: CliContext, runner: SweepRunner, estimate: Estimate, left: readonly PlannedRun[], jobs: number) {
    this.#context = context;
    this.#runner = runner;
    this.#estimate = estimate;
    this.#left = left;
    this.#jobs = jobs;
    this.#remaining = new RemainingTime(left.map((planned) => this.#expected(planned)), jobs);
    this.#progress = new Progress(context);
  }

  #expected({ run, size }: PlannedRun): number {
    return this.#estimate.seconds(run, size);
  }

  /** @throws Error naming the failures, once all other runs have ended; at once where nothing can be written any more */
  async run(): Promise<void> {
    this.#progress.start(this.#left.length, 0, '{bar} {value}/{total} runs | {note}');
    try {
      await forEachLimited(this.#left, this.#jobs, async (planned) => {
        if (this.#fatal === undefined) await this.#runOne(planned);
      });
    } finally {
      this.#progress.stop();
    }
    if (this.#fatal !== undefined) throw new Error(this.#fatal.message);
    if (this.#failures.length === 0) return;
    for (const failure of this.#failures.slice(0, MOST_FAILURES)) this.#context.stderr(`failed: ${failure}\n`);
    throw new Error(`sweep: expected every run to end, got ${this.#failures.length} failed of ${this.#left.length}; running the sweep again tries them again`);
  }

  async #runOne(planned: PlannedRun): Promise<void> {
    const { run, runId } = planned;
    const expected = this.#expected(planned);
    const title = runTitle(run);
    try {
      const { seconds, resumedAfter, studentAccuracy } = await this.#runner.run(planned, this.#jobs > 1, (share) => {
        this.#remaining.progress(runId, expected, share);
        this.#progress.update(this.#ended, `about ${durationText(this.#remaining.seconds())} left`);
      });
      this.#remaining.ended(runId, expected, resumedAfter === 0 ? seconds : undefined);
      this.#say(`${title}: student ${studentAccuracy.toFixed(4)}, ${seconds.toFixed(1)} s`);
    } catch (error) {
      if (!(error instanceof RunFailure)) throw error;
      if (error.isFatal) this.#fatal = error;
      this.#remaining.ended(runId, expected, undefined);
      this.#failures.push(`${title}: ${error.message}`);
      this.#say(`${title}: failed`);
    }
  }

  #say(what: string): void {
    this.#ended++;
    const left = this.#ended < this.#left.length ? `; about ${durationText(this.#remaining.seconds())} left` : '';
    this.#progress.line(`${this.#ended} of ${this.#left.length} runs: ${what}${left}`);
  }
}

/**
 * Computes what is not recorded yet.
 * @param measure of the machine; asked when there is something to compute
 * @throws UsageError, ConfigurationError or DataError before anything starts
 */
export async function executeLocally(context: CliContext, folder: SweepFolder, plan: SweepPlan, measure: () => Promise<Estimate>, options: { jobs: number; checkpointEvery: number }): Promise<void> {
  requireData(plan);
  requireMemory(plan);
  const left = await runsLeft(folder, plan);
  const distinct = distinctRuns(plan.runs).length;
  if (left.length < distinct) context.stderr(`${distinct - left.length} of ${distinct} runs are recorded already in ${folder.path}\n`);
  if (left.length === 0) return;
  const jobs = Math.min(options.jobs, left.length);
  requireRoom(jobs, mostMemory(left));
  const estimate = await measure();
  const expected = left.reduce((sum, { run, size }) => sum + estimate.seconds(run, size), 0);
  context.stderr(`${left.length} runs, ${jobs} at once: about ${durationText(expected / jobs)}\n`);
  await new LocalExecution(context, new SweepRunner(context, folder, options.checkpointEvery), estimate, left, jobs).run();
}
