// Runs one split-head configuration and turns its events into lines, checkpoints and files.
import type { Core } from '../core/index.js';
import type { DatasetPair } from '../data/index.js';
import {
  planSplitHead, runSplitHead, seedFolder, splitHeadRunId, type RecordContext, type SplitHeadConfig, type SplitHeadEvent, type SplitHeadResult,
} from '../experiments/splithead/index.js';
import { RunWriter } from '../outputs/index.js';
import { loadSplitHeadData } from '../runs/splithead-data.js';
import { localTime, splitHeadRecord } from '../runs/splithead-record.js';
import { VERSION } from '../version.js';
import { chooseBackend, parseBackend, type ChosenBackend } from './backend-choice.js';
import type { CliContext } from './context.js';
import { openChosenCore, parseInterval, parseProfile, type CoreFlags } from './core-options.js';
import { dataSource } from './mnist-folders.js';
import { Progress } from './progress.js';

export interface ExecutionOptions extends CoreFlags {
  backend: string;
  checkpointEvery: string;
  resume?: boolean;
  force?: boolean;
  json?: boolean;
}

/** What --json prints, and the printed summary says. */
export interface Summary {
  run_id: string;
  result_digest: string;
  already_recorded: boolean;
  teacher_init_acc: number;
  teacher_final_acc: number;
  student_init_acc: number;
  student_final_acc: number;
  student_init_aux_loss: number;
  student_final_aux_loss: number;
  profile: string;
  backend: string;
  bits_promised: boolean;
  runtime_seconds: number;
  peak_memory_mb: number | null;
  folder: string;
}

function describeEvent(event: SplitHeadEvent): string | undefined {
  if (event.type !== 'row') return undefined;
  if (event.table === 'epochs') {
    const { phase, epoch, epochs, loss } = event.row;
    const count = (value: number) => String(value).padStart(3, '0');
    return phase === 'teacher'
      ? `[Teacher] epoch ${count(epoch)}/${count(epochs)} | class CE = ${loss.toFixed(6)}`
      : `[Student] epoch ${count(epoch)}/${count(epochs)} | aux MSE = ${loss.toFixed(8)}`;
  }
  if (event.table === 'evaluations') {
    const { model, state, accuracy, classLoss, auxLoss } = event.row;
    const aux = auxLoss === undefined ? '' : ` | aux MSE=${auxLoss.toFixed(8)}`;
    return `[Eval] ${model} ${state.padEnd(7)} | acc=${accuracy.toFixed(6)} | class CE=${classLoss.toFixed(6)}${aux}`;
  }
  if (event.table === 'perturbations') {
    const { timing, target, layer_name, std, weight_delta_rel, bias_delta_rel } = event.row as Record<string, number>;
    return `[Perturb] ${timing} | ${target}.${layer_name} | std=${std} | w_rel=${weight_delta_rel!.toPrecision(6)} | b_rel=${bias_delta_rel!.toPrecision(6)}`;
  }
  return undefined;
}

/** One run under way: its identity, its folder and its words. */
class Execution {
  readonly #context: CliContext;
  readonly #config: SplitHeadConfig;
  readonly #options: ExecutionOptions;
  readonly #core: Core;
  readonly #backend: ChosenBackend;
  readonly #data: DatasetPair;
  readonly #runId: string;
  readonly #writer: RunWriter;
  readonly #progress: Progress;

  constructor(context: CliContext, config: SplitHeadConfig, options: ExecutionOptions, core: Core, backend: ChosenBackend, data: DatasetPair, runId: string) {
    this.#context = context;
    this.#config = config;
    this.#options = options;
    this.#core = core;
    this.#backend = backend;
    this.#data = data;
    this.#runId = runId;
    this.#writer = new RunWriter(context.runtime.files, config.outdir, seedFolder(config.seed), config.append_global);
    this.#progress = new Progress(context);
  }

