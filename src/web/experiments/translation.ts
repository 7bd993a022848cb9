// Translation in the page: tokenizers, training, and files that a sentence can then be asked of.
import {
  resolveTranslationConfig, runTranslation, translationFields, type TranslationConfig, type TranslationEvent, type TranslationResult,
} from '../../experiments/translation/index.js';
import { loadTranslationData } from '../../runs/translation-data.js';
import { TranslationFolder, translationRunId, type TranslationOutcome } from '../../runs/translation-folder.js';
import { anyExperiment, point, type Figure, type LabExperiment, type RunEvent, type RunPlace } from '../experiment.js';
import { SHORT_PAIRS } from '../page-data.js';

const CHECKPOINT_EVERY = 500;
/** A held-out batch's time in training steps: it goes forward alone. */
const EVALUATION = 1 / 3;

type Started = Extract<TranslationEvent, { type: 'started' }>;

function titleOf({ trainPairs, testPairs, leftOut, vocabularies, parameterCount, totalSteps }: Started): string {
  const beyond = leftOut === 0 ? '' : `, ${leftOut} beyond --max-tokens left out`;
  return `${trainPairs} pairs to train on, ${testPairs} held out${beyond}; ${vocabularies.source} and ${vocabularies.target} pieces, ${parameterCount} parameters, ${totalSteps} steps`;
}

/** Shows a training's events, and keeps what its folder needs at the end. Work is counted in training steps. */
class TrainingWatcher {
  readonly #config: TranslationConfig;
  readonly #now: () => number;
  readonly #seconds = new Map<number, number>();
  #tokenizers: TranslationOutcome['tokenizers'] | undefined;
  /** Work of an epoch's evaluation. */
  #evaluation = 0;
  #epochsDone = 0;
  #began = 0;
  /** Whether the epoch that is going on was begun here. */
  #isWhole = true;

  constructor(config: TranslationConfig, now: () => number) {
    this.#config = config;
    this.#now = now;
  }

