// What every experiment on Gaussian moments has as a command: flags from its fields, words and files from its events.
import { Command, Option } from 'commander';
import type { Duration, MomentEvent, MomentResult, TableRow } from '../experiments/moments/index.js';
import { formatTable } from '../outputs/index.js';
import { furtherRows, loadMomentData, momentFiles, momentRunId, writeMomentFiles, type MomentConfig, type MomentExperiment } from '../runs/moment-experiment.js';
import type { CliContext } from './context.js';
import { addCoreOptions, openChosenCore, type CoreFlags } from './core-options.js';
import { addFieldOptions, givenFields, readConfigFile } from './flags.js';
import { dataSource } from './mnist-folders.js';
import { Progress } from './progress.js';

interface Options extends CoreFlags, Record<string, unknown> {
  config?: string;
  printConfig?: boolean;
  json?: boolean;
}

interface Outcome<R extends TableRow> {
  result: MomentResult<R>;
  durations: Duration[];
}

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

async function execute<C extends MomentConfig, R extends TableRow, D>(context: CliContext, experiment: MomentExperiment<C, R, D>, config: C, options: Options): Promise<void> {
  const { name, columns, print = (rows: readonly R[]) => formatTable(columns, rows) } = experiment;
  const core = await openChosenCore(context, options);
  try {
    const { data, hash } = await loadMomentData(experiment, dataSource(context), core, config);
    const began = context.runtime.now();
    const { result, durations } = await takeEvents(context, experiment.run(core, config, () => context.runtime.now(), data));
    durations.push({ part: 'all', seconds: (context.runtime.now() - began) / 1000 });
    const setting = { profile: core.profile, wasmHash: core.wasmHash, dataHash: hash };
    const runId = await momentRunId(experiment, config, setting);
    const folder = `${config.out_dir}/${runId}`;
    const texts = momentFiles(experiment, config, result, durations, { runId, ...setting });
    await writeMomentFiles(context.runtime.files, folder, texts);
    const furtherFiles = result.further.map((table) => `${table.name}.csv, `).join('');
    if (options.json === true) context.stdout(`${JSON.stringify({ folder, digest: result.digest, rows: result.rows, ...furtherRows(result), seconds: durations })}\n`);
    else context.stdout(`${print(result.rows, durations, result.further)}run ${runId}: digest ${result.digest}\n[Output] ${folder}: ${name}.csv, ${name}.svg, ${furtherFiles}record.json, seconds.csv\n`);
  } finally {
    await core.close();
  }
}

/** The subcommand of an experiment. */
export function momentExperimentCommand<C extends MomentConfig, R extends TableRow, D = undefined>(context: CliContext, experiment: MomentExperiment<C, R, D>): Command {
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
