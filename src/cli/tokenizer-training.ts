import { Command } from 'commander';
import { openCore } from '../core/index.js';
import { requireUtf8, splitLines, TokenizerError, trainTokenizer, type Tokenizer, type TrainerEvent, type TrainerOptions } from '../text/index.js';
import type { CliContext } from './context.js';
import { readTextFile } from './tokenizer-files.js';
import { UsageError } from './usage-error.js';

type Kind = 'number' | 'boolean' | 'list' | 'text';

/** spm_train's flags in kebab case: the option, what its value is, its default as the help says it. */
const FLAGS: readonly [option: keyof TrainerOptions, kind: Kind, initial: string, help: string][] = [
  ['vocabSize', 'number', '8000', 'pieces of the vocabulary, with the alphabet and the control pieces'],
  ['characterCoverage', 'number', '0.9995', "share of the corpus's characters that become pieces, 0.98 to 1"],
  ['seedSentencepieceSize', 'number', '1000000', 'most substrings to begin with'],
  ['shrinkingFactor', 'number', '0.75', 'share of the pieces that a round of pruning keeps'],
  ['numSubIterations', 'number', '2', 'EM steps between two prunings'],
  ['numThreads', 'number', '16', 'parts that sums are added in, as spm_train with so many threads adds them; one thread computes'],
  ['maxSentenceLength', 'number', '4192', 'longer sentences are skipped: bytes'],
  ['maxSentencepieceLength', 'number', '16', 'characters of the longest piece'],
  ['splitByUnicodeScript', 'boolean', 'true', 'no piece mixes scripts'],
  ['splitByNumber', 'boolean', 'true', 'no piece mixes digits and letters'],
  ['splitByWhitespace', 'boolean', 'true', 'no piece has a space inside'],
  ['splitDigits', 'boolean', 'false', 'every digit is a piece of its own'],
  ['controlSymbols', 'list', '', 'pieces that stand for no text, separated by commas'],
  ['userDefinedSymbols', 'list', '', 'pieces that are always taken where they occur, separated by commas'],
  ['byteFallback', 'boolean', 'false', 'pieces for the bytes of unknown characters'],
  ['hardVocabLimit', 'boolean', 'true', 'fail where the corpus gives fewer pieces than asked for'],
  ['unkId', 'number', '0', 'id of the unknown piece'],
  ['bosId', 'number', '1', 'id of the piece that begins a sentence, -1 for none'],
  ['eosId', 'number', '2', 'id of the piece that ends a sentence, -1 for none'],
  ['padId', 'number', '-1', 'id of the padding piece, -1 for none'],
  ['unkPiece', 'text', '<unk>', 'the unknown piece'],
  ['bosPiece', 'text', '<s>', 'the piece that begins a sentence'],
  ['eosPiece', 'text', '</s>', 'the piece that ends a sentence'],
  ['padPiece', 'text', '<pad>', 'the padding piece'],
  ['unkSurface', 'text', ' \u2047 ', 'what decoding writes for an unknown piece'],
  ['normalizationRuleName', 'text', 'nmt_nfkc', 'nmt_nfkc, nfkc, nmt_nfkc_cf, nfkc_cf or identity'],
  ['addDummyPrefix', 'boolean', 'true', 'put a space before a text'],
  ['removeExtraWhitespaces', 'boolean', 'true', 'drop spaces at the ends and join those inside'],
];

