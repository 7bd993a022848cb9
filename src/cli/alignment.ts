import { Command, Option } from 'commander';
import { alignmentFields, resolveAlignmentConfig, type AlignmentConfig } from '../experiments/alignment/index.js';
import type { Files } from '../runtime/runtime.js';
import { executeAlignment, type AlignmentOptions } from './alignment-execution.js';
import type { CliContext } from './context.js';
import { addCoreOptions } from './core-options.js';
import { addFieldOptions, givenFields, readConfigFile, readJsonOrPath } from './flags.js';

interface Options extends Record<string, unknown> {
  config?: string;
  printConfig?: boolean;
}

/** The configuration that a command line means: the --config file's values, then the flags over them. */
export async function alignmentConfigFromOptions(files: Files, options: Options): Promise<AlignmentConfig> {
  const given = givenFields(options, alignmentFields);
  if (typeof given.arch_spec === 'string') given.arch_spec = await readJsonOrPath(files, '--arch-spec', given.arch_spec);
  const { values, source } = await readConfigFile(files, options.config);
  return resolveAlignmentConfig({ ...values, ...given }, source);
}

/** `isolab alignment`: the seeds of one gradient-alignment configuration. */
export function alignmentCommand(context: CliContext): Command {
  const running = 'Running:';
  const command = new Command('alignment').description('does a gradient that teaches auxiliary logits on noise point where the digits are? one run a seed');
  addFieldOptions(command, alignmentFields);
  command.addOption(new Option('--config <FILE>', 'take values from a JSON file; flags override it').helpGroup(running));
  return addCoreOptions(command, running)
    .addOption(new Option('--jobs <N>', 'seeds computed at once, each in a worker with memory of its own, or auto for one per processor; they change no bit').default('auto').helpGroup(running))
    .addOption(new Option('--checkpoint-every <N>', 'save the state after every N steps; 0 for never').default('50').helpGroup(running))
    .addOption(new Option('--print-config', 'print the resolved configuration as JSON and stop').helpGroup(running))
    .addOption(new Option('--json', 'print the summary as one line of JSON on stdout').helpGroup(running))
    .action(async (options: Options) => {
      const config = await alignmentConfigFromOptions(context.runtime.files, options);
      if (options.printConfig === true) context.stdout(`${JSON.stringify(config, null, 2)}\n`);
      else await executeAlignment(context, config, options as unknown as AlignmentOptions);
    });
}
