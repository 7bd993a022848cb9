import { Command, Option } from 'commander';
import { Translator } from '../experiments/translation/index.js';
import { readModelFolder } from '../runs/translation-folder.js';
import type { CliContext } from './context.js';
import { addCoreOptions, openChosenCore, type CoreFlags } from './core-options.js';
import { addDecodingOptions, parseDecoding, type DecodingFlags } from './translate-decoding.js';
import { evaluateCommand } from './translate-evaluate.js';
import { trainCommand } from './translate-train.js';
import { UsageError } from './usage-error.js';

interface RunOptions extends CoreFlags, DecodingFlags {
  model: string;
}

/** The words of the command line, or the lines of standard input. */
async function sentencesOf({ runtime }: CliContext, given: readonly string[]): Promise<string[]> {
  if (given.length > 0) return [...given];
  if (runtime.readStandardInput === undefined) throw new UsageError(`translate run: expected a sentence, got none, and ${runtime.name} has no standard input here`);
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(await runtime.readStandardInput());
  } catch {
    throw new UsageError('standard input: expected UTF-8 text, got other bytes');
  }
  const lines = text.split(/\r?\n/);
  return lines.at(-1) === '' ? lines.slice(0, -1) : lines;
}

function runCommand(context: CliContext): Command {
  const command = new Command('run')
    .description('translates sentences, one line each')
    .argument('[sentences...]', 'sentences; without any, the lines of standard input')
    .addOption(new Option('--model <DIR>', "a run's folder, or one with a saved model").makeOptionMandatory());
  addDecodingOptions(command);
  return addCoreOptions(command, 'Running:').action(async (given: string[], options: RunOptions) => {
    const decoding = parseDecoding(options);
    const sentences = await sentencesOf(context, given);
    const { saved } = await readModelFolder(context.runtime.files, options.model);
    const core = await openChosenCore(context, options);
    try {
      const translator = Translator.open(core, saved, options.model);
      for (const translation of translator.translate(sentences, decoding)) context.stdout(`${translation}\n`);
      translator.dispose();
    } finally {
      await core.close();
    }
  });
}

/** `isolab translate train | run | evaluate`. */
export function translateCommand(context: CliContext): Command {
  const command = new Command('translate').description('sequence to sequence: trains a tokenizer and a translator, and translates');
  for (const below of [trainCommand(context), runCommand(context), evaluateCommand(context)]) command.addCommand(below);
  return command;
}
