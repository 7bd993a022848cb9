// How long a run still takes, from how fast it went of late.

/** Seconds of the past that count, and seconds before anything is said. */
const WINDOW = 15;
const LEAST = 1.5;

export class RemainingTime {
  readonly #samples: { at: number; done: number }[] = [];

  /** @param at seconds of any clock that stands still while the run does */
  add(at: number, done: number): void {
    this.#samples.push({ at, done });
    while (this.#samples.length > 2 && this.#samples[1]!.at < at - WINDOW) this.#samples.shift();
  }

  /** Seconds that `left` units of work still take; undefined while that is not known. */
  estimate(left: number): number | undefined {
    const [first, last] = [this.#samples[0], this.#samples.at(-1)];
    if (first === undefined || last === undefined || last.at - first.at < LEAST || last.done <= first.done) return undefined;
    return (left * (last.at - first.at)) / (last.done - first.done);
  }
}

/** `about 3 minutes left` */
export function describeRemaining(seconds: number | undefined): string {
  if (seconds === undefined) return '';
  if (seconds < 1.5) return 'about a second left';
  if (seconds < 90) return `about ${Math.round(seconds)} seconds left`;
  if (seconds < 5400) return `about ${Math.round(seconds / 60)} minutes left`;
  return `about ${(seconds / 3600).toFixed(1)} hours left`;
}

/** `12.3 s`, `4 min 5 s` */
export function describeSeconds(seconds: number): string {
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}