function flagOf(option: string): string {
  return `--${option.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

function parseValue(option: string, kind: Kind, given: string): unknown {
  const wrong = (expected: string) => new UsageError(`${flagOf(option)}: expected ${expected}, got ${JSON.stringify(given)}`);
  if (kind === 'number') {
    if (!/^-?\d+(\.\d+)?$/.test(given)) throw wrong('a number');
    return Number(given);
  }
  if (kind === 'boolean') {
    if (given !== 'true' && given !== 'false') throw wrong('true or false');
    return given === 'true';
  }
  return kind === 'list' ? given.split(',').filter((word) => word !== '') : given;
}

function trainerOptions(flags: Record<string, string>): TrainerOptions {
  return Object.fromEntries(FLAGS.map(([option, kind]) => [option, parseValue(option, kind, flags[option]!)])) as TrainerOptions;
}

/** What the library says of an option or the corpus, about the flag that the command line has for it. */
function asUsage(error: unknown): unknown {
  if (!(error instanceof TokenizerError)) return error;
  const [, subject, rest] = /^(\w+): (.*)$/s.exec(error.message) ?? [];
  if (subject === 'corpus') return new UsageError(`--input: ${rest}`);
  return FLAGS.some(([option]) => option === subject) ? new UsageError(`${flagOf(subject!)}: ${rest}`) : error;
}

function describe(event: TrainerEvent): string | undefined {
  if (event.type === 'loaded') {
    const { tooLong, reserved, empty } = event.skipped;
    return `read ${event.sentences} sentences (skipped: ${tooLong} too long, ${empty} empty, ${reserved} with U+2585); ${event.alphabet} characters cover ${(event.coverage * 100).toFixed(3)}%`;
  }
  if (event.type === 'seeded') return `begin with ${event.pieces} pieces over ${event.texts} texts`;
  if (event.type === 'step') return `round ${event.round + 1}, step ${event.step + 1}: ${event.pieces} pieces, objective ${event.objective.toFixed(5)}`;
  return event.type === 'pruned' ? `round ${event.round + 1}, pruned to ${event.pieces} pieces` : undefined;
}

async function* linesOfFiles(context: CliContext, paths: readonly string[]): AsyncGenerator<Uint8Array[]> {
  for (const path of paths) {
    const bytes = await readTextFile(context, '--input', path);
    try {
      requireUtf8(bytes, path);
    } catch (error) {
      throw error instanceof TokenizerError ? new UsageError(`--input: ${error.message}`) : error;
    }
    yield splitLines(bytes);
  }
}

async function train(context: CliContext, flags: Record<string, string>): Promise<void> {
  const { input, modelPrefix } = flags as { input: string; modelPrefix: string };
  const { files } = context.runtime;
  const paths = input.split(',').filter((path) => path !== '');
  if (paths.length === 0) throw new UsageError('--input: expected files, got none');
  const folder = modelPrefix.includes('/') ? modelPrefix.slice(0, modelPrefix.lastIndexOf('/') + 1) : '.';
  if (!(await files.isFolder(folder))) throw new UsageError(`--model-prefix: expected a folder that is there, got ${JSON.stringify(modelPrefix)}`);
  const options: TrainerOptions = { ...trainerOptions(flags), input: paths, modelPrefix };
  const lines: Uint8Array[] = [];
  for await (const more of linesOfFiles(context, paths)) for (const line of more) lines.push(line);
  const core = await openCore({ profile: 'strict', threads: 1 });
  let tokenizer: Tokenizer | undefined;
  try {
    for (const event of trainTokenizer(core, lines, options)) {
      const text = describe(event);
      if (text !== undefined) context.stderr(`${text}\n`);
      if (event.type === 'finished') tokenizer = event.tokenizer;
    }
  } catch (error) {
    throw asUsage(error);
  } finally {
    await core.close();
  }
  await files.writeWhole(`${modelPrefix}.vocab`, new TextEncoder().encode(tokenizer!.toVocab()));
  await files.writeWhole(`${modelPrefix}.model`, tokenizer!.toModel());
  context.stderr(`wrote ${modelPrefix}.model and ${modelPrefix}.vocab: ${tokenizer!.size} pieces\n`);
}

/** `isolab tokenizer train`. */
export function trainingCommand(context: CliContext): Command {
  const command = new Command('train').description('trains a unigram vocabulary; writes PREFIX.model and PREFIX.vocab as spm_train does')
    .requiredOption('--input <FILES>', 'sentences, one a line, in UTF-8; several files separated by commas')
    .requiredOption('--model-prefix <PREFIX>', 'where the files go');
  for (const [option, kind, initial, help] of FLAGS) {
    command.option(`${flagOf(option)} <${kind === 'number' ? 'N' : kind.toUpperCase()}>`, help, initial);
  }
  return command.action((flags: Record<string, string>) => train(context, flags));
}

