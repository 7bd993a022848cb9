// Training a translator: tokenizers, split, epochs, checkpoints. The stream of torch.manual_seed(seed) is drawn from in the order of
// the notebook: split, encoder, decoder, then for every epoch the loader's seeds and the masks.
import { Digest, type Core } from '../../core/index.js';
import { Generator } from '../../random/index.js';
import type { Tokenizer, TrainerEvent } from '../../text/index.js';
import { copyOf, decodeCheckpointFile, encodeCheckpointFile, restoreTensors, type CheckpointState } from '../checkpoint-file.js';
import type { TranslationConfig } from './config.js';
import { Corpus, makeTokenizer, splitCorpus, type Side, type TranslationData, type Tokenizers } from './corpus.js';
import type { EpochRow, TranslationEvent, TranslationResult } from './events.js';
import { EpochBatches } from './epoch-batches.js';
import { Trainer } from './trainer.js';

export interface TranslationRunOptions {
  /** Names the run inside its checkpoints. Default `run`. */
  runId?: string;
  /** Emit a checkpoint after every so many steps, and after each epoch; 0 (default) for none. */
  checkpointEvery?: number;
  /** Bytes of a checkpoint event of the same run: go on from there. */
  resume?: Uint8Array;
  /** Names those bytes in errors; default `checkpoint`. */
  resumeName?: string;
}

const VERSION = 1;
/** Steps between two progress events. */
const REPORTED = 10;

interface State extends CheckpointState {
  epoch: number;
  /** Batches done in this epoch. */
  batch: number;
  lossSum: number;
  adamSteps: number[];
  /** The generator now, and as it was at the beginning of the epoch. */
  generator: number[];
  epochGenerator: number[];
  rows: EpochRow[];
  bestEpoch: number;
}

class TranslationRun {
  readonly #config: TranslationConfig;
  readonly #options: TranslationRunOptions;
  readonly #tokenizers: Tokenizers;
  readonly #corpus: Corpus;
  readonly #generator: Generator;
  readonly #trainer: Trainer;
  readonly #train: Int32Array;
  readonly #test: Int32Array;
  readonly #batches: number;
  readonly #rows: EpochRow[] = [];
  #epochGenerator: Uint8Array;
  #epoch = 0;
  #batch = 0;
  #lossSum = 0;
  #bestEpoch = 0;

