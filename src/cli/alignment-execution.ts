// Runs the seeds of one alignment configuration, several at once, and turns their events into files and words.
import { openCore, type Profile } from '../core/index.js';
import { loadMnist } from '../data/index.js';
import { alignmentFields, alignmentRunId, requireAuditSize, sharedIdentity, type AlignmentConfig, type AlignmentEvent, type AlignmentResult } from '../experiments/alignment/index.js';
import { AlignmentFolder } from '../runs/alignment-folder.js';
import type { DataPlaces } from '../runs/data-source.js';
import { VERSION } from '../version.js';
import { SeedProgress } from './alignment-progress.js';
import type { CliContext } from './context.js';
import { parseInterval, parseJobs, parseProfile, parseThreads, type CoreFlags } from './core-options.js';
import { forEachLimited, runJob } from './job.js';
import { mnistFolders } from './mnist-folders.js';

export interface AlignmentOptions extends CoreFlags {
  jobs: string;
  checkpointEvery: string;
  json?: boolean;
}

/** What does not differ between the seeds of one command. */
interface Setting {
  profile: Profile;
  wasmHash: string;
  dataHash: string;
  folders: DataPlaces;
}

/** Looks at the data and the build once, and refuses what cannot run before anything is written. */
async function openSetting(context: CliContext, config: AlignmentConfig, profile: Profile): Promise<Setting> {
  const folders = mnistFolders(context, config.data_dir, alignmentFields.data_dir.parse(undefined));
  const data = await loadMnist(context.runtime.files, folders);
  requireAuditSize(config, data.train.count);
  const core = await openCore({ profile, kernels: 'all' });
  await core.close();
  return { profile, wasmHash: core.wasmHash, dataHash: data.sha256, folders };
}

class AlignmentExecution {
  readonly #context: CliContext;
  readonly #config: AlignmentConfig;
  readonly #folder: AlignmentFolder;
  readonly #setting: Setting;
  readonly #threads: number;
  readonly #checkpointEvery: number;
  readonly #progress: SeedProgress;

  constructor(context: CliContext, config: AlignmentConfig, folder: AlignmentFolder, setting: Setting, threads: number, checkpointEvery: number) {
    this.#context = context;
    this.#config = config;
    this.#folder = folder;
    this.#setting = setting;
    this.#threads = threads;
    this.#checkpointEvery = checkpointEvery;
    this.#progress = new SeedProgress(context);
  }

  async run(seeds: readonly number[], jobs: number): Promise<void> {
    try {
      await forEachLimited(seeds, jobs, (seed) => this.#runSeed(seed, jobs > 1));
    } finally {
      this.#progress.stop();
    }
  }

  async #runSeed(seed: number, inWorker: boolean): Promise<void> {
    const { profile, wasmHash, dataHash, folders } = this.#setting;
    const runId = await alignmentRunId(this.#config, seed, { profile, wasmHash, dataHash });
    const options = { runId, checkpointEvery: this.#checkpointEvery, ...(await this.#folder.seed(seed).resumption()) };
    const started = this.#context.runtime.now();
    const job = { experiment: 'alignment', config: this.#config, seed, profile, threads: this.#threads, folders, options } as const;
    for await (const event of runJob(this.#context.runtime, job, inWorker)) await this.#take(seed, runId, event, started);
  }

  async #take(seed: number, runId: string, event: AlignmentEvent, started: number): Promise<void> {
    if (event.type === 'started') await this.#folder.seed(seed).open();
    else if (event.type === 'checkpoint') await this.#folder.seed(seed).writeCheckpoint(event.bytes);
    this.#progress.show(seed, event);
    if (event.type === 'finished') await this.#record(event.result, runId, (this.#context.runtime.now() - started) / 1000);
  }

  async #record(result: AlignmentResult, runId: string, seconds: number): Promise<void> {
    const { runtime } = this.#context;
    const { profile, wasmHash, dataHash } = this.#setting;
    const context = {
      program: `isolab ${VERSION}`, engine: `${runtime.name} ${runtime.version}`, profile, threads: this.#threads, bits_promised: true,
      wasm_sha256: wasmHash, data_sha256: dataHash, run_id: runId, runtime_seconds: seconds,
    };
    await this.#folder.record(this.#config, result, context, new Date().toISOString().replace(/\.\d+/, ''));
  }
}

function printSummary(context: CliContext, folder: AlignmentFolder, perRun: readonly Record<string, number | string>[], overall: Record<string, number | string>): void {
  const number = (value: number | string | undefined, digits: number) => (typeof value === 'number' ? value.toPrecision(digits) : String(value));
  context.stdout('seed  frac cos>0  mean cosine  mean inner   student acc  teacher acc\n');
  for (const row of perRun) {
    const { frac_positive_alignment: fraction, mean_cosine_similarity: cosine, mean_inner_product: inner, student_test_acc: student, teacher_test_acc: teacher } = row;
    const cells = [number(fraction, 4).padEnd(10), number(cosine, 4).padEnd(11), number(inner, 4).padEnd(11), number(student, 4).padEnd(11), number(teacher, 4)];
    context.stdout(`${String(row.seed).padEnd(4)}  ${cells.join('  ')}\n`);
  }
  for (const name of ['frac_positive_alignment', 'mean_cosine_similarity', 'mean_inner_product', 'student_test_acc', 'teacher_test_acc']) {
    context.stdout(`${name}: ${number(overall[name], 6)} (std ${number(overall[`${name}_std`], 4)})\n`);
  }
  context.stdout(`[Output] ${folder.path}: seed_*/metrics.csv, per_run_summary.csv, overall_summary.csv; isolab plot ${folder.path} draws them\n`);
}

/** Computes the seeds that are not recorded yet, then writes both summaries. */
export async function executeAlignment(context: CliContext, config: AlignmentConfig, options: AlignmentOptions): Promise<void> {
  const profile = parseProfile(options.profile);
  const checkpointEvery = parseInterval(options.checkpointEvery);
  const available = context.runtime.availableThreads();
  const mostJobs = parseJobs(options.jobs, available);
  const threadsAsked = options.threads === 'auto' ? undefined : parseThreads(options.threads, available);
  const setting = await openSetting(context, config, profile);
  const folder = new AlignmentFolder(context.runtime.files, config.out_dir);
  await folder.claim({ experiment: 'alignment', profile, wasm_sha256: setting.wasmHash, data_sha256: setting.dataHash, ...sharedIdentity(config) });
  const left: number[] = [];
  for (const seed of config.seeds) {
    const recorded = await folder.recorded(seed);
    if (recorded === undefined) left.push(seed);
    else context.stderr(`seed ${seed}: recorded already, digest ${recorded.isolab.result_digest.slice(0, 12)}\n`);
  }
  const jobs = Math.max(1, Math.min(mostJobs, left.length));
  const threads = threadsAsked ?? Math.max(1, Math.floor(available / jobs));
  await new AlignmentExecution(context, config, folder, setting, threads, checkpointEvery).run(left, jobs);
  const { perRun, overall } = await folder.summarize();
  if (options.json === true) context.stdout(`${JSON.stringify({ folder: folder.path, per_run: perRun, overall })}\n`);
  else printSummary(context, folder, perRun, overall);
}
