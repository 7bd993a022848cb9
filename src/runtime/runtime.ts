import type { StartThread } from '../core/index.js';

/**
 * What the lab asks of the machine it runs on. A runtime is handed to whoever needs it (outputs, data,
 * the CLI); code that computes never imports one.
 */
export interface Runtime {
  /** `node`, `deno`, `bun`, `browser`, `edge`. */
  readonly name: string;
  /** The engine's own version. */
  readonly version: string;
  readonly files: Files;
  /** Starts a thread of a core's pool; undefined where there are none. */
  readonly startThread: StartThread | undefined;
  /** Runs a module of this package in a thread of its own; undefined where there are none. */
  startJob?(module: URL, input: unknown): Job;
  /** Threads that run at once here; 1 where the runtime does not tell. */
  availableThreads(): number;
  /** Monotonic milliseconds, for progress and run times only: never part of a result. */
  now(): number;
  /**
   * Finds optional packages that must come from one place; loads them, in order, only when asked to.
   * Undefined where nothing can be loaded while running.
   */
  findPackages?(names: readonly string[]): Promise<{ load(): Promise<unknown[]> } | { missing: string[] }>;
  /** All of standard input, where there is one. */
  readStandardInput?(): Promise<Uint8Array>;
  /** The CPU's name, where the runtime tells. */
  cpuModel?(): string | undefined;
  /** Most resident bytes of this process so far, where the runtime tells. */
  peakMemoryBytes(): number | undefined;
}

/** A module at work in another thread. */
export interface Job {
  /** The next message it posts, in order. @throws the error it ended with, once all its messages are read */
  next(): Promise<unknown>;
  terminate(): Promise<void>;
}

/** Whole-file operations. Paths use `/`; every error names the path. */
export interface Files {
  /** @throws Error with `code` ENOENT when there is no such file */
  read(path: string): Promise<Uint8Array>;
  /** Size in bytes, or undefined when there is no such file. */
  size(path: string): Promise<number | undefined>;
  isFolder(path: string): Promise<boolean>;
  /** Names in a folder, sorted by code unit; empty when there is no such folder. */
  list(path: string): Promise<string[]>;
  makeFolder(path: string): Promise<void>;
  /**
   * Replaces the file as one act: a reader, or a crash, sees the old bytes or the new ones. Where that goes through
   * another file, its name contains this one's, begins with a dot and ends with `.partial`.
   */
  writeWhole(path: string, bytes: Uint8Array): Promise<void>;
  /** Adds to the end; when that fails (disk full), the file gets its old length back before the error is thrown. */
  append(path: string, bytes: Uint8Array): Promise<void>;
  truncate(path: string, size: number): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  /** Removes a file if it is there. */
  remove(path: string): Promise<void>;
}