  constructor(core: Core, config: TranslationConfig, data: TranslationData, tokenizers: Tokenizers, options: TranslationRunOptions) {
    this.#config = config;
    this.#options = options;
    this.#tokenizers = tokenizers;
    this.#corpus = new Corpus(data.pairs, tokenizers, config.max_tokens);
    this.#generator = new Generator(core, config.seed);
    ({ train: this.#train, test: this.#test } = splitCorpus(this.#generator, this.#corpus.kept.length, config));
    this.#batches = Math.floor(this.#train.length / config.batch_size);
    this.#trainer = new Trainer(core, { source: tokenizers.source.size, target: tokenizers.target.size }, config, this.#generator);
    this.#epochGenerator = this.#generator.state();
  }

  get #done(): number {
    return this.#epoch * this.#batches + this.#batch;
  }

  async *events(): AsyncGenerator<TranslationEvent> {
    await this.#restore();
    yield {
      type: 'started', trainPairs: this.#train.length, testPairs: this.#test.length, leftOut: this.#corpus.leftOut, parameterCount: this.#trainer.model.parameterCount,
      vocabularies: { source: this.#tokenizers.source.size, target: this.#tokenizers.target.size }, totalSteps: this.#batches * this.#config.epochs, resumedAt: this.#done,
    };
    while (this.#epoch < this.#config.epochs && !this.#isStopped()) {
      yield* this.#runEpoch();
      yield* this.#checkpoint();
    }
    yield { type: 'finished', result: await this.#result() };
  }

  /** Whether the last epochs, as many as early stopping waits for, brought no better test perplexity. */
  #isStopped(): boolean {
    const { early_stopping } = this.#config;
    return early_stopping > 0 && this.#epoch - this.#bestEpoch >= early_stopping && this.#epoch > 0;
  }

  async *#runEpoch(): AsyncGenerator<TranslationEvent> {
    const { epochs, batch_size, bucketing } = this.#config;
    const { checkpointEvery = 0 } = this.#options;
    const isResumed = this.#batch > 0;
    const now = isResumed ? this.#generator.state() : undefined;
    if (isResumed) this.#generator.restore(this.#epochGenerator);
    else this.#epochGenerator = this.#generator.state();
    const batches = new EpochBatches(this.#generator, this.#corpus, this.#train, { batchSize: batch_size, bucketing });
    if (now !== undefined) this.#generator.restore(now);
    while (this.#batch < this.#batches) {
      this.#lossSum += this.#trainer.step(batches.at(this.#batch));
      this.#batch++;
      if (this.#batch % REPORTED === 0 || this.#batch === this.#batches) {
        yield {
          type: 'progress', epoch: this.#epoch + 1, epochs, batch: this.#batch, batches: this.#batches, perplexity: this.#trainer.perplexity(this.#lossSum / this.#batch),
          done: this.#done, totalSteps: this.#batches * epochs,
        };
      }
      if (checkpointEvery > 0 && this.#batch % checkpointEvery === 0 && this.#batch < this.#batches) yield* this.#checkpoint();
    }
    yield this.#endEpoch();
  }

  #endEpoch(): TranslationEvent {
    const row: EpochRow = {
      epoch: this.#epoch + 1, steps: (this.#epoch + 1) * this.#batches,
      train_perplexity: this.#trainer.perplexity(this.#lossSum / this.#batches), test_perplexity: this.#trainer.evaluate(this.#corpus, this.#test, this.#generator),
    };
    const best = this.#rows[this.#bestEpoch - 1];
    if (best === undefined || row.test_perplexity < best.test_perplexity) {
      this.#bestEpoch = row.epoch;
      if (this.#config.early_stopping > 0) this.#trainer.keepBest();
    }
    this.#rows.push(row);
    [this.#epoch, this.#batch, this.#lossSum] = [row.epoch, 0, 0];
    return { type: 'row', table: 'epochs', row };
  }

  async *#checkpoint(): AsyncGenerator<TranslationEvent> {
    if ((this.#options.checkpointEvery ?? 0) === 0) return;
    const tensors = new Map();
    for (const [name, tensor] of this.#trainer.tensors()) tensors.set(name, await copyOf(tensor));
    const state: State = {
      version: VERSION, runId: this.#options.runId ?? 'run', epoch: this.#epoch, batch: this.#batch, lossSum: this.#lossSum, adamSteps: this.#trainer.optimizer.state().steps,
      generator: Array.from(this.#generator.state()), epochGenerator: Array.from(this.#epochGenerator), rows: this.#rows, bestEpoch: this.#bestEpoch,
    };
    yield { type: 'checkpoint', done: this.#done, bytes: await encodeCheckpointFile(tensors, state) };
  }

  async #restore(): Promise<void> {
    const { resume, runId = 'run', resumeName = 'checkpoint' } = this.#options;
    if (resume === undefined) return;
    const { tensors, state } = await decodeCheckpointFile<State>(resume, { version: VERSION, runId }, resumeName);
    restoreTensors(tensors, this.#trainer.tensors());
    this.#trainer.optimizer.restoreSteps(state.adamSteps);
    this.#generator.restore(Uint8Array.from(state.generator));
    this.#epochGenerator = Uint8Array.from(state.epochGenerator);
    this.#rows.push(...state.rows);
    ({ epoch: this.#epoch, batch: this.#batch, lossSum: this.#lossSum, bestEpoch: this.#bestEpoch } = state);
  }

  async #result(): Promise<TranslationResult> {
    const keepsBest = this.#config.early_stopping > 0;
    const parameters = new Map();
    for (const [name, tensor] of keepsBest ? this.#trainer.bestParameters() : this.#trainer.model.parameters()) parameters.set(name, await copyOf(tensor));
    const digest = new Digest();
    for (const side of ['source', 'target'] as const) digest.add(`${side} tokenizer`, Array.from(this.#tokenizers[side].toModel()));
    for (const [name, { values }] of parameters) digest.add(name, values);
    for (const column of ['train_perplexity', 'test_perplexity'] as const) digest.add(column, this.#rows.map((row) => row[column]));
    return { rows: this.#rows, epoch: keepsBest ? this.#bestEpoch : this.#epoch, parameters, digest: await digest.hex() };
  }

  dispose(): void {
    this.#trainer.dispose();
    this.#generator.dispose();
  }
}

/** What the tokenizer's trainer is at; its last event is the tokenizer itself. */
function describe(event: TrainerEvent): string | undefined {
  if (event.type === 'loaded') return `${event.sentences} sentences, ${event.alphabet} characters`;
  if (event.type === 'seeded') return `${event.pieces} pieces to begin with`;
  return event.type === 'finished' ? undefined : `round ${event.round + 1}, ${event.pieces} pieces`;
}

async function* makeTokenizers(core: Core, config: TranslationConfig, data: TranslationData): AsyncGenerator<TranslationEvent, Tokenizers> {
  const made = {} as Record<Side, Tokenizer>;
  for (const side of ['source', 'target'] as const) {
    const training = makeTokenizer(core, side, data, config);
    let next = training.next();
    for (; next.done !== true; next = training.next()) {
      const note = describe(next.value);
      if (note !== undefined) yield { type: 'tokenizer', side, note };
    }
    made[side] = next.value;
  }
  yield { type: 'tokenizers', source: made.source.toModel(), target: made.target.toModel() };
  return made;
}

/**
 * Runs one configuration. Its events depend on `config`, the data and the core's profile alone.
 * @throws ConfigurationError for a configuration that does not fit the data, a tokenizer's own error, RangeError when memory is exhausted
 */
export async function* runTranslation(core: Core, config: TranslationConfig, data: TranslationData, options: TranslationRunOptions = {}): AsyncGenerator<TranslationEvent> {
  const tokenizers = yield* makeTokenizers(core, config, data);
  const run = core.memory.allOrNothing(() => new TranslationRun(core, config, data, tokenizers, options));
  try {
    yield* run.events();
  } finally {
    run.dispose();
  }
}
