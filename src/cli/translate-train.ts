// `isolab translate train`: one configuration's training, its events as files and words.
import { Command, Option } from 'commander';
import type { Core } from '../core/index.js';
import type { ParallelText } from '../data/texts.js';
import {
  resolveTranslationConfig, runTranslation, translationFields, type TranslationConfig, type TranslationData, type TranslationEvent, type TranslationResult,
} from '../experiments/translation/index.js';
import { loadTranslationData } from '../runs/translation-data.js';
import { TranslationFolder, translationRunId, type TranslationOutcome } from '../runs/translation-folder.js';
import type { CliContext } from './context.js';
import { addCoreOptions, openChosenCore, parseInterval, type CoreFlags } from './core-options.js';
import { addFieldOptions, givenFields, readConfigFile } from './flags.js';
import { TranslationProgress } from './translate-progress.js';

interface Options extends CoreFlags, Record<string, unknown> {
  config?: string;
  checkpointEvery: string;
  printConfig?: boolean;
  json?: boolean;
}

/** Turns one run's events into words, checkpoints and, in the end, its outcome. */
class Training {
  readonly #context: CliContext;
  readonly #folder: TranslationFolder;
  readonly #progress: TranslationProgress;
  readonly #seconds = new Map<number, number>();
  #tokenizers: TranslationOutcome['tokenizers'] | undefined;
  #result: TranslationResult | undefined;
  #began = 0;
  /** Whether the epoch that is going on was begun here. */
  #isWhole = true;

  constructor(context: CliContext, folder: TranslationFolder) {
    this.#context = context;
    this.#folder = folder;
    this.#progress = new TranslationProgress(context);
  }

  async run(events: AsyncIterable<TranslationEvent>, runId: string, text: ParallelText): Promise<TranslationOutcome> {
    this.#progress.say(`run ${runId}: ${text.pairs.length} pairs${describeLeftOut(text)}`);
    for await (const event of events) await this.#take(event);
    return { result: this.#result!, tokenizers: this.#tokenizers!, seconds: this.#seconds };
  }

  async #take(event: TranslationEvent): Promise<void> {
    if (event.type === 'tokenizer') this.#progress.note(`${event.side} tokenizer: ${event.note}`);
    else if (event.type === 'tokenizers') this.#tokenizers = { source: event.source, target: event.target };
    else if (event.type === 'started') await this.#start(event);
    else if (event.type === 'progress') this.#progress.show(event);
    else if (event.type === 'checkpoint') await this.#folder.writeCheckpoint(event.bytes);
    else if (event.type === 'finished') this.#result = event.result;
    else this.#end(event);
  }

  async #start({ trainPairs, testPairs, leftOut, vocabularies, parameterCount, totalSteps, resumedAt }: TranslationEvent & { type: 'started' }): Promise<void> {
    await this.#folder.open();
    const beyond = leftOut === 0 ? '' : `, ${leftOut} beyond --max-tokens left out`;
    this.#progress.say(`${trainPairs} pairs to train on, ${testPairs} held out${beyond}; ${vocabularies.source} and ${vocabularies.target} pieces, ${parameterCount} parameters, ${totalSteps} steps${resumedAt === 0 ? '' : `; goes on after step ${resumedAt}`}`);
    this.#isWhole = resumedAt === 0;
    this.#next();
  }

  #next(): void {
    this.#began = this.#context.runtime.now();
    this.#progress.begin();
  }

  #end(event: TranslationEvent & { type: 'row' }): void {
    this.#progress.end(event);
    if (this.#isWhole) this.#seconds.set(event.row.epoch, (this.#context.runtime.now() - this.#began) / 1000);
    this.#isWhole = true;
    this.#next();
  }
}

function describeLeftOut({ report: { empty } }: ParallelText): string {
  if (empty.count === 0) return '';
  return `, ${empty.count} left out because a side is empty (lines ${empty.lines.join(', ')}${empty.count > empty.lines.length ? ', ...' : ''})`;
}

async function train(context: CliContext, core: Core, config: TranslationConfig, data: TranslationData, text: ParallelText, options: Options): Promise<void> {
  const { profile, wasmHash } = core;
  const setting = { profile, wasmHash, dataHash: data.sha256 };
  const runId = await translationRunId(config, setting);
  const folder = new TranslationFolder(context.runtime.files, config.out_dir, runId);
  let record = await folder.readRecord();
  if (record !== undefined) context.stderr(`run ${runId} is recorded already\n`);
  else {
    const events = runTranslation(core, config, data, {
      runId, checkpointEvery: parseInterval(options.checkpointEvery), ...(await folder.resumption()),
    });
    record = await folder.record(config, await new Training(context, folder).run(events, runId, text), setting);
  }
  const { test_perplexity } = record.rows[record.epoch - 1]!;
  if (options.json === true) context.stdout(`${JSON.stringify({ folder: folder.path, run_id: runId, epoch: record.epoch, test_perplexity, digest: record.result_digest })}\n`);
  else context.stdout(`run ${runId}: held-out perplexity ${test_perplexity} after epoch ${record.epoch}, digest ${record.result_digest}\n[Output] ${folder.path}: translation.json, model.safetensors, source.model, target.model, epochs.csv, curves.svg, record.json\n`);
}

export function trainCommand(context: CliContext): Command {
  const running = 'Running:';
  const command = new Command('train').description('trains both tokenizers and a translator on sentence pairs');
  addFieldOptions(command, translationFields);
  command.addOption(new Option('--config <FILE>', 'take values from a JSON file; flags override it').helpGroup(running));
  return addCoreOptions(command, running)
    .addOption(new Option('--checkpoint-every <N>', 'save the state after every N steps of an epoch, and after each epoch; 0 for never').default('500').helpGroup(running))
    .addOption(new Option('--print-config', 'print the resolved configuration as JSON and stop').helpGroup(running))
    .addOption(new Option('--json', 'print the results as one line of JSON on stdout').helpGroup(running))
    .action(async (options: Options) => {
      const { values, source } = await readConfigFile(context.runtime.files, options.config);
      const config = resolveTranslationConfig({ ...values, ...givenFields(options, translationFields) }, source);
      if (options.printConfig === true) return context.stdout(`${JSON.stringify(config, null, 2)}\n`);
      parseInterval(options.checkpointEvery);
      const { data, text } = await loadTranslationData(context.runtime.files, config);
      const core = await openChosenCore(context, options);
      try {
        await train(context, core, config, data, text, options);
      } finally {
        await core.close();
      }
    });
}
