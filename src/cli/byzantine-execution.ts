// Runs Byzantine configurations, several at once, and turns their events into files and words.
import { openCore, type Profile } from '../core/index.js';
import {
  byzantineFields, byzantineRunId, dataHashOf, gridRow, type ByzantineConfig, type ByzantineEvent, type GridRow, type RoundRow,
} from '../experiments/byzantine/index.js';
import { loadByzantineData } from '../runs/byzantine-data.js';
import { ByzantineFolder, writeGrid, type ByzantineRecord } from '../runs/byzantine-folder.js';
import type { DataPlaces } from '../runs/data-source.js';
import type { CliContext } from './context.js';
import { parseJobs, parseProfile, parseThreads, type CoreFlags } from './core-options.js';
import { forEachLimited, runJob } from './job.js';
import { mnistFolders } from './mnist-folders.js';
import { UsageError } from './usage-error.js';

export interface ByzantineOptions extends CoreFlags {
  jobs: string;
  checkpointEvery: string;
  json?: boolean;
}

/** A configuration with what names it. */
interface Planned {
  config: ByzantineConfig;
  runId: string;
  setting: { profile: Profile; wasmHash: string; dataHash: string };
  folders: DataPlaces;
}

/** Looks at every dataset once, and names the runs. */
async function plan(context: CliContext, configs: readonly ByzantineConfig[], profile: Profile): Promise<Planned[]> {
  const core = await openCore({ profile, kernels: 'all' });
  const hashes = new Map<string, string>();
  try {
    const planned: Planned[] = [];
    for (const config of configs) {
      const folders = mnistFolders(context, config.data_dir, byzantineFields.data_dir.parse(undefined));
      const { dataset, emnist_split, validation_file, validation_fraction, data_seed, data_dir } = config;
      const key = JSON.stringify([dataset, emnist_split, validation_file, validation_fraction, data_seed, data_dir]);
      if (!hashes.has(key)) hashes.set(key, dataHashOf(await loadByzantineData(core, context.runtime.files, config, folders)));
      const setting = { profile, wasmHash: core.wasmHash, dataHash: hashes.get(key)! };
      planned.push({ config, runId: await byzantineRunId(config, setting), setting, folders });
    }
    return planned;
  } finally {
    await core.close();
  }
}

const title = ({ method, aggregator, pre, attack, seed }: ByzantineConfig) => `${method} ${aggregator}${pre === '' ? '' : ` after ${pre}`} under ${attack}, seed ${seed}`;

function describeStart({ trainSize, dimension, tableBytes, resumedAt }: Extract<ByzantineEvent, { type: 'started' }>): string {
  const table = tableBytes === 0 ? '' : `, SAGA's table ${(tableBytes / 1e6).toFixed(1)} MB`;
  return `${trainSize} samples, ${dimension} parameters${table}${resumedAt > 0 ? `, goes on after step ${resumedAt}` : ''}`;
}

/** The notebook's line of a round. */
function describeRound({ rounds, display_interval }: ByzantineConfig, row: RoundRow): string {
  const { round, train_loss, train_accuracy, validation_loss, validation_accuracy, variance } = row;
  const spread = Number.isNaN(variance) ? '' : ` var=${variance.toExponential(2)}`;
  return `[${round}/${rounds}](interval: ${display_interval}) train: loss=${train_loss.toFixed(4)} acc=${train_accuracy.toFixed(4)} val: loss=${validation_loss.toFixed(4)} acc=${validation_accuracy.toFixed(4)}${spread}`;
}

class ByzantineExecution {
  readonly #context: CliContext;
  readonly #threads: number;
  readonly #checkpointEvery: number;
  readonly records = new Map<string, ByzantineRecord>();

  constructor(context: CliContext, threads: number, checkpointEvery: number) {
    this.#context = context;
    this.#threads = threads;
    this.#checkpointEvery = checkpointEvery;
  }

  #folderOf({ out_dir }: ByzantineConfig, runId: string): ByzantineFolder {
    return new ByzantineFolder(this.#context.runtime.files, out_dir, runId);
  }

  async run(planned: readonly Planned[], jobs: number): Promise<void> {
    let ended = 0;
    await forEachLimited(planned, jobs, async (one) => {
      await this.#runOne(one, jobs > 1);
      ended++;
      if (planned.length > 1) this.#context.stderr(`${ended} of ${planned.length} runs: ${title(one.config)}, accuracy ${this.records.get(one.runId)!.rows.at(-1)!.validation_accuracy.toFixed(4)}\n`);
    });
  }