  #work(steps: number): number {
    return steps + this.#epochsDone * this.#evaluation;
  }

  outcome(result: TranslationResult): TranslationOutcome {
    return { result, tokenizers: this.#tokenizers!, seconds: this.#seconds };
  }

  *show(event: TranslationEvent): Iterable<RunEvent> {
    if (event.type === 'tokenizer') yield { type: 'progress', done: 0, note: `${event.side} tokenizer: ${event.note}` };
    else if (event.type === 'tokenizers') this.#tokenizers = { source: event.source, target: event.target };
    else if (event.type === 'started') yield this.#start(event);
    else if (event.type === 'progress') {
      yield { type: 'progress', done: this.#work(event.done), note: `epoch ${event.epoch} of ${event.epochs}, perplexity ${event.perplexity.toFixed(2)}` };
      yield point('training', 'training', event.done, event.perplexity);
    } else if (event.type === 'row') yield* this.#endEpoch(event.row);
  }

  #start(event: Started): RunEvent {
    const { epochs, batch_size } = this.#config;
    this.#evaluation = Math.floor(event.testPairs / batch_size) * EVALUATION;
    this.#epochsDone = Math.floor(event.resumedAt / (event.totalSteps / epochs));
    this.#isWhole = event.resumedAt === 0;
    this.#began = this.#now();
    return { type: 'started', title: titleOf(event), total: event.totalSteps + epochs * this.#evaluation, done: this.#work(event.resumedAt) };
  }

  *#endEpoch({ epoch, steps, train_perplexity, test_perplexity }: TranslationResult['rows'][number]): Iterable<RunEvent> {
    if (this.#isWhole) this.#seconds.set(epoch, (this.#now() - this.#began) / 1000);
    this.#isWhole = true;
    this.#began = this.#now();
    this.#epochsDone = epoch;
    yield { type: 'progress', done: this.#work(steps), note: `epoch ${epoch} of ${this.#config.epochs}, held-out perplexity ${test_perplexity.toFixed(2)}` };
    yield point('epochs', 'training', epoch, train_perplexity);
    yield point('epochs', 'held out', epoch, test_perplexity);
    yield { type: 'line', text: `epoch ${epoch}: perplexity ${train_perplexity.toFixed(2)} in training, ${test_perplexity.toFixed(2)} held out` };
  }
}

function figuresOf({ rows, epoch }: TranslationResult): Figure[] {
  const { train_perplexity, test_perplexity } = rows[epoch - 1]!;
  return [
    { name: 'Held-out perplexity', value: test_perplexity.toPrecision(4) }, { name: 'Training perplexity', value: train_perplexity.toPrecision(4) },
    { name: 'Epoch that is kept', value: `${epoch} of ${rows.length}` },
  ];
}

async function* run(place: RunPlace, config: TranslationConfig): AsyncGenerator<RunEvent> {
  const { core, files } = place;
  const { data } = await loadTranslationData(place.source.files, config);
  const setting = { profile: core.profile, wasmHash: core.wasmHash, dataHash: data.sha256 };
  const runId = await translationRunId(config, setting);
  const folder = new TranslationFolder(files, config.out_dir, runId);
  const watcher = new TrainingWatcher(config, place.now);
  const options = { runId, checkpointEvery: place.checkpointEvery ?? CHECKPOINT_EVERY, ...(await folder.resumption()) };
  for await (const event of runTranslation(core, config, data, options)) {
    if (event.type === 'started') await folder.open();
    yield* watcher.show(event);
    if (event.type === 'checkpoint') {
      await folder.writeCheckpoint(event.bytes);
      yield { type: 'checkpoint' };
    } else if (event.type === 'finished') {
      await folder.record(config, watcher.outcome(event.result), setting);
      yield { type: 'finished', digest: event.result.digest, dataHash: data.sha256, figures: figuresOf(event.result) };
    }
  }
}

/** Pairs of https://www.manythings.org/anki/, which the page does not carry. */
const ALL_PAIRS = { data: ['jpn-eng.zip'] };
/** `npm run reproduce:translation` trains so. */
const SMALL = { attention: 'residual', third_layer: 'encoder', dropout: 0.1, lr: 0.003, clip_norm: 1 };
const MINUTE = { data: [SHORT_PAIRS], vocab_size: 360, embed_size: 64, hidden_size: 96, batch_size: 32, epochs: 8, ...SMALL };

const experiment: LabExperiment<TranslationConfig> = {
  name: 'translate train',
  title: 'Translation',
  sentence: 'Two tokenizers and an LSTM learn to translate sentence pairs; then type a sentence.',
  fields: translationFields,
  resolve: resolveTranslationConfig,
  presets: [
    { name: 'The notebook’s default', sentence: 'Three layers of 512 on 62,000 pairs: many hours. Add jpn-eng.zip of manythings.org/anki to your own data.', values: ALL_PAIRS },
    { name: 'One minute', sentence: '2500 short Japanese sentences and their English, which the page carries (tatoeba.org, CC BY 2.0 FR).', values: MINUTE },
    { name: 'One minute without attention', sentence: 'The same pairs; the decoder sees the sentence’s last state alone.', values: { ...MINUTE, attention: 'none' } },
    {
      name: 'A good small one', sentence: 'The README’s translator, on jpn-eng.zip of manythings.org/anki (add it to your own data): an hour or two.',
      values: { ...ALL_PAIRS, vocab_size: 4000, embed_size: 192, hidden_size: 192, batch_size: 64, bucketing: 20, epochs: 8, ...SMALL },
    },
  ],
  panels: () => [
    { id: 'training', kind: 'curves', title: 'Perplexity in training', description: 'Mean perplexity of each epoch so far, dropout on, at every tenth step.', x: 'step', whole: true, y: 'perplexity', logarithmic: true },
    { id: 'epochs', kind: 'curves', title: 'Perplexity by epoch', description: 'Perplexity in training and on held-out pairs after each epoch.', x: 'epoch', whole: true, y: 'perplexity', logarithmic: true, marked: true },
  ],
  translates: true,
  run,
};

export const translation = anyExperiment(experiment);
