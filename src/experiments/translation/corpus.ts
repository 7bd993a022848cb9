// Sentence pairs as token ids: both tokenizers, the limits, and the random split.
import type { Core } from '../../core/index.js';
import { splitPairs, type SentencePair } from '../../data/texts.js';
import { Generator as RandomGenerator } from '../../random/index.js';
import { Tokenizer, TokenizerError, trainTokenizer, type TrainerEvent } from '../../text/index.js';
import { ConfigurationError } from '../configuration.js';
import type { TranslationConfig } from './config.js';

/** What a run is given: its pairs, and tokenizers where they are not trained. */
export interface TranslationData {
  pairs: readonly SentencePair[];
  /** SHA-256 of the pairs and of the tokenizers' files. */
  sha256: string;
  /** Bytes of a SentencePiece .model. */
  sourceTokenizer?: Uint8Array;
  targetTokenizer?: Uint8Array;
}

export interface Tokenizers {
  source: Tokenizer;
  target: Tokenizer;
}

export type Side = keyof Tokenizers;

/** `pad_id` of the notebook's tokenizers. */
const PAD_ID = 3;

function requirePieces(tokenizer: Tokenizer, flag: string, names: readonly ('bos' | 'eos' | 'pad')[]): void {
  for (const name of names) {
    if (tokenizer[`${name}Id`] < 0) throw new ConfigurationError(`${flag}: expected a tokenizer with ${names.join(', ')}, got one without ${name}`);
  }
}

function* trainSide(core: Core, side: Side, { pairs }: TranslationData, config: TranslationConfig): Generator<TrainerEvent, Tokenizer> {
  try {
    return yield* trainTokenizer(core, pairs.map((pair) => pair[side]), { vocabSize: config.vocab_size, padId: PAD_ID });
  } catch (error) {
    if (!(error instanceof TokenizerError || error instanceof RangeError)) throw error;
    throw new ConfigurationError(`${side} tokenizer: ${error.message.replace(/^vocabSize/, '--vocab-size')}`);
  }
}

/** Reads a side's tokenizer, or trains it on all sentences of that side. @throws ConfigurationError, or the tokenizer's own errors */
export function* makeTokenizer(core: Core, side: Side, data: TranslationData, config: TranslationConfig): Generator<TrainerEvent, Tokenizer> {
  const bytes = side === 'source' ? data.sourceTokenizer : data.targetTokenizer;
  const tokenizer = bytes === undefined ? yield* trainSide(core, side, data, config) : Tokenizer.fromModel(bytes);
  requirePieces(tokenizer, `--${side}-tokenizer`, side === 'source' ? ['eos', 'pad'] : ['bos', 'eos', 'pad']);
  return tokenizer;
}

/** Tokenized pairs, those beyond --max-tokens left out. */
export class Corpus {
  /** Source tokens with eos. */
  readonly sources: Int32Array[] = [];
  /** bos, target tokens, eos: the decoder's input is all but the last, what it learns all but the first. */
  readonly targets: Int32Array[] = [];
  /** Index of each kept pair among all. */
  readonly kept: number[] = [];
  readonly leftOut: number;

  constructor(pairs: readonly SentencePair[], { source, target }: Tokenizers, maxTokens: number) {
    for (const [index, pair] of pairs.entries()) {
      const [from, to] = [source.encode(pair.source), target.encode(pair.target)];
      if (maxTokens > 0 && Math.max(from.length, to.length) > maxTokens) continue;
      this.kept.push(index);
      this.sources.push(Int32Array.of(...from, source.eosId));
      this.targets.push(Int32Array.of(target.bosId, ...to, target.eosId));
    }
    this.leftOut = pairs.length - this.kept.length;
  }
}

/** The fraction that is left, as people write it: 0.2 beside 0.8, where 1 - 0.8 is below 0.2. */
const complement = (fraction: number) => Math.round((1 - fraction) * 1e12) / 1e12;

/** random_split of the notebook, [0.8, 0.2] by default: indices into a corpus. @throws ConfigurationError when a part has no batch */
export function splitCorpus(generator: RandomGenerator, count: number, { train_fraction, batch_size }: TranslationConfig): { train: Int32Array; test: Int32Array } {
  if (count < 2 * batch_size) throw new ConfigurationError(`--batch-size: expected at most half of the ${count} pairs, got ${batch_size}`);
  const [train, test] = splitPairs(count, [train_fraction, complement(train_fraction)], generator) as [Int32Array, Int32Array];
  for (const [name, part] of [['training', train], ['held-out', test]] as const) {
    if (part.length < batch_size) throw new ConfigurationError(`--batch-size: expected at most the ${part.length} ${name} pairs of ${count}, got ${batch_size}`);
  }
  return { train, test };
}

/** The pairs that a run of this configuration trains on and holds out. */
export function heldOutPairs(
  core: Core, pairs: readonly SentencePair[], tokenizers: Tokenizers, config: TranslationConfig,
): { train: SentencePair[]; test: SentencePair[] } {
  const { kept } = new Corpus(pairs, tokenizers, config.max_tokens);
  const generator = new RandomGenerator(core, config.seed);
  const { train, test } = splitCorpus(generator, kept.length, config);
  generator.dispose();
  const pick = (part: Int32Array) => Array.from(part, (index) => pairs[kept[index]!]!);
  return { train: pick(train), test: pick(test) };
}
