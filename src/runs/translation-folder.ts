// The folder of translation runs: each run in a folder of its own, named by its content hash, with the model in it.
import { ConfigurationError, quote } from '../experiments/configuration.js';
import { identifying, runIdOf, type RunSetting } from '../experiments/identity.js';
import {
  encodeTranslator, TRANSLATOR_FILES, translationFields, type EpochRow, type TranslationConfig, type TranslationResult, type TranslatorFiles,
} from '../experiments/translation/index.js';
import { formatPandasCsv, removeNamed, writeTidily, type PandasColumn } from '../outputs/index.js';
import type { Files } from '../runtime/runtime.js';
import { Tokenizer } from '../text/index.js';
import { VERSION } from '../version.js';
import { drawLearningCurves } from './translation-curves.js';

export interface TranslationRecord {
  run_id: string;
  config: TranslationConfig;
  rows: EpochRow[];
  epoch: number;
  result_digest: string;
  program: string;
  profile: string;
  wasm_sha256: string;
  data_sha256: string;
  bits_promised: true;
}

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

const RECORD = 'record.json';
const CHECKPOINT = '.checkpoint.safetensors';
const encode = (text: string) => new TextEncoder().encode(text);

async function readWhere(files: Files, path: string): Promise<Uint8Array | undefined> {
  return (await files.size(path)) === undefined ? undefined : files.read(path);
}

/** A run's record. @throws Error naming the file when it is damaged */
async function readRecord(files: Files, path: string): Promise<TranslationRecord | undefined> {
  const bytes = await readWhere(files, path);
  if (bytes === undefined) return undefined;
  try {
    return JSON.parse(new TextDecoder().decode(bytes)) as TranslationRecord;
  } catch (error) {
    throw new Error(`${path}: expected the JSON that isolab wrote, got ${(error as Error).message}; remove the file to compute it again`);
  }
}

/** The 12 hexadecimal digits that name a run. */
export function translationRunId(config: TranslationConfig, setting: RunSetting): Promise<string> {
  return runIdOf('translation', identifying(translationFields, config), setting);
}

export class TranslationFolder {
  readonly path: string;
  readonly #files: Files;
  readonly #runId: string;

  constructor(files: Files, outDir: string, runId: string) {
    this.#files = files;
    this.#runId = runId;
    this.path = `${outDir}/${runId}`;
  }

  get checkpointPath(): string {
    return `${this.path}/${CHECKPOINT}`;
  }

  /** @throws Error naming --out-dir when it cannot be written */
  async open(): Promise<void> {
    try {
      await this.#files.makeFolder(this.path);
    } catch (error) {
      throw new Error(`--out-dir: expected a folder that can be written, got ${this.path} (${(error as Error).message})`);
    }
  }

  /** The run's record, if it has ended here; a checkpoint that a kill left beside it goes. */
  async recorded(): Promise<TranslationRecord | undefined> {
    const record = await readRecord(this.#files, `${this.path}/${RECORD}`);
    if (record !== undefined) await removeNamed(this.#files, this.path, CHECKPOINT);
    return record;
  }

  readCheckpoint(): Promise<Uint8Array | undefined> {
    return readWhere(this.#files, this.checkpointPath);
  }

  async writeCheckpoint(bytes: Uint8Array): Promise<void> {
    await this.#files.writeWhole(this.checkpointPath, bytes);
  }

  /**
   * Writes the model, its vocabularies, epochs.csv, seconds.csv, curves.svg, and record.json, which says that the run has ended.
   * @param setting what the run's name was made of beside its configuration
   */
  async record(config: TranslationConfig, { result, tokenizers, seconds }: TranslationOutcome, setting: RunSetting): Promise<TranslationRecord> {
    const record: TranslationRecord = {
      run_id: this.#runId, config, rows: result.rows, epoch: result.epoch, result_digest: result.digest, program: `isolab ${VERSION}`,
      profile: setting.profile, wasm_sha256: setting.wasmHash, data_sha256: setting.dataHash, bits_promised: true,
    };
    const saved = encodeTranslator(config, tokenizers, result, this.#runId);
    for (const part of Object.keys(TRANSLATOR_FILES) as (keyof TranslatorFiles)[]) await this.#write(TRANSLATOR_FILES[part], saved[part]);
    for (const side of ['source', 'target'] as const) await this.#write(`${side}.vocab`, encode(Tokenizer.fromModel(tokenizers[side]).toVocab()));
    await this.#write('epochs.csv', encode(formatPandasCsv(EPOCH_COLUMNS, record.rows as unknown as Record<string, unknown>[])));
    const times = [...seconds].map(([epoch, spent]) => ({ epoch, seconds: spent }));
    await this.#write('seconds.csv', encode(formatPandasCsv([{ name: 'epoch', kind: 'whole' }, { name: 'seconds', kind: 'float' }], times)));
    await this.#write('curves.svg', encode(drawLearningCurves([{ name: this.#runId, rows: record.rows }])));
    await this.#write(RECORD, encode(`${JSON.stringify(record, null, 2)}\n`));
    await removeNamed(this.#files, this.path, CHECKPOINT);
    return record;
  }

  async #write(name: string, bytes: Uint8Array): Promise<void> {
    await writeTidily(this.#files, this.path, name, bytes);
  }
}

/** A saved model's files and, where the folder is a run's, its record. @throws ConfigurationError naming --model and what is missing */
export async function readModelFolder(files: Files, folder: string): Promise<{ saved: TranslatorFiles; record: TranslationRecord | undefined }> {
  const saved = {} as TranslatorFiles;
  for (const part of Object.keys(TRANSLATOR_FILES) as (keyof TranslatorFiles)[]) {
    const bytes = await readWhere(files, `${folder}/${TRANSLATOR_FILES[part]}`);
    if (bytes === undefined) throw new ConfigurationError(`--model: expected a folder with ${Object.values(TRANSLATOR_FILES).join(', ')}, got ${quote(folder)} without ${TRANSLATOR_FILES[part]}`);
    saved[part] = bytes;
  }
  return { saved, record: await readRecord(files, `${folder}/${RECORD}`) };
}
