// One run of a sweep: computed, checkpointed, recorded; a failure is recorded too. Both engines go through here.
import { layerMetricRows, perturbationRows, type RecordContext, type SplitHeadResult } from '../experiments/splithead/index.js';
import type { SweepFolder } from '../runs/sweep-folder.js';
import { sweepRecord } from '../sweep/index.js';
import { VERSION } from '../version.js';
import type { CliContext } from './context.js';
import { runJob } from './job.js';
import type { PlannedRun } from './sweep-plan.js';

export interface EndedRun {
  seconds: number;
  /** Steps that an earlier attempt had done. */
  resumedAfter: number;
  studentAccuracy: number;
}

/** What ended a run without a record. `isFatal`: nothing more can be written. */
export class RunFailure extends Error {
  readonly isFatal: boolean;

  constructor(message: string, isFatal: boolean) {
    super(message);
    this.isFatal = isFatal;
  }
}

export class SweepRunner {
  readonly #context: CliContext;
  readonly #folder: SweepFolder;
  readonly #checkpointEvery: number;

  constructor(context: CliContext, folder: SweepFolder, checkpointEvery: number) {
    this.#context = context;
    this.#folder = folder;
    this.#checkpointEvery = checkpointEvery;
  }

  /**
   * Computes a run from its last checkpoint, or from the beginning, and records it.
   * @param inWorker compute it in a worker with a memory of its own
   * @param progress is told the share of steps done, 0 to 1
   * @throws RunFailure once the failure is in the run's folder
   */
  async run(planned: PlannedRun, inWorker: boolean, progress: (share: number) => void = () => {}): Promise<EndedRun> {
    const { runId } = planned;
    try {
      await this.#folder.run(runId).open();
    } catch (error) {
      throw new RunFailure((error as Error).message, true);
    }
    try {
      return await this.#compute(planned, inWorker, progress);
    } catch (error) {
      const { message } = error as Error;
      const isWritten = await this.#folder.writeFailure(runId, message).then(() => true, () => false);
      throw new RunFailure(message, !isWritten);
    }
  }

  async #compute(planned: PlannedRun, inWorker: boolean, progress: (share: number) => void): Promise<EndedRun> {
    const { run, runId, setting, folders } = planned;
    const { runtime } = this.#context;
    const folder = this.#folder.run(runId);
    const options = { runId, checkpointEvery: this.#checkpointEvery, ...(await folder.resumption()) };
    const job = { experiment: 'splithead', config: run.config, profile: setting.profile, threads: 1, folders, options } as const;
    const started = runtime.now();
    let resumedAfter = 0;
    let result: SplitHeadResult | undefined;
    for await (const event of runJob(runtime, job, inWorker)) {
      if (event.type === 'started') resumedAfter = event.resumedAt;
      else if (event.type === 'progress') progress(event.done / event.totalSteps);
      else if (event.type === 'checkpoint') await folder.writeCheckpoint(event.bytes);
      else if (event.type === 'finished') result = event.result;
    }
    const seconds = (runtime.now() - started) / 1000;
    await this.#record(planned, result!, seconds, resumedAfter);
    return { seconds, resumedAfter, studentAccuracy: result!.metrics.student_final_acc };
  }

  async #record({ run, runId, setting }: PlannedRun, result: SplitHeadResult, seconds: number, resumedAfter: number): Promise<void> {
    const { runtime } = this.#context;
    const [program, engine] = [`isolab ${VERSION}`, `${runtime.name} ${runtime.version}`];
    const context: RecordContext = { ...setting, runId, timestamp: '', runtimeSeconds: seconds, program, engine, threads: 1, backend: 'core', bitsPromised: true };
    const tables = { 'layer_metrics.csv': layerMetricRows(run.config, result, runId), 'perturbations.csv': perturbationRows(run.config, result, runId) };
    await this.#folder.write(sweepRecord(run.config, result, context), { seconds, resumed_after: resumedAfter, program, engine }, tables);
  }
}
