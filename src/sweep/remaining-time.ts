// How long runs take: first by the machine's measured rates, then by what runs of the sweep have taken.
import type { RunWork } from './work.js';

/** Seconds of one thread for one unit of each kind of work. */
export interface Rates {
  dense: number;
  convolved: number;
  drawn: number;
  /** Of every run: a worker with its core, and reading the dataset. */
  start: number;
}

export function expectedSeconds(work: RunWork, rates: Rates): number {
  return rates.start + work.dense * rates.dense + work.convolved * rates.convolved + work.drawn * rates.drawn;
}

/**
 * The time that is left of a sweep. Rates are measured while nothing else runs; what runs side by side really take
 * over what was expected of them corrects the rest, the more the more has been done.
 */
export class RemainingTime {
  readonly #jobs: number;
  readonly #underway = new Map<string, number>();
  #left: number;
  #largestLeft: number;
  #expectedDone = 0;
  #takenDone = 0;

  /** @param expected seconds of every run that is to be computed @param jobs computed at once */
  constructor(expected: readonly number[], jobs: number) {
    this.#left = expected.reduce((sum, seconds) => sum + seconds, 0);
    this.#largestLeft = expected.reduce((most, seconds) => Math.max(most, seconds), 0);
    this.#jobs = jobs;
  }

  /** Runs whose time is known from before, of the same sweep on this machine. */
  learn(expected: number, taken: number): void {
    this.#expectedDone += expected;
    this.#takenDone += taken;
  }

  /** @param share done of the run, 0 to 1 */
  progress(id: string, expected: number, share: number): void {
    this.#underway.set(id, expected * share);
  }

  /** @param taken seconds; undefined for a run that failed, which teaches nothing */
  ended(id: string, expected: number, taken: number | undefined): void {
    this.#underway.delete(id);
    this.#left = Math.max(0, this.#left - expected);
    if (taken !== undefined) this.learn(expected, taken);
  }

  /** Measured over expected time so far; 1 while nothing has been measured. */
  get correction(): number {
    return this.#expectedDone > 0 ? this.#takenDone / this.#expectedDone : 1;
  }

  /** Seconds until all have ended: the work left shared by the jobs. */
  seconds(): number {
    let done = 0;
    for (const share of this.#underway.values()) done += share;
    const left = Math.max(0, this.#left - done);
    // The last runs are not shared: no sweep ends before its longest run.
    return this.correction * Math.max(left / this.#jobs, Math.min(left, this.#largestLeft));
  }
}

/** `40 s`, `12 min`, `3 h 20 min`, `2 days 4 h`. */
export function durationText(seconds: number): string {
  const minutes = Math.round(seconds / 60);
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))} s`;
  if (minutes < 90) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
  const whole = Math.round(minutes / 60);
  return whole % 24 === 0 ? `${whole / 24} days` : `${Math.floor(whole / 24)} days ${whole % 24} h`;
}