  async #runOne({ config, runId, setting, folders }: Planned, inWorker: boolean): Promise<void> {
    const folder = this.#folderOf(config, runId);
    const options = { runId, checkpointEvery: this.#checkpointEvery, ...(await folder.resumption()) };
    const job = { experiment: 'byzantine', config, profile: setting.profile, threads: this.#threads, folders, options } as const;
    const seconds = new Map<number, number>();
    let before = this.#context.runtime.now();
    for await (const event of runJob(this.#context.runtime, job, inWorker)) {
      if (event.type === 'row') {
        const now = this.#context.runtime.now();
        seconds.set(event.row.round, (now - before) / 1000);
        before = now;
      }
      await this.#take(folder, runId, config, event);
      if (event.type === 'finished') this.records.set(runId, await folder.record(config, event.result, seconds, setting));
    }
  }

  async #take(folder: ByzantineFolder, runId: string, config: ByzantineConfig, event: ByzantineEvent): Promise<void> {
    const { stderr } = this.#context;
    // What does not fit the data is refused before this event, and leaves no folder.
    if (event.type === 'started') await folder.open();
    if (event.type === 'started') stderr(`run ${runId}: ${title(config)}; ${describeStart(event)}\n`);
    else if (event.type === 'row') stderr(`${runId} ${describeRound(config, event.row)}\n`);
    else if (event.type === 'checkpoint') await folder.writeCheckpoint(event.bytes);
  }
}

function parseRounds(given: string): number {
  if (/^\d+$/.test(given) && Number.isSafeInteger(Number(given))) return Number(given);
  throw new UsageError(`--checkpoint-every: expected a whole number of rounds of at least 0, got ${JSON.stringify(given)}`);
}

/** Final accuracy by rule and attack: a text table, one for each method. */
function printTable(context: CliContext, rows: readonly GridRow[]): void {
  const attacks = [...new Set(rows.map(({ attack }) => attack))];
  const rule = ({ aggregator, pre }: GridRow) => (pre === '' ? aggregator : `${pre} ${aggregator}`);
  const width = Math.max(...rows.map((row) => rule(row).length), 4);
  for (const method of new Set(rows.map((row) => row.method))) {
    context.stdout(`${method}\n  ${'rule'.padEnd(width)}  ${attacks.map((attack) => attack.padStart(Math.max(8, attack.length))).join('  ')}\n`);
    for (const name of new Set(rows.filter((row) => row.method === method).map(rule))) {
      const cells = attacks.map((attack) => {
        const found = rows.filter((row) => row.method === method && rule(row) === name && row.attack === attack);
        const mean = found.reduce((total, row) => total + row.validation_accuracy, 0) / found.length;
        return (found.length === 0 ? '' : mean.toFixed(4)).padStart(Math.max(8, attack.length));
      });
      context.stdout(`  ${name.padEnd(width)}  ${cells.join('  ')}\n`);
    }
  }
}

/** Computes the configurations that are not recorded yet. @param isGrid write and print the table of all */
export async function executeByzantine(context: CliContext, configs: readonly ByzantineConfig[], options: ByzantineOptions, isGrid: boolean): Promise<void> {
  const profile = parseProfile(options.profile);
  const checkpointEvery = parseRounds(options.checkpointEvery);
  const available = context.runtime.availableThreads();
  const mostJobs = parseJobs(options.jobs, available);
  const threadsAsked = options.threads === 'auto' ? undefined : parseThreads(options.threads, available);
  const planned = await plan(context, configs, profile);
  const { files } = context.runtime;
  const outDir = configs[0]!.out_dir;
  const recorded = new Map<string, ByzantineRecord>();
  for (const { runId } of planned) {
    const record = await new ByzantineFolder(files, outDir, runId).readRecord();
    if (record !== undefined) recorded.set(runId, record);
  }
  const left = planned.filter(({ runId }, index) => !recorded.has(runId) && planned.findIndex((other) => other.runId === runId) === index);
  if (recorded.size > 0) context.stderr(`${recorded.size} of ${planned.length} runs are recorded already in ${outDir}\n`);
  const jobs = Math.max(1, Math.min(mostJobs, left.length));
  // A step is too short for threads to share; runs side by side use the processors.
  const execution = new ByzantineExecution(context, threadsAsked ?? 1, checkpointEvery);
  await execution.run(left, jobs);
  const records = planned.map(({ runId }) => recorded.get(runId) ?? execution.records.get(runId)!);
  const rows = records.map(({ run_id, config, rows: rounds, result_digest }) => gridRow(run_id, config, rounds, result_digest));
  if (isGrid) await writeGrid(files, outDir, rows);
  if (options.json === true) context.stdout(`${JSON.stringify({ folder: outDir, runs: rows })}\n`);
  else if (isGrid) printTable(context, rows);
  else for (const row of rows) context.stdout(`run ${row.run_id}: validation accuracy ${row.validation_accuracy}, digest ${row.digest}\n[Output] ${outDir}/${row.run_id}: rounds.csv, rounds.jsonl, record.json, seconds.csv\n`);
}
