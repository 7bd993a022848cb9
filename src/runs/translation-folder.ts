// The folder of translation runs: each run in a folder of its own, named by its content hash, with the model in it.
import { ConfigurationError, quote } from '../experiments/configuration.js';
import { identifying, runIdOf, type RunSetting } from '../experiments/identity.js';
import {
  encodeTranslator, TRANSLATOR_FILES, translationFields, type EpochRow, type TranslationConfig, type TranslationResult, type TranslatorFiles,
} from '../experiments/translation/index.js';
import { formatPandasCsv, type PandasColumn } from '../outputs/index.js';
import type { Files } from '../runtime/runtime.js';
import { Tokenizer } from '../text/index.js';
import { readIfThere, readOwnJson, recordOf, RunFolder, type RunRecord } from './run-folder.js';
import { drawLearningCurves } from './translation-curves.js';

export type TranslationRecord = RunRecord<TranslationConfig> & { rows: EpochRow[]; epoch: number };

/** What a training leaves for its folder. */
export interface TranslationOutcome {
  result: TranslationResult;
  /** Both .model files. */
  tokenizers: { source: Uint8Array; target: Uint8Array };
  /** Of each epoch that was computed without interruption, by its number. */
  seconds: ReadonlyMap<number, number>;
}

const EPOCH_COLUMNS: readonly PandasColumn[] = [
  { name: 'epoch', kind: 'whole' }, { name: 'steps', kind: 'whole' }, { name: 'train_perplexity', kind: 'float' }, { name: 'test_perplexity', kind: 'float' },
];

/** The 12 hexadecimal digits that name a run. */
export function translationRunId(config: TranslationConfig, setting: RunSetting): Promise<string> {
  return runIdOf('translation', identifying(translationFields, config), setting);
}

export class TranslationFolder extends RunFolder<TranslationRecord> {
  readonly #runId: string;

  constructor(files: Files, outDir: string, runId: string) {
    super(files, `${outDir}/${runId}`);
    this.#runId = runId;
  }

  /**
   * Writes the model, its vocabularies, epochs.csv, seconds.csv, curves.svg, and record.json, which says that the run has ended.
   * @param setting what the run's name was made of beside its configuration
   */
  async record(config: TranslationConfig, { result, tokenizers, seconds }: TranslationOutcome, setting: RunSetting): Promise<TranslationRecord> {
    const { rows, epoch, digest } = result;
    const record: TranslationRecord = recordOf(this.#runId, config, { rows, epoch }, digest, setting);
    const saved = encodeTranslator(config, tokenizers, result, this.#runId);
    for (const part of Object.keys(TRANSLATOR_FILES) as (keyof TranslatorFiles)[]) await this.write(TRANSLATOR_FILES[part], saved[part]);
    for (const side of ['source', 'target'] as const) await this.write(`${side}.vocab`, Tokenizer.fromModel(tokenizers[side]).toVocab());
    await this.write('epochs.csv', formatPandasCsv(EPOCH_COLUMNS, rows as unknown as Record<string, unknown>[]));
    const times = [...seconds].map(([each, spent]) => ({ epoch: each, seconds: spent }));
    await this.write('seconds.csv', formatPandasCsv([{ name: 'epoch', kind: 'whole' }, { name: 'seconds', kind: 'float' }], times));
    await this.write('curves.svg', drawLearningCurves([{ name: this.#runId, rows }]));
    await this.end(`${JSON.stringify(record, null, 2)}\n`);
    return record;
  }
}

/** A saved model's files and, where the folder is a run's, its record. @throws ConfigurationError naming --model and what is missing */
export async function readModelFolder(files: Files, folder: string): Promise<{ saved: TranslatorFiles; record: TranslationRecord | undefined }> {
  const saved = {} as TranslatorFiles;
  for (const part of Object.keys(TRANSLATOR_FILES) as (keyof TranslatorFiles)[]) {
    const bytes = await readIfThere(files, `${folder}/${TRANSLATOR_FILES[part]}`);
    if (bytes === undefined) throw new ConfigurationError(`--model: expected a folder with ${Object.values(TRANSLATOR_FILES).join(', ')}, got ${quote(folder)} without ${TRANSLATOR_FILES[part]}`);
    saved[part] = bytes;
  }
  return { saved, record: await readOwnJson(files, `${folder}/record.json`) };
}
