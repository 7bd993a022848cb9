import { Command, Option } from 'commander';
import type { Core } from '../core/index.js';
import { loadMnist, type DatasetPair } from '../data/index.js';
import { lenetFields, resolveLenetConfig, trainLenet, type LenetConfig, type LenetResult } from '../experiments/moments/index.js';
import { LENET_FILE, LenetFolder, lenetRunId } from '../runs/lenet-folder.js';
import type { CliContext } from './context.js';
import { addCoreOptions, openChosenCore, parseInterval, type CoreFlags } from './core-options.js';
import { addFieldOptions, givenFields, readConfigFile } from './flags.js';
import { mnistFolders } from './mnist-folders.js';
import { Progress } from './progress.js';

interface Options extends CoreFlags, Record<string, unknown> {
  config?: string;
  checkpointEvery: string;
  printConfig?: boolean;
  json?: boolean;
}

/** Trains from the start or the run's checkpoint; the result, and the seconds of the epochs that began here. */
async function train(context: CliContext, core: Core, config: LenetConfig, data: DatasetPair, folder: LenetFolder, options: { runId: string; checkpointEvery: number }) {
  const { runtime } = context;
  const progress = new Progress(context);
  const seconds = new Map<number, number>();
  let result: LenetResult | undefined;
  let began = runtime.now();
  let isWhole = true;
  try {
    for await (const event of trainLenet(core, config, data, { ...options, ...(await folder.resumption()) })) {
      if (event.type === 'started') {
        await folder.open();
        isWhole = event.resumedAt === 0;
        progress.line(`run ${options.runId}: LeNet on ${event.trainSize} images, ${event.totalSteps} steps${isWhole ? '' : `, goes on after step ${event.resumedAt}`}`);
        progress.start(event.totalSteps, event.resumedAt, '{bar} {percentage}% eta {eta_formatted} {note}');
      } else if (event.type === 'progress') progress.update(event.done, `loss ${event.loss.toFixed(4)}`);
      else if (event.type === 'checkpoint') await folder.writeCheckpoint(event.bytes);
      else if (event.type === 'finished') ({ result } = event);
      else {
        const { epoch, train_loss, test_loss, test_accuracy } = event.row;
        const spent = (runtime.now() - began) / 1000;
        if (isWhole) seconds.set(epoch, spent);
        progress.line(`epoch ${epoch}: training loss ${train_loss.toFixed(4)}, test loss ${test_loss.toFixed(4)}, test accuracy ${test_accuracy.toFixed(4)}, ${spent.toFixed(1)} s`);
        [began, isWhole] = [runtime.now(), true];
      }
    }
  } finally {
    progress.stop();
  }
  return { result: result!, seconds };
}

async function execute(context: CliContext, config: LenetConfig, options: Options): Promise<void> {
  const checkpointEvery = parseInterval(options.checkpointEvery);
  const { files } = context.runtime;
  const data = await loadMnist(files, mnistFolders(context, config.data_dir, lenetFields.data_dir.parse(undefined)));
  const core = await openChosenCore(context, options);
  try {
    const setting = { profile: core.profile, wasmHash: core.wasmHash, dataHash: data.sha256 };
    const runId = await lenetRunId(config, setting);
    const folder = new LenetFolder(files, config.out_dir, runId);
    let record = await folder.readRecord();
    if (record !== undefined) context.stderr(`run ${runId} is recorded already\n`);
    else {
      const { result, seconds } = await train(context, core, config, data, folder, { runId, checkpointEvery });
      record = await folder.record(config, result, seconds, setting);
    }
    const { test_accuracy } = record.rows.at(-1)!;
    if (options.json === true) context.stdout(`${JSON.stringify({ folder: folder.path, run_id: runId, test_accuracy, digest: record.result_digest })}\n`);
    else context.stdout(`run ${runId}: test accuracy ${test_accuracy}, digest ${record.result_digest}\n[Output] ${folder.path}: ${LENET_FILE}, lenet.safetensors, epochs.csv, seconds.csv, record.json\n`);
  } finally {
    await core.close();
  }
}

/** `isolab moments lenet`: the classifier that `gaussianity` and `robustness` look into. */
export function lenetCommand(context: CliContext): Command {
  const running = 'Running:';
  const command = new Command('lenet').description("trains the library's LeNet on MNIST and saves it as a network file");
  addFieldOptions(command, lenetFields);
  command.addOption(new Option('--config <FILE>', 'take values from a JSON file; flags override it').helpGroup(running));
  return addCoreOptions(command, running)
    .addOption(new Option('--checkpoint-every <N>', 'save the state after every N steps; 0 for never').default('200').helpGroup(running))
    .addOption(new Option('--print-config', 'print the resolved configuration as JSON and stop').helpGroup(running))
    .addOption(new Option('--json', 'print the results as one line of JSON on stdout').helpGroup(running))
    .action(async (options: Options) => {
      const { values, source } = await readConfigFile(context.runtime.files, options.config);
      const config = resolveLenetConfig({ ...values, ...givenFields(options, lenetFields) }, source);
      if (options.printConfig === true) context.stdout(`${JSON.stringify(config, null, 2)}\n`);
      else await execute(context, config, options);
    });
}
