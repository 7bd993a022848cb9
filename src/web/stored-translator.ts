// The translator that a finished run has left in the browser's store.
import { openCore } from '../core/index.js';
import { Translator, type TranslateOptions } from '../experiments/translation/index.js';
import { readModelFolder } from '../runs/translation-folder.js';
import { storedFiles } from '../runtime/browser-storage.js';
import { resultFolder, RunStore } from './stored-run.js';

/** A sentence for the translator of a run in the browser's store. Passes through postMessage. */
export interface Question {
  run: string;
  sentence: string;
  options: TranslateOptions;
}

const MODEL = '/translation.json';

/** @throws Error when the run has left no model; TranslatorError for one that cannot be opened */
async function openTranslator(run: string): Promise<Translator> {
  const path = (await new RunStore(await storedFiles()).results(run)).find((each) => each.endsWith(MODEL));
  if (path === undefined) throw new Error(`run ${run}: expected a trained model in this browser's store, got none; train it again`);
  const folder = path.slice(0, -MODEL.length);
  const { saved } = await readModelFolder(await storedFiles(resultFolder(run)), folder);
  return Translator.open(await openCore({ profile: 'strict', kernels: 'all' }), saved, folder);
}

const opened = new Map<string, Promise<Translator>>();

/** What `isolab translate run` would say of a sentence. A run's model is opened once. */
export async function answer({ run, sentence, options }: Question): Promise<string> {
  const translator = opened.get(run) ?? openTranslator(run);
  opened.set(run, translator);
  return (await translator).translate([sentence], options)[0]!;
}
