// `isolab translate evaluate`: corpus BLEU and chrF of a saved translator.
import { Command, Option } from 'commander';
import type { Core } from '../core/index.js';
import type { SentencePair } from '../data/texts.js';
import { heldOutPairs, Translator, type TranslationConfig } from '../experiments/translation/index.js';
import { loadTranslationData, readPairs } from '../runs/translation-data.js';
import { readModelFolder, type TranslationRecord } from '../runs/translation-folder.js';
import { corpusBleu, corpusChrf } from '../text/index.js';
import type { CliContext } from './context.js';
import { addCoreOptions, openChosenCore, type CoreFlags } from './core-options.js';
import { Progress } from './progress.js';
import { addDecodingOptions, parseDecoding, type DecodingFlags } from './translate-decoding.js';
import { UsageError } from './usage-error.js';
import { parseWhole } from './whole-number.js';

interface Options extends CoreFlags, DecodingFlags {
  model: string;
  data?: string;
  all?: boolean;
  pairs?: string;
  output?: string;
  json?: boolean;
}

/** A held-out pair, and whether the training pairs have its target sentence too. */
interface EvaluatedPair extends SentencePair {
  isSeen: boolean;
}

function configOf(record: TranslationRecord | undefined, options: Options): TranslationConfig {
  if (record === undefined) throw new UsageError(`--model: expected a run's folder with record.json, which says what was held out, got ${JSON.stringify(options.model)} without`);
  return options.data === undefined ? record.config : { ...record.config, data: options.data.split(',') };
}

/** The pairs that the run held out, or all of other files. */
async function pairsOf(context: CliContext, core: Core, translator: Translator, record: TranslationRecord | undefined, options: Options): Promise<EvaluatedPair[]> {
  const { files } = context.runtime;
  const config = configOf(record, options);
  if (options.all === true) return (await readPairs(files, config)).pairs.map((pair) => ({ ...pair, isSeen: false }));
  const { data } = await loadTranslationData(files, config);
  if (data.sha256 !== record!.data_sha256) {
    throw new UsageError(`--data: expected the pairs of run ${record!.run_id}, of which some were held out, got others; --all translates all pairs of any file`);
  }
  const { train, test } = heldOutPairs(core, data.pairs, translator.tokenizers, config);
  const seen = new Set(train.map(({ target }) => target));
  return test.map((pair) => ({ ...pair, isSeen: seen.has(pair.target) }));
}

interface Scores {
  pairs: number;
  bleu: number;
  bleu_signature: string;
  chrf: number;
  chrf_signature: string;
}

function scoresOf(core: Core, pairs: readonly EvaluatedPair[], hypotheses: readonly string[]): Scores {
  const references = [pairs.map(({ target }) => target)];
  const [bleu, chrf] = [corpusBleu(core, hypotheses, references), corpusChrf(hypotheses, references)];
  return { pairs: pairs.length, bleu: bleu.score, bleu_signature: bleu.signature, chrf: chrf.score, chrf_signature: chrf.signature };
}

async function translateAll(context: CliContext, translator: Translator, pairs: readonly EvaluatedPair[], options: Options): Promise<string[]> {
  const decoding = parseDecoding(options);
  const progress = new Progress(context);
  const hypotheses: string[] = [];
  // Sentences of like length are decoded together; sampling keeps the order, since it goes on with one stream.
  const order = [...pairs.keys()];
  if (decoding.sampleSeed === undefined) order.sort((a, b) => pairs[a]!.source.length - pairs[b]!.source.length || a - b);
  const together = decoding.sampleSeed === undefined ? 32 : pairs.length;
  progress.start(pairs.length, 0, '{bar} {value}/{total} sentences | {eta_formatted} left');
  for (let start = 0; start < order.length; start += together) {
    const part = order.slice(start, start + together);
    translator.translate(part.map((index) => pairs[index]!.source), decoding).forEach((text, at) => (hypotheses[part[at]!] = text));
    progress.update(Math.min(start + together, pairs.length), '');
    // Lets the bar be drawn, and a signal be heard.
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  progress.stop();
  return hypotheses;
}

async function evaluate(context: CliContext, core: Core, options: Options): Promise<void> {
  const { files } = context.runtime;
  const { saved, record } = await readModelFolder(files, options.model);
  const most = options.pairs === undefined ? Infinity : parseWhole('--pairs', options.pairs, 1);
  const translator = Translator.open(core, saved, options.model);
  try {
    const pairs = (await pairsOf(context, core, translator, record, options)).slice(0, most);
    const hypotheses = await translateAll(context, translator, pairs, options);
    const unseen = [...pairs.keys()].filter((index) => !pairs[index]!.isSeen);
    const ofUnseen = () => scoresOf(core, unseen.map((index) => pairs[index]!), unseen.map((index) => hypotheses[index]!));
    const scores = { all: scoresOf(core, pairs, hypotheses), unseen: unseen.length === 0 ? null : ofUnseen() };
    if (options.output !== undefined) {
      const lines = pairs.map(({ source, target }, index) => `${source}\t${hypotheses[index]}\t${target}\n`);
      await files.writeWhole(options.output, new TextEncoder().encode(lines.join('')));
    }
    if (options.json === true) context.stdout(`${JSON.stringify({ model: options.model, ...scores })}\n`);
    else printScores(context, scores);
  } finally {
    translator.dispose();
  }
}

function printScores(context: CliContext, { all, unseen }: { all: Scores; unseen: Scores | null }): void {
  const line = (name: string, { pairs, bleu, chrf }: Scores) => context.stdout(`${name}: ${pairs} pairs, BLEU ${bleu.toFixed(2)}, chrF ${chrf.toFixed(2)}\n`);
  line('held out', all);
  if (unseen !== null && unseen.pairs < all.pairs) line('of these, translations that no training pair has', unseen);
  context.stdout(`${all.bleu_signature}\n${all.chrf_signature}\n`);
}

export function evaluateCommand(context: CliContext): Command {
  const command = new Command('evaluate')
    .description('corpus BLEU and chrF, as sacreBLEU counts them, over the pairs that a training held out')
    .addOption(new Option('--model <DIR>', "a run's folder").makeOptionMandatory())
    .addOption(new Option('--data <FILE[,FILE]>', 'where the pairs are now (default: where they were at training)'))
    .addOption(new Option('--all', 'all pairs of --data, which may be any, as if held out'))
    .addOption(new Option('--pairs <N>', 'only the first N of them'))
    .addOption(new Option('--output <FILE>', 'write source, translation and reference of each pair as TSV'))
    .addOption(new Option('--json', 'print the scores as one line of JSON'));
  addDecodingOptions(command);
  return addCoreOptions(command, 'Running:').action(async (options: Options) => {
    parseDecoding(options);
    const core = await openChosenCore(context, options);
    try {
      await evaluate(context, core, options);
    } finally {
      await core.close();
    }
  });
}
