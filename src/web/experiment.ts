// What an experiment is to the page: its words and its form, how it is computed, what its events show, which files it leaves.
import type { Core } from '../core/index.js';
import type { DatasetPair } from '../data/index.js';
import type { Fields } from '../experiments/configuration.js';
import type { DataSource } from '../runs/data-source.js';
import type { Files } from '../runtime/runtime.js';
import type { Panel, PlotChange } from './plots.js';

/** Where one run computes: all that it may touch. */
export interface RunPlace {
  core: Core;
  /** The folder that the command line would have been called in: checkpoints and results. */
  files: Files;
  source: DataSource;
  /** What the experiment's `images` gave, or others in their place. */
  images: DatasetPair | undefined;
  /** Milliseconds of a clock, for durations only. */
  now(): number;
  /** Engine and version, for the record. */
  engine: string;
  /** Steps, or rounds, between two checkpoints; undefined: the command line's default. */
  checkpointEvery: number | undefined;
}

/** What a run tells. Work is counted in the experiment's own units, of about equal time each. */
export type RunEvent =
  | { type: 'started'; title: string; total: number; done: number }
  | { type: 'progress'; done: number; note: string }
  | { type: 'line'; text: string }
  | { type: 'plot'; panel: string; change: PlotChange }
  /** A checkpoint has been written: what has been shown so far belongs to it. */
  | { type: 'checkpoint' }
  | { type: 'finished'; digest: string; dataHash: string; figures: readonly Figure[] };

/** A number of a run's result as people read it. */
export interface Figure {
  name: string;
  value: string;
}

export interface Preset {
  name: string;
  sentence: string;
  /** The values that differ from the defaults: JSON as --config takes it. */
  values: Record<string, unknown>;
}

type Config = Record<string, unknown>;

/** An experiment with any configuration, as lists of experiments hold it. */
export interface LabExperiment<C extends Config = Config> {
  /** Of its command, words joined by a space. */
  readonly name: string;
  readonly title: string;
  readonly sentence: string;
  readonly fields: Fields;
  /** @throws ConfigurationError naming the flag, what was expected and what was given */
  resolve(values: Record<string, unknown>, source: string): C;
  /** The default first, the one-minute version second. */
  readonly presets: readonly Preset[];
  panels(config: C): readonly Panel[];
  /** Reads the images of a configuration, where it has some: no core is needed for that, so one is opened meanwhile. */
  images?(source: DataSource, config: C): Promise<DatasetPair> | undefined;
  /** Whether a finished run has left a translator, which sentences can be asked of. */
  readonly translates?: boolean;
  /** Names of the files of a finished run that other experiments can read as data. */
  readonly readable?: readonly string[];
  /** Computes, writes checkpoints and at the end the files of the command line, and goes on from a checkpoint that lies there. */
  run(place: RunPlace, config: C): AsyncGenerator<RunEvent>;
}

/** Forgets which configuration an experiment has: whoever holds it resolves values by the experiment itself. */
export function anyExperiment<C extends Config>(experiment: LabExperiment<C>): LabExperiment {
  return experiment as unknown as LabExperiment;
}

/** A point of a curve. */
export function point(panel: string, series: string, x: number, y: number): RunEvent {
  return { type: 'plot', panel, change: { kind: 'point', series, x, y } };
}
