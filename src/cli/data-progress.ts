import type { FetchProgress } from '../data/fetch.js';
import type { CliContext } from './context.js';
import { Progress } from './progress.js';

/** Bytes as people read them: `561.8 MB`. */
export function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

/** Shows downloads on stderr: a bar for each file on a terminal, else a line every tenth. */
export class DownloadProgress {
  readonly #progress: Progress;
  #file = '';
  #shown = '';

  constructor(context: CliContext) {
    this.#progress = new Progress(context);
  }

  update({ file, received, total }: FetchProgress): void {
    if (file !== this.#file) {
      this.#progress.stop();
      this.#progress.start(total, received, `${file} {bar} {note}`);
      this.#file = file;
    }
    this.#progress.update(received, `${formatBytes(received)} of ${formatBytes(total)}`);
    if (!this.#progress.hasBar) this.#printTenth(file, received, total);
  }

  /** A line of its own, above the bar. */
  note(text: string): void {
    this.#progress.line(text);
  }

  end(): void {
    this.#progress.stop();
  }

  #printTenth(file: string, received: number, total: number): void {
    const line = `${file}: ${Math.floor((received / total) * 10) * 10}% of ${formatBytes(total)}`;
    if (line !== this.#shown) this.#progress.line(line);
    this.#shown = line;
  }
}
