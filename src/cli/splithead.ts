import { Command, Option } from 'commander';
import { ConfigurationError } from '../experiments/configuration.js';
import { parsePerturbation, planSplitHead, resolveSplitHeadConfig, splitHeadFields, type SplitHeadConfig } from '../experiments/splithead/index.js';
import type { Files } from '../runtime/runtime.js';
import { BACKEND_CHOICES } from './backend-choice.js';
import type { CliContext } from './context.js';
import { addCoreOptions } from './core-options.js';
import { addFieldOptions, givenFields, readConfigFile, readJsonOrPath } from './flags.js';
import { executeSplitHead, type ExecutionOptions } from './splithead-execution.js';

interface SplitHeadOptions extends Record<string, unknown> {
  config?: string;
  perturb?: string[];
  perturbSpec?: string;
  printConfig?: boolean;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

async function readPerturbations(files: Files, { perturb = [], perturbSpec }: SplitHeadOptions): Promise<Record<string, unknown>[]> {
  const specified = perturbSpec === undefined ? [] : await readJsonOrPath(files, '--perturb-spec', perturbSpec);
  const list = Array.isArray(specified) ? specified : [specified];
  const wrong = list.find((entry) => !isObject(entry));
  if (wrong !== undefined) {
    throw new ConfigurationError(`--perturb-spec: expected a JSON object or a list of objects, got ${JSON.stringify(wrong)} in it`);
  }
  return [...(list as Record<string, unknown>[]), ...perturb.map(parsePerturbation)];
}

/** The configuration that a command line means: the --config file's values, then the flags over them. */
export async function configFromOptions(files: Files, options: SplitHeadOptions): Promise<SplitHeadConfig> {
  const { values, source } = await readConfigFile(files, options.config);
  const given = givenFields(options, splitHeadFields);
  for (const name of ['teacher_arch_spec', 'student_arch_spec'] as const) {
    if (typeof given[name] === 'string') given[name] = await readJsonOrPath(files, `--${name.replaceAll('_', '-')}`, given[name]);
  }
  const perturbations = await readPerturbations(files, options);
  if (perturbations.length > 0) given.perturb_specs = perturbations;
  return resolveSplitHeadConfig({ ...values, ...given }, source);
}

/** Adds every flag that says what a split-head run computes. */
export function addSplitHeadOptions(command: Command): Command {
  addFieldOptions(command, splitHeadFields, ['perturb_specs']);
  const collect = (value: string, before: string[] = []) => [...before, value];
  const group = 'Perturbations:';
  return command
    .addOption(new Option('--perturb <SPEC>', 'target:layers,std=...,timing=...[,include_weight=...,include_bias=...]; repeatable').argParser(collect).helpGroup(group))
    .addOption(new Option('--perturb-spec <JSON>', 'perturbations as JSON, or the path of a JSON file').helpGroup(group))
    .addOption(new Option('--config <FILE>', 'take values from a JSON file; flags override it').helpGroup('Running:'));
}

/** `isolab splithead`: one run of the split-head experiment. */
export function splitHeadCommand(context: CliContext): Command {
  const running = 'Running:';
  const command = addSplitHeadOptions(new Command('splithead').description('teacher on labels, student on noise through an auxiliary head: one run'));
  addCoreOptions(command, running)
    .addOption(new Option('--backend <NAME>', `who computes: ${BACKEND_CHOICES.join(', ')}; only the core's bits are promised`).default('core').helpGroup(running))
    .addOption(new Option('--checkpoint-every <N>', 'save the state after every N steps; 0 for never').default('100').helpGroup(running))
    .addOption(new Option('--resume', 'go on from the last checkpoint of this configuration').helpGroup(running))
    .addOption(new Option('--force', 'run again what is already recorded, and replace its rows').helpGroup(running))
    .addOption(new Option('--print-config', 'print the resolved configuration as JSON and stop').helpGroup(running))
    .addOption(new Option('--json', 'print the summary as one line of JSON on stdout').helpGroup(running))
    .action(async (options: SplitHeadOptions) => {
      const config = await configFromOptions(context.runtime.files, options);
      if (options.printConfig !== true) return executeSplitHead(context, config, options as unknown as ExecutionOptions);
      planSplitHead(config);
      context.stdout(`${JSON.stringify(config, null, 2)}\n`);
    });
  return command;
}
