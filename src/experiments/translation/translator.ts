// A trained translator: sentences in, sentences out. Saved as JSON, safetensors and the two tokenizers' .model files.
import type { Core } from '../../core/index.js';
import { decodeSafetensors, encodeSafetensors, type NamedArray } from '../../nn/index.js';
import { PythonRandom } from '../../random/index.js';
import { Stepper } from '../../tensor/index.js';
import { Tokenizer } from '../../text/index.js';
import { restoreTensors } from '../checkpoint-file.js';
import { quote } from '../configuration.js';
import { decodeByBeam } from './beam.js';
import type { TranslationConfig } from './config.js';
import type { Tokenizers } from './corpus.js';
import { decodeBySampling, decodeGreedily, type DecodingParts } from './decoding.js';
import { Seq2Seq, type ModelConfig } from './model.js';

/** Files of a saved model. */
export const TRANSLATOR_FILES = { description: 'translation.json', tensors: 'model.safetensors', source: 'source.model', target: 'target.model' } as const;
export type TranslatorFiles = Record<keyof typeof TRANSLATOR_FILES, Uint8Array>;

const FORMAT = 'isolab translation';
const VERSION = 1;
/** Most tokens of a source sentence, eos included; beyond it a state has long forgotten the beginning. */
const LONGEST_SOURCE = 1000;
/** Sentences that are translated together. */
const TOGETHER = 32;

interface Description {
  format: string;
  version: number;
  model: ModelConfig;
  epoch: number;
  run_id: string;
  digest: string;
}

/** What a saved model cannot be opened or used for. */
export class TranslatorError extends Error {
  override name = 'TranslatorError';
}

export interface TranslateOptions {
  /** Most tokens of a translation. Default 101, where the notebook's loop stops. */
  maxTokens?: number;
  /** Hypotheses of a beam search; 1 (default) is the greedy choice. */
  beam?: number;
  /** alpha of the beam's length penalty. Default 0.6. */
  lengthPenalty?: number;
  /** Draw tokens instead, from Python's random of this seed. */
  sampleSeed?: number;
  /** Start the decoder's third layer from zero at every token, as the notebook does. Default false. */
  restartThirdLayer?: boolean;
}

/** The files of a trained model. */
export function encodeTranslator(
  config: TranslationConfig, tokenizers: { source: Uint8Array; target: Uint8Array }, result: { parameters: Map<string, NamedArray>; epoch: number; digest: string }, runId: string,
): TranslatorFiles {
  const { embed_size, hidden_size, dropout, third_layer, attention, tied_embeddings } = config;
  const description: Description = {
    format: FORMAT, version: VERSION, model: { embed_size, hidden_size, dropout, third_layer, attention, tied_embeddings }, epoch: result.epoch, run_id: runId, digest: result.digest,
  };
  return {
    description: new TextEncoder().encode(`${JSON.stringify(description, null, 2)}\n`),
    tensors: encodeSafetensors({ tensors: result.parameters, metadata: { run_id: runId, digest: result.digest } }),
    ...tokenizers,
  };
}

function readDescription(bytes: Uint8Array, name: string): Description {
  let found: Partial<Description>;
  try {
    found = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as Partial<Description>;
  } catch (error) {
    throw new TranslatorError(`${name}: expected the JSON of a saved translator, got ${(error as Error).message}`);
  }
  if (found?.format !== FORMAT) throw new TranslatorError(`${name}: expected format ${quote(FORMAT)}, got ${quote(found?.format)}; train the model again`);
  if (found.version !== VERSION) throw new TranslatorError(`${name}: expected version ${VERSION} of a saved translator, got ${quote(found.version)}; train the model again with this version`);
  return found as Description;
}

export class Translator {
  readonly tokenizers: Tokenizers;
  readonly description: Readonly<Description>;
  readonly #parts: DecodingParts;

  private constructor(tokenizers: Tokenizers, description: Description, parts: DecodingParts) {
    this.tokenizers = tokenizers;
    this.description = description;
    this.#parts = parts;
  }

  /**
   * Opens a saved model. Dispose of it.
   * @param folder named in errors
   * @throws TranslatorError for files that are no saved model of this version, or do not fit each other
   */
  static open(core: Core, files: TranslatorFiles, folder = 'model'): Translator {
    const description = readDescription(files.description, `${folder}/${TRANSLATOR_FILES.description}`);
    const tokenizers = { source: Tokenizer.fromModel(files.source), target: Tokenizer.fromModel(files.target) };
    const { hidden_size } = description.model;
    const { tensors, metadata } = decodeSafetensors(files.tensors, `${folder}/${TRANSLATOR_FILES.tensors}`);
    if (metadata.digest !== description.digest) {
      throw new TranslatorError(`${folder}: expected ${TRANSLATOR_FILES.description} and ${TRANSLATOR_FILES.tensors} of one run, got digests ${description.digest} and ${metadata.digest}`);
    }
    const model = core.memory.allOrNothing(() => new Seq2Seq(core, { source: tokenizers.source.size, target: tokenizers.target.size }, description.model));
    try {
      restoreTensors(tensors, model.parameters());
    } catch (error) {
      model.dispose();
      throw new TranslatorError(`${folder}: ${(error as Error).message}`);
    }
    const { bosId: bos, eosId: eos, unkId: unk } = tokenizers.target;
    return new Translator(tokenizers, description, { core, model, stepper: new Stepper(core), hidden: hidden_size, ids: { bos, eos, unk } });
  }

  #sourceOf(text: string, index: number): Int32Array {
    const { source } = this.tokenizers;
    const ids = source.encode(text);
    if (ids.length >= LONGEST_SOURCE) throw new TranslatorError(`sentence ${index + 1}: expected fewer than ${LONGEST_SOURCE} tokens, got ${ids.length}; split it`);
    return Int32Array.of(...ids, source.eosId);
  }

  /**
   * Translates sentences; which are given together changes no translation, but that sampling goes on with one stream.
   * @throws TranslatorError naming a sentence that is too long
   */
  translate(texts: readonly string[], options: TranslateOptions = {}): string[] {
    const sources = texts.map((text, index) => this.#sourceOf(text, index));
    const outputs: string[] = [];
    const random = options.sampleSeed === undefined ? undefined : new PythonRandom(options.sampleSeed);
    for (let start = 0; start < sources.length; start += TOGETHER) {
      const part = sources.slice(start, start + TOGETHER);
      outputs.push(...this.#decode(part, options, random).map((ids) => this.tokenizers.target.decode(ids)));
    }
    return outputs;
  }

  #decode(sources: readonly Int32Array[], options: TranslateOptions, random: PythonRandom | undefined): number[][] {
    const { maxTokens = 101, beam = 1, lengthPenalty = 0.6, restartThirdLayer = false } = options;
    if (random !== undefined) return sources.map((source) => decodeBySampling(this.#parts, source, { maxTokens, restartThirdLayer, random }));
    if (beam > 1) return sources.map((source) => decodeByBeam(this.#parts, source, { maxTokens, restartThirdLayer, beam, lengthPenalty }));
    return decodeGreedily(this.#parts, sources, { maxTokens, restartThirdLayer });
  }

  dispose(): void {
    this.#parts.model.dispose();
    this.#parts.stepper.dispose();
  }
}