  get #checkpointPath(): string {
    return `${this.#writer.folder}/checkpoint_${this.#runId}.safetensors`;
  }

  async run(checkpointEvery: number): Promise<Summary> {
    await this.#writer.open();
    const recorded = await this.#writer.find('runs.csv', this.#runId);
    if (recorded !== undefined && this.#options.force !== true) {
      // One is left where a run died between its record and the end.
      await this.#writer.discard(`checkpoint_${this.#runId}`);
      return this.#summarizeRecorded(recorded);
    }
    const started = this.#context.runtime.now();
    const result = await this.#compute(checkpointEvery);
    const seconds = (this.#context.runtime.now() - started) / 1000;
    await this.#record(result, seconds, recorded !== undefined);
    await this.#writer.discard(`checkpoint_${this.#runId}`);
    if (recorded !== undefined && recorded.isolab_result_digest !== result.digest) {
      this.#context.stderr(`the earlier record of ${this.#runId} had another digest: ${recorded.isolab_result_digest}\n`);
    }
    return this.#summarize(result, seconds);
  }

  async #readCheckpoint(): Promise<Uint8Array | undefined> {
    const { files } = this.#context.runtime;
    if ((await files.size(this.#checkpointPath)) !== undefined) return files.read(this.#checkpointPath);
    this.#context.stderr(`--resume: no checkpoint of run ${this.#runId} in ${this.#writer.folder}; starting from the beginning\n`);
    return undefined;
  }

  async #compute(checkpointEvery: number): Promise<SplitHeadResult> {
    const resume = this.#options.resume === true ? await this.#readCheckpoint() : undefined;
    const { placement } = this.#backend;
    const options = {
      runId: this.#runId, checkpointEvery, ...(resume === undefined ? {} : { resume, resumeName: this.#checkpointPath }), ...(placement === undefined ? {} : { placement }),
    };
    let result: SplitHeadResult | undefined;
    try {
      for await (const event of runSplitHead(this.#core, this.#config, this.#data, options)) {
        await this.#show(event);
        if (event.type === 'finished') result = event.result;
      }
    } finally {
      this.#progress.stop();
    }
    return result!;
  }

  async #show(event: SplitHeadEvent): Promise<void> {
    if (event.type === 'started') {
      const { trainSize, testSize, classes, totalSteps, resumedAt } = event;
      const resumed = resumedAt > 0 ? `, resumed after step ${resumedAt}` : '';
      this.#progress.line(`run ${this.#runId}: ${trainSize} training and ${testSize} test images, ${classes} classes, ${totalSteps} steps${resumed}`);
      this.#progress.start(totalSteps, resumedAt, '{bar} {value}/{total} steps | {eta_formatted} left | {note}');
    } else if (event.type === 'progress') {
      this.#progress.update(event.done, `${event.phase} epoch ${event.epoch}/${event.epochs}, loss ${event.loss.toPrecision(4)}`);
    } else if (event.type === 'checkpoint') {
      await this.#context.runtime.files.writeWhole(this.#checkpointPath, event.bytes);
    }
    const line = describeEvent(event);
    if (line !== undefined) this.#progress.line(line);
  }

  async #record(result: SplitHeadResult, seconds: number, replace: boolean): Promise<void> {
    const { runtime } = this.#context;
    const record: RecordContext = {
      runId: this.#runId, timestamp: localTime(new Date()), runtimeSeconds: seconds, program: `isolab ${VERSION}`,
      engine: `${runtime.name} ${runtime.version}`, threads: this.#core.threads,
      backend: this.#backend.name, bitsPromised: this.#backend.bitsPromised,
      profile: this.#core.profile, wasmHash: this.#core.wasmHash, dataHash: this.#data.sha256,
    };
    // Another process may have recorded the same run meanwhile.
    const isRecorded = replace || (await this.#writer.find('runs.csv', this.#runId)) !== undefined;
    await this.#writer.write(splitHeadRecord(this.#config, result, record), isRecorded);
  }

  #summarize(result: SplitHeadResult, seconds: number): Summary {
    const { teacher_init_acc, teacher_final_acc, student_init_acc, student_final_acc, student_init_aux_loss, student_final_aux_loss } = result.metrics;
    const peak = this.#context.runtime.peakMemoryBytes();
    return {
      run_id: this.#runId, result_digest: result.digest, already_recorded: false,
      teacher_init_acc, teacher_final_acc, student_init_acc, student_final_acc, student_init_aux_loss, student_final_aux_loss,
      profile: this.#core.profile, backend: this.#backend.name, bits_promised: this.#backend.bitsPromised, runtime_seconds: seconds, peak_memory_mb: peak === undefined ? null : Math.round(peak / 1e6), folder: this.#writer.folder,
    };
  }

  #summarizeRecorded(row: Record<string, string>): Summary {
    this.#context.stderr(`run ${this.#runId} is already recorded in ${this.#writer.folder}/runs.csv; --force runs it again\n`);
    const value = (column: string) => Number(row[column]);
    return {
      run_id: this.#runId, result_digest: row.isolab_result_digest!, already_recorded: true,
      teacher_init_acc: value('teacher_init_acc'), teacher_final_acc: value('teacher_final_acc'),
      student_init_acc: value('student_init_acc'), student_final_acc: value('student_final_acc'),
      student_init_aux_loss: value('student_init_aux_loss'), student_final_aux_loss: value('student_final_aux_loss'),
      profile: row.isolab_profile!, backend: this.#backend.name, bits_promised: this.#backend.bitsPromised, runtime_seconds: value('runtime_seconds'), peak_memory_mb: null, folder: this.#writer.folder,
    };
  }
}

