// Sentence pairs and tokenizers that a translation configuration names, as files.
import { sha256 } from '../core/index.js';
import { readParallelText, type ParallelText } from '../data/texts.js';
import { ConfigurationError, quote } from '../experiments/configuration.js';
import type { TranslationConfig, TranslationData } from '../experiments/translation/index.js';
import type { Files } from '../runtime/runtime.js';

/** @throws ConfigurationError naming the flag when there is no such file */
async function readFileOf(files: Files, flag: string, path: string): Promise<Uint8Array> {
  try {
    return await files.read(path);
  } catch (error) {
    throw new ConfigurationError(`${flag}: expected a file that can be read, got ${quote(path)} (${(error as Error).message})`);
  }
}

async function readTokenizer(files: Files, flag: string, path: string | null): Promise<Uint8Array | undefined> {
  return path === null ? undefined : readFileOf(files, flag, path);
}

/** @throws ConfigurationError without --data; DataError for files that are no parallel text */
export async function readPairs(files: Files, { data, format, source_column, target_column }: TranslationConfig): Promise<ParallelText> {
  if (data === null) throw new ConfigurationError('--data: expected a TSV, a zip with one, or two aligned text files, got none');
  const contents = await Promise.all(data.map(async (name) => ({ name, bytes: await readFileOf(files, '--data', name) })));
  const sides = contents.length === 1 ? { source: source_column, target: target_column } : { source: contents[0]!.name, target: contents[1]!.name };
  return readParallelText(contents, { ...(format === 'auto' ? {} : { format }), ...sides });
}

/** All that a run reads, and what was left out of it. */
export async function loadTranslationData(files: Files, config: TranslationConfig): Promise<{ data: TranslationData; text: ParallelText }> {
  const text = await readPairs(files, config);
  const sourceTokenizer = await readTokenizer(files, '--source-tokenizer', config.source_tokenizer);
  const targetTokenizer = await readTokenizer(files, '--target-tokenizer', config.target_tokenizer);
  const hashes = await Promise.all([JSON.stringify(text.pairs.map(({ source, target }) => [source, target])), sourceTokenizer ?? '', targetTokenizer ?? ''].map((part) => sha256(part)));
  return {
    data: { pairs: text.pairs, sha256: await sha256(hashes.join('\n')), ...(sourceTokenizer === undefined ? {} : { sourceTokenizer }), ...(targetTokenizer === undefined ? {} : { targetTokenizer }) },
    text,
  };
}
