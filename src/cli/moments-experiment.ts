// What every experiment on Gaussian moments has as a command: flags from its fields, a table and a figure from its rows.
import { Command, Option } from 'commander';
import type { z } from 'zod';
import type { Core } from '../core/index.js';
import type { Column, Duration, FurtherTable, MomentEvent, MomentResult, TableRow } from '../experiments/moments/index.js';
import { identifying, runIdOf } from '../experiments/identity.js';
import { formatPandasCsv, writeTidily } from '../outputs/index.js';
import { VERSION } from '../version.js';
import type { CliContext } from './context.js';
import { addCoreOptions, openChosenCore, type CoreFlags } from './core-options.js';
import { addFieldOptions, givenFields, readConfigFile } from './flags.js';
import { Progress } from './progress.js';
import { formatTable } from './text-table.js';

type Config = Record<string, unknown> & { out_dir: string };

/** What an experiment reads from files before it runs. */
export interface Loaded<D> {
  data: D;
  /** Names the files' content in the run's identity. */
  hash: string;
}

/** One experiment: what it computes, and what its table and its figure show; `D` is what it reads. */
export interface MomentExperiment<C extends Config, R extends TableRow, D = undefined> {
  /** Of the subcommand, and of the table and figure that it writes. */
  name: string;
  description: string;
  fields: z.ZodRawShape;
  resolve(values: Record<string, unknown>, source: string): C;
  /** Default: nothing is read. */
  load?(context: CliContext, core: Core, config: C): Promise<Loaded<D>>;
  /** @param now milliseconds of a clock that only durations may be taken from */
  run(core: Core, config: C, now: () => number, data: D): AsyncIterable<MomentEvent<R>>;
  columns: readonly Column[];
  /** The table for people to read; default: the columns as they are. */
  print?(rows: readonly R[], durations: readonly Duration[], further: readonly FurtherTable[]): string;
  /** The figure as SVG. */
  draw(rows: readonly R[], config: C, durations: readonly Duration[], further: readonly FurtherTable[]): string;
}

interface Options extends CoreFlags, Record<string, unknown> {
  config?: string;
  printConfig?: boolean;
  json?: boolean;
}

interface Outcome<R extends TableRow> {
  result: MomentResult<R>;
  durations: Duration[];
}

const SECONDS: readonly Column[] = [{ name: 'part', kind: 'text' }, { name: 'seconds', kind: 'float' }];

async function takeEvents<R extends TableRow>(context: CliContext, events: AsyncIterable<MomentEvent<R>>): Promise<Outcome<R>> {
  const progress = new Progress(context);
  const durations: Duration[] = [];
  let result: MomentResult<R> | undefined;
  try {
    for await (const event of events) {
      if (event.type === 'started') {
        progress.line(event.title);
        progress.start(event.total, 0, '{bar} {percentage}% {note}');
      } else if (event.type === 'progress') progress.update(event.done, event.note);
      else if (event.type === 'duration') durations.push(event.duration);
      else if (event.type === 'finished') ({ result } = event);
    }
  } finally {
    progress.stop();
  }
  return { result: result!, durations };
}

/** Writes the files of a run; they are made before the first is written, so that what cannot be drawn leaves none. */
async function writeRun(context: CliContext, folder: string, texts: Readonly<Record<string, string>>): Promise<void> {
  const { files } = context.runtime;
  try {
    await files.makeFolder(folder);
  } catch (error) {
    throw new Error(`--out-dir: expected a folder that can be written, got ${folder} (${(error as Error).message})`);
  }
  for (const [name, text] of Object.entries(texts)) await writeTidily(files, folder, name, new TextEncoder().encode(text));
}

async function execute<C extends Config, R extends TableRow, D>(context: CliContext, experiment: MomentExperiment<C, R, D>, config: C, options: Options): Promise<void> {
  const { name, fields, columns, print = (rows: readonly R[]) => formatTable(columns, rows) } = experiment;
  const core = await openChosenCore(context, options);
  try {
    // Without `load`, D is undefined.
    const { data, hash } = (await experiment.load?.(context, core, config)) ?? { data: undefined as D, hash: '' };
    const began = context.runtime.now();
    const { result, durations } = await takeEvents(context, experiment.run(core, config, () => context.runtime.now(), data));
    durations.push({ part: 'all', seconds: (context.runtime.now() - began) / 1000 });
    const { profile, wasmHash } = core;
    const runId = await runIdOf(`moments ${name}`, identifying(fields, config), { profile, wasmHash, dataHash: hash });
    const folder = `${config.out_dir}/${runId}`;
    const tablesByName = Object.fromEntries(result.further.map((table) => [table.name, table.rows]));
    const record = { run_id: runId, config, rows: result.rows, ...tablesByName, result_digest: result.digest, program: `isolab ${VERSION}`, profile, wasm_sha256: wasmHash, ...(hash === '' ? {} : { data_sha256: hash }), bits_promised: true };
    const furtherFiles = Object.fromEntries(result.further.map((table) => [`${table.name}.csv`, formatPandasCsv(table.columns, table.rows)]));
    await writeRun(context, folder, {
      [`${name}.csv`]: formatPandasCsv(columns, result.rows), [`${name}.svg`]: experiment.draw(result.rows, config, durations, result.further), ...furtherFiles,
      'seconds.csv': formatPandasCsv(SECONDS, durations), 'record.json': `${JSON.stringify(record, null, 2)}\n`,
    });
    if (options.json === true) context.stdout(`${JSON.stringify({ folder, digest: result.digest, rows: result.rows, ...tablesByName, seconds: durations })}\n`);
    else context.stdout(`${print(result.rows, durations, result.further)}run ${runId}: digest ${result.digest}\n[Output] ${folder}: ${name}.csv, ${name}.svg, ${Object.keys(furtherFiles).map((file) => `${file}, `).join('')}record.json, seconds.csv\n`);
  } finally {
    await core.close();
  }
}

/** The subcommand of an experiment. */
export function momentExperimentCommand<C extends Config, R extends TableRow, D = undefined>(context: CliContext, experiment: MomentExperiment<C, R, D>): Command {
  const running = 'Running:';
  const command = new Command(experiment.name).description(experiment.description);
  addFieldOptions(command, experiment.fields);
  command.addOption(new Option('--config <FILE>', 'take values from a JSON file; flags override it').helpGroup(running));
  return addCoreOptions(command, running)
    .addOption(new Option('--print-config', 'print the resolved configuration as JSON and stop').helpGroup(running))
    .addOption(new Option('--json', 'print the results as one line of JSON on stdout').helpGroup(running))
    .action(async (options: Options) => {
      const { values, source } = await readConfigFile(context.runtime.files, options.config);
      const config = experiment.resolve({ ...values, ...givenFields(options, experiment.fields) }, source);
      if (options.printConfig === true) context.stdout(`${JSON.stringify(config, null, 2)}\n`);
      else await execute(context, experiment, config, options);
    });
}
