import { Command } from 'commander';
import { openCore } from '../core/index.js';
import { Generator } from '../random/index.js';
import { requireUtf8, splitLines, TokenizerError, type Tokenizer } from '../text/index.js';
import type { CliContext } from './context.js';
import { readTextFile, readTokenizer } from './tokenizer-files.js';
import { trainingCommand } from './tokenizer-training.js';
import { UsageError } from './usage-error.js';
import { parseWhole } from './whole-number.js';

const OUTPUT_FORMATS = ['piece', 'id', 'nbest_piece', 'nbest_id', 'sample_piece', 'sample_id'] as const;
const INPUT_FORMATS = ['piece', 'id'] as const;
type OutputFormat = (typeof OUTPUT_FORMATS)[number];

interface EncodeFlags {
  model: string;
  input: string;
  outputFormat: string;
  nbestSize: string;
  alpha: string;
  randomSeed: string;
}

interface DecodeFlags {
  model: string;
  input: string;
  inputFormat: string;
}

function parseFormat<T extends string>(flag: string, given: string, choices: readonly T[]): T {
  const choice = choices.find((each) => each === given);
  if (choice === undefined) throw new UsageError(`${flag}: expected one of ${choices.join(', ')}, got ${JSON.stringify(given)}`);
  return choice;
}

/** What to print for a line, without line feeds. */
type EncodeLine = (line: Uint8Array) => readonly (readonly (string | number)[])[];

/** Runs with what encodes a line; a generator where encodings are drawn. */
async function withEncoder<T>(tokenizer: Tokenizer, format: OutputFormat, flags: EncodeFlags, act: (encode: EncodeLine) => T): Promise<T> {
  if (format === 'piece') return act((line) => [tokenizer.encodePieces(line)]);
  if (format === 'id') return act((line) => [tokenizer.encode(line)]);
  if (format === 'nbest_piece' || format === 'nbest_id') {
    const n = parseWhole('--nbest-size', flags.nbestSize, 1, 1024);
    return act((line) => (format === 'nbest_id' ? tokenizer.nBest(line, n).map(({ ids }) => ids) : tokenizer.nBestPieces(line, n)));
  }
  const n = parseWhole('--nbest-size', flags.nbestSize, -1, 512);
  const alpha = Number(flags.alpha);
  if (flags.alpha.trim() === '' || !Number.isFinite(alpha)) throw new UsageError(`--alpha: expected a number, got ${JSON.stringify(flags.alpha)}`);
  const seed = parseWhole('--random-seed', flags.randomSeed, 0, 2 ** 32 - 1);
  const core = await openCore({ profile: 'strict', threads: 1 });
  try {
    const options = { alpha, generator: new Generator(core, seed), ...(n < 0 ? {} : { nBest: n }) };
    return act((line) => [format === 'sample_id' ? tokenizer.sample(line, options) : tokenizer.samplePieces(line, options)]);
  } finally {
    await core.close();
  }
}

async function encode(context: CliContext, flags: EncodeFlags): Promise<void> {
  const format = parseFormat('--output-format', flags.outputFormat, OUTPUT_FORMATS);
  const tokenizer = await readTokenizer(context, flags.model);
  const lines = splitLines(await readTextFile(context, '--input', flags.input));
  const printed = await withEncoder(tokenizer, format, flags, (encodeLine) => lines.flatMap((line) => encodeLine(line).map((words) => `${words.join(' ')}\n`)));
  context.stdout(printed.join(''));
}

function parseIds(tokenizer: Tokenizer, words: readonly string[], line: number): number[] {
  return words.map((word) => {
    const id = Number(word);
    if (!/^\d+$/.test(word) || id >= tokenizer.size) throw new UsageError(`--input: line ${line}: expected ids from 0 to ${tokenizer.size - 1}, got ${JSON.stringify(word)}`);
    return id;
  });
}

async function decode(context: CliContext, flags: DecodeFlags): Promise<void> {
  const format = parseFormat('--input-format', flags.inputFormat, INPUT_FORMATS);
  const tokenizer = await readTokenizer(context, flags.model);
  const bytes = await readTextFile(context, '--input', flags.input);
  try {
    requireUtf8(bytes, flags.input);
  } catch (error) {
    throw error instanceof TokenizerError ? new UsageError(`--input: ${error.message}`) : error;
  }
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  const printed = splitLines(bytes).map((line, i) => {
    const words = decoder.decode(line).split(' ').filter((word) => word !== '');
    return `${format === 'id' ? tokenizer.decode(parseIds(tokenizer, words, i + 1)) : tokenizer.decodePieces(words)}\n`;
  });
  context.stdout(printed.join(''));
}

/** `isolab tokenizer train | encode | decode`: SentencePiece's unigram model. */
export function tokenizerCommand(context: CliContext): Command {
  const command = new Command('tokenizer').description("trains and applies SentencePiece's unigram tokenizer; reads and writes its .model files");
  command.addCommand(trainingCommand(context));
  command.command('encode').description('prints the pieces or ids of every line')
    .requiredOption('--model <FILE>', 'a .model file')
    .option('--input <FILE>', 'sentences, one a line; - for standard input', '-')
    .option('--output-format <NAME>', `${OUTPUT_FORMATS.join(', ')}`, 'piece')
    .option('--nbest-size <N>', 'how many encodings to print, or to draw from: -1 draws from all', '10')
    .option('--alpha <X>', 'how strongly probabilities count in a draw', '0.5')
    .option('--random-seed <N>', 'seed of the draws', '0')
    .action((flags: EncodeFlags) => encode(context, flags));
  command.command('decode').description('prints the text of every line of pieces or ids')
    .requiredOption('--model <FILE>', 'a .model file')
    .option('--input <FILE>', 'pieces or ids with spaces between; - for standard input', '-')
    .option('--input-format <NAME>', `${INPUT_FORMATS.join(', ')}`, 'piece')
    .action((flags: DecodeFlags) => decode(context, flags));
  return command;
}
