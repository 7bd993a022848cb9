import type { FetchProgress } from '../data/fetch.js';

const BAR_CELLS = 24;
const REDRAW_MILLISECONDS = 100;

/** Bytes as people read them: `561.8 MB`. */
export function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

/** Shows downloads on stderr: a bar that is drawn over itself on a terminal, else a line every tenth. */
export class DownloadProgress {
  readonly #write: (text: string) => void;
  readonly #isTerminal: boolean;
  readonly #now: () => number;
  #lastDrawn = -Infinity;
  #shown = '';
  #barOpen = false;

  constructor(write: (text: string) => void, isTerminal: boolean, now: () => number) {
    this.#write = write;
    this.#isTerminal = isTerminal;
    this.#now = now;
  }

  update(progress: FetchProgress): void {
    if (this.#isTerminal) this.#drawBar(progress);
    else this.#printTenth(progress);
  }

  /** A line of its own, above the bar. */
  note(text: string): void {
    this.end();
    this.#write(`${text}\n`);
  }

  /** Leaves the cursor at the start of a fresh line. */
  end(): void {
    if (this.#barOpen) this.#write('\n');
    this.#barOpen = false;
  }

  #drawBar({ file, received, total }: FetchProgress): void {
    const whole = received === total;
    if (!whole && this.#now() - this.#lastDrawn < REDRAW_MILLISECONDS) return;
    this.#lastDrawn = this.#now();
    const filled = Math.floor((received / total) * BAR_CELLS);
    const bar = '#'.repeat(filled) + '-'.repeat(BAR_CELLS - filled);
    this.#write(`\r\x1b[K${file} [${bar}] ${formatBytes(received)} of ${formatBytes(total)}`);
    this.#barOpen = true;
    if (whole) this.end();
  }

  #printTenth({ file, received, total }: FetchProgress): void {
    const line = `${file}: ${Math.floor((received / total) * 10) * 10}% of ${formatBytes(total)}`;
    if (line === this.#shown) return;
    this.#shown = line;
    this.#write(`${line}\n`);
  }
}