function printSummary(context: CliContext, summary: Summary): void {
  const move = (from: number, to: number) => `${from.toFixed(4)} -> ${to.toFixed(4)}`;
  const memory = summary.peak_memory_mb === null ? '' : `, peak memory ${summary.peak_memory_mb} MB`;
  const lines = [
    `[Summary] run_id=${summary.run_id} (${summary.profile}${summary.bits_promised ? '' : `, ${summary.backend}: not promised to the bit`})${summary.already_recorded ? ', as recorded' : ''}`,
    `  teacher accuracy  ${move(summary.teacher_init_acc, summary.teacher_final_acc)}`,
    `  student accuracy  ${move(summary.student_init_acc, summary.student_final_acc)}`,
    `  auxiliary MSE     ${summary.student_init_aux_loss.toPrecision(6)} -> ${summary.student_final_aux_loss.toPrecision(6)}`,
    `  result digest     ${summary.result_digest}`,
    `  ${summary.runtime_seconds.toFixed(1)} s${memory}`,
    `[Output] ${summary.folder}: runs.csv, layer_metrics.csv, perturbations.csv, configs.jsonl`,
  ];
  context.stdout(`${lines.join('\n')}\n`);
}

/** Computes and records one configuration, or says that it is recorded already. */
export async function executeSplitHead(context: CliContext, config: SplitHeadConfig, options: ExecutionOptions): Promise<void> {
  const profile = parseProfile(options.profile);
  const checkpointEvery = parseInterval(options.checkpointEvery);
  planSplitHead(config);
  const choice = parseBackend(options.backend);
  const core = await openChosenCore(context, options);
  let summary: Summary;
  try {
    const data = await loadSplitHeadData(dataSource(context), config);
    const backend = await chooseBackend(context, choice, core);
    // The core's runs keep the ids that they had before there were others.
    const elsewhere = backend.bitsPromised ? {} : { backend: backend.name };
    const runId = await splitHeadRunId(config, { profile, wasmHash: core.wasmHash, dataHash: data.sha256, ...elsewhere });
    summary = await new Execution(context, config, options, core, backend, data, runId).run(checkpointEvery);
  } finally {
    await core.close();
  }
  if (options.json === true) context.stdout(`${JSON.stringify(summary)}\n`);
  else printSummary(context, summary);
}
