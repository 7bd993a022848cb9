// What a long run says while it works: a bar on a terminal, plain lines elsewhere; always on stderr.
import { SingleBar } from 'cli-progress';
import type { CliContext } from './context.js';

export class Progress {
  readonly #context: CliContext;
  #bar: SingleBar | undefined;

  constructor(context: CliContext) {
    this.#context = context;
  }

  /** @param format cli-progress's template; only shown on a terminal */
  start(total: number, done: number, format: string): void {
    if (!this.#context.isTerminal || this.#context.stderrStream === undefined) return;
    this.#bar = new SingleBar({ format, stream: this.#context.stderrStream, hideCursor: true, fps: 5, etaBuffer: 50, barsize: 24, clearOnComplete: true });
    this.#bar.start(total, done, { note: '' });
  }

  /** Whether a bar is being drawn. */
  get hasBar(): boolean {
    return this.#bar !== undefined;
  }

  update(done: number, note: string): void {
    this.#bar?.update(done, { note });
  }

  /** A line that stays, above the bar. */
  line(text: string): void {
    const bar = this.#bar;
    if (bar === undefined) {
      this.#context.stderr(`${text}\n`);
      return;
    }
    this.#context.stderr(`\r\x1b[K${text}\n`);
    bar.render();
  }

  stop(): void {
    this.#bar?.stop();
    this.#bar = undefined;
  }
}
