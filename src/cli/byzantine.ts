import { Command, Option } from 'commander';
import { byzantineFields, resolveByzantineConfig } from '../experiments/byzantine/index.js';
import { splitSpecifications } from '../robust/index.js';
import type { Files } from '../runtime/runtime.js';
import { executeByzantine, type ByzantineOptions } from './byzantine-execution.js';
import type { CliContext } from './context.js';
import { addCoreOptions } from './core-options.js';
import { addFieldOptions, givenFields, readConfigFile } from './flags.js';
import { UsageError } from './usage-error.js';

interface Options extends Record<string, unknown> {
  config?: string;
  printConfig?: boolean;
}

/** A grid's axes: the flag, and the field that its items are values of. */
const AXES = { methods: 'method', aggregators: 'aggregator', pres: 'pre', attacks: 'attack', seeds: 'seed' } as const;

function addRunningOptions(command: Command): Command {
  const running = 'Running:';
  command.addOption(new Option('--config <FILE>', 'take values from a JSON file; flags override it').helpGroup(running));
  return addCoreOptions(command, running)
    .addOption(new Option('--jobs <N>', 'runs computed at once, each in a worker with memory of its own, or auto for one per processor; they change no bit').default('auto').helpGroup(running))
    .addOption(new Option('--checkpoint-every <N>', 'save the state after every N rounds; 0 for never').default('1').helpGroup(running))
    .addOption(new Option('--print-config', 'print the resolved configuration as JSON and stop').helpGroup(running))
    .addOption(new Option('--json', 'print the results as one line of JSON on stdout').helpGroup(running));
}

async function valuesOf(files: Files, options: Options): Promise<{ values: Record<string, unknown>; source: string }> {
  const { values, source } = await readConfigFile(files, options.config);
  return { values: { ...values, ...givenFields(options, byzantineFields) }, source };
}

/** `none` and texts that are no specification lists are single items. */
function itemsOf(axis: keyof typeof AXES, given: string): string[] {
  const items = axis === 'methods' || axis === 'seeds' ? given.split(',') : axis === 'pres' ? given.split(';') : splitSpecifications(given);
  const trimmed = items.map((item) => item.trim());
  if (axis !== 'pres' && trimmed.some((item) => item === '')) throw new UsageError(`--${axis}: expected items separated by commas, got ${JSON.stringify(given)}`);
  return trimmed;
}

/** Every combination of the axes' items over the other values. */
function combinations(values: Record<string, unknown>, options: Options): Record<string, unknown>[] {
  let all = [values];
  for (const [axis, field] of Object.entries(AXES) as [keyof typeof AXES, string][]) {
    const given = options[axis];
    if (typeof given !== 'string') continue;
    all = all.flatMap((each) => itemsOf(axis, given).map((item) => ({ ...each, [field]: item })));
  }
  return all;
}

function gridCommand(context: CliContext): Command {
  const axes = 'Axes of the grid:';
  const command = new Command('grid').description('methods x aggregators x attacks, and the table of final accuracies');
  command
    .addOption(new Option('--methods <LIST>', 'such as SGD,BatchSGD,SAGA').helpGroup(axes))
    .addOption(new Option('--aggregators <LIST>', 'such as mean,gm,krum:neighbours=n-f-1').helpGroup(axes))
    .addOption(new Option('--pres <LISTS>', 'lists of pre-aggregators separated by semicolons; an empty one for none').helpGroup(axes))
    .addOption(new Option('--attacks <LIST>', 'such as none,white,max-value,zero-gradient').helpGroup(axes))
    .addOption(new Option('--seeds <LIST>', 'such as 100,101,102').helpGroup(axes));
  addFieldOptions(command, byzantineFields);
  return addRunningOptions(command).action(async (_: unknown, itself: Command) => {
    const options = itself.optsWithGlobals() as Options;
    const { values, source } = await valuesOf(context.runtime.files, options);
    const configs = combinations(values, options).map((each) => resolveByzantineConfig(each, source));
    if (options.printConfig === true) context.stdout(`${JSON.stringify(configs, null, 2)}\n`);
    else await executeByzantine(context, configs, options as unknown as ByzantineOptions, true);
  });
}

/** `isolab byzantine`: one run, or a grid of them. */
export function byzantineCommand(context: CliContext): Command {
  const command = new Command('byzantine').description('distributed SGD and its kin with Byzantine workers: one run');
  addFieldOptions(command, byzantineFields);
  command.addCommand(gridCommand(context));
  return addRunningOptions(command).action(async (options: Options) => {
    const { values, source } = await valuesOf(context.runtime.files, options);
    const config = resolveByzantineConfig(values, source);
    if (options.printConfig === true) context.stdout(`${JSON.stringify(config, null, 2)}\n`);
    else await executeByzantine(context, [config], options as unknown as ByzantineOptions, false);
  });
}
