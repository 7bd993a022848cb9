import { Command, CommanderError } from 'commander';
import { ConfigurationError } from '../experiments/configuration.js';
import { VERSION } from '../version.js';
import { alignmentCommand } from './alignment.js';
import { backendCommand } from './backend.js';
import { byzantineCommand } from './byzantine.js';
import type { CliContext } from './context.js';
import { dataCommand } from './data.js';
import { momentsCommand } from './moments.js';
import { plotCommand } from './plot.js';
import { reportCommand } from './report.js';
import { robustCommand } from './robust.js';
import { serveCommand } from './serve.js';
import { splitHeadCommand } from './splithead.js';
import { translateCommand } from './translate.js';
import { tokenizerCommand } from './tokenizer.js';
import { sweepCommand } from './sweep.js';
import { UsageError } from './usage-error.js';
import { verifyCommand } from './verify.js';

/** Errors of the command line become UsageErrors; help and version pass. */
function rethrow(error: CommanderError): never {
  if (error.exitCode === 0) throw error;
  if (error.code === 'commander.help') throw new UsageError('expected a command, got none; isolab --help lists them');
  throw new UsageError(error.message.replace(/^error: /, '').replace(/\n\(/, ' ('));
}

function settle(command: Command, context: CliContext): Command {
  command.configureOutput({ writeOut: context.stdout, writeErr: context.stderr, outputError: () => {} });
  command.exitOverride(rethrow);
  command.allowExcessArguments(false);
  command.showHelpAfterError(false);
  return command;
}

/** A command and those below it. */
function settleAll(command: Command, context: CliContext): Command {
  for (const below of command.commands) settle(below as Command, context);
  return settle(command, context);
}

function program(context: CliContext): Command {
  const root = settle(new Command('isolab'), context)
    .description('published experiments on how networks learn through noise, resist it and carry it')
    .version(VERSION);
  root.addCommand(settle(splitHeadCommand(context), context));
  root.addCommand(settle(alignmentCommand(context), context));
  root.addCommand(settleAll(byzantineCommand(context), context));
  root.addCommand(settleAll(momentsCommand(context), context));
  root.addCommand(settleAll(translateCommand(context), context));
  root.addCommand(dataCommand(context));
  root.addCommand(settleAll(backendCommand(context), context));
  root.addCommand(settleAll(robustCommand(context), context));
  root.addCommand(settle(serveCommand(context), context));
  root.addCommand(settle(plotCommand(context), context));
  root.addCommand(settleAll(tokenizerCommand(context), context));
  root.addCommand(settleAll(sweepCommand(context), context));
  root.addCommand(settle(reportCommand(context), context));
  root.addCommand(settle(verifyCommand(context), context));
  return root;
}

/**
 * Runs one command line.
 * @param argv words after the program's name
 * @returns the exit code: 0, 2 for a command line or configuration that cannot be carried out, 1 for any other failure
 */
export async function main(argv: readonly string[], context: CliContext): Promise<number> {
  try {
    await program(context).parseAsync(argv, { from: 'user' });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0;
    // One line, also where an engine's own message (JSON.parse's, say) quotes several.
    context.stderr(`isolab: ${(error as Error).message.replace(/\s*\n\s*/g, ' ')}\n`);
    return error instanceof UsageError || error instanceof ConfigurationError ? 2 : 1;
  }
}
