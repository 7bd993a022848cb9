// What `isolab plot` asks of a kind of run.
import type { Files } from '../runtime/runtime.js';

export interface Drawing {
  /** Such as `losses.svg`. */
  name: string;
  svg: string;
}

/** One kind of run folder: how it is known, and what is drawn of it. One file `plot-NAME.ts` each, listed in `plot.ts`. */
export interface PlotKind {
  /** The experiment's name. */
  name: string;
  /** What such a folder holds, for the error that it holds nothing of the kind. */
  expects: string;
  /** @param listing paths of the folder's files and of those one folder down, such as `seed_00/metrics.csv` */
  recognizes(listing: readonly string[]): boolean;
  /** @throws ConfigurationError naming file, line and column for a table that cannot be drawn */
  draw(files: Files, folder: string, listing: readonly string[]): Promise<Drawing[]>;
}
