// The notebook's progress line (dlprog): `epoch/N: ####  pct% [HH:MM:SS.ss] label: value, note`, redrawn in place on a terminal, one
// line for each finished epoch.
import type { TranslationEvent } from '../experiments/translation/index.js';
import type { CliContext } from './context.js';

const WIDTH = 20;
/** Elsewhere than on a terminal a line is printed for every so much of an epoch. */
const PRINTED = 0.25;

function clock(seconds: number): string {
  const two = (value: number) => String(Math.floor(value)).padStart(2, '0');
  return `${two(seconds / 3600)}:${two((seconds / 60) % 60)}:${(seconds % 60).toFixed(2).padStart(5, '0')}`;
}

export class TranslationProgress {
  readonly #context: CliContext;
  readonly #drawn: boolean;
  #began = 0;
  /** The line of the epoch that is going on, without what follows when it has ended. */
  #line = '';
  #printed = 0;

  constructor(context: CliContext) {
    this.#context = context;
    this.#drawn = context.isTerminal;
  }

  /** A line that stays. */
  say(text: string): void {
    this.#context.stderr(`${this.#drawn ? '\r\x1b[K' : ''}${text}\n`);
  }

  /** A line that the next one replaces on a terminal. */
  note(text: string): void {
    if (this.#drawn) this.#context.stderr(`\r\x1b[K${text}`);
  }

  /** An epoch begins, or goes on, now. */
  begin(): void {
    this.#began = this.#context.runtime.now();
    this.#printed = 0;
  }

  show({ epoch, epochs, batch, batches, perplexity }: TranslationEvent & { type: 'progress' }): void {
    const part = batch / batches;
    const bar = '#'.repeat(Math.floor(part * WIDTH)).padEnd(WIDTH);
    const seconds = (this.#context.runtime.now() - this.#began) / 1000;
    this.#line = `${String(epoch).padStart(String(epochs).length)}/${epochs}: ${bar} ${String(Math.floor(100 * part)).padStart(3)}% [${clock(seconds)}] ppl train: ${perplexity.toFixed(2)}`;
    if (this.#drawn) this.note(this.#line);
    else if (part < 1 && part - this.#printed >= PRINTED) {
      this.#printed = part;
      this.say(this.#line);
    }
  }

  end({ row }: TranslationEvent & { type: 'row' }): void {
    this.say(`${this.#line}, test: ${row.test_perplexity.toFixed(2)}`);
  }
}
