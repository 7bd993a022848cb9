// The flags that say how a saved translator translates.
import { Option, type Command } from 'commander';
import type { TranslateOptions } from '../experiments/translation/index.js';
import { UsageError } from './usage-error.js';
import { parseWhole } from './whole-number.js';

export interface DecodingFlags {
  beam: string;
  lengthPenalty: string;
  maxTokens: string;
  sample?: boolean;
  sampleSeed: string;
  restartThirdLayer?: boolean;
}

export function addDecodingOptions(command: Command): Command {
  const group = 'Decoding:';
  return command
    .addOption(new Option('--beam <N>', 'hypotheses of a beam search; 1 takes the likeliest token each time').default('1').helpGroup(group))
    .addOption(new Option('--length-penalty <ALPHA>', "the beam's scores are log P / ((5 + length) / 6)^ALPHA").default('0.6').helpGroup(group))
    .addOption(new Option('--max-tokens <N>', 'most tokens of a translation').default('101').helpGroup(group))
    .addOption(new Option('--sample', 'draw each token from its probability').helpGroup(group))
    .addOption(new Option('--sample-seed <N>', "seed of --sample, as Python's random.seed").default('0').helpGroup(group))
    .addOption(new Option('--restart-third-layer', "start the decoder's third layer from zero at every token, as the notebook does").helpGroup(group));
}

/** @throws UsageError naming the flag */
export function parseDecoding(flags: DecodingFlags): TranslateOptions {
  const beam = parseWhole('--beam', flags.beam, 1);
  const lengthPenalty = flags.lengthPenalty.trim() === '' ? NaN : Number(flags.lengthPenalty);
  if (!(lengthPenalty >= 0 && lengthPenalty < Infinity)) throw new UsageError(`--length-penalty: expected a number of at least 0, got ${JSON.stringify(flags.lengthPenalty)}`);
  if (flags.sample === true && beam > 1) throw new UsageError(`--sample: expected --beam 1 beside it, got --beam ${beam}`);
  return {
    beam, lengthPenalty, maxTokens: parseWhole('--max-tokens', flags.maxTokens, 1), restartThirdLayer: flags.restartThirdLayer === true,
    ...(flags.sample === true ? { sampleSeed: parseWhole('--sample-seed', flags.sampleSeed, 0) } : {}),
  };
}
