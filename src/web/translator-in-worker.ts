import type { TranslateOptions } from '../experiments/translation/index.js';
import type { WorkerMessage, WorkerOrder } from './experiment-worker.js';

/** The translator of a finished run, in a worker of its own that starts with the first sentence. */
export class TranslatorInWorker {
  readonly #run: string;
  #worker: Worker | undefined;

  /** @param run its name in the browser's store */
  constructor(run: string) {
    this.#run = run;
  }

  /** One sentence at a time. @throws Error with the message of what failed in the worker */
  async translate(sentence: string, options: TranslateOptions): Promise<string> {
    const worker = (this.#worker ??= new Worker(new URL('./experiment-worker.js', import.meta.url), { type: 'module' }));
    const message = await new Promise<WorkerMessage>((resolve) => {
      worker.onmessage = ({ data }: MessageEvent<WorkerMessage>) => resolve(data);
      worker.onerror = ({ message: text }) => resolve({ error: { name: 'Error', message: text ?? 'the worker could not be loaded' } });
      worker.postMessage({ question: { run: this.#run, sentence, options } } satisfies WorkerOrder);
    });
    if ('answer' in message) return message.answer;
    throw new Error('error' in message ? message.error.message : 'expected an answer, got none');
  }

  stop(): void {
    this.#worker?.terminate();
    this.#worker = undefined;
  }
}
