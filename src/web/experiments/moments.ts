// The experiments on Gaussian moments in the page: the densities of layers first, then what the experiment computes.
import type { Duration, MomentResult, TableRow } from '../../experiments/moments/index.js';
import { loadMomentData, momentFiles, momentRunId, writeMomentFiles, type MomentConfig, type MomentExperiment } from '../../runs/moment-experiment.js';
import { anyExperiment, type Figure, type LabExperiment, type Preset, type RunEvent, type RunPlace } from '../experiment.js';
import type { Panel } from '../plots.js';

/** What the page adds to an experiment of the command line. */
export interface MomentView<C extends MomentConfig, R extends TableRow> {
  title: string;
  sentence: string;
  presets: readonly Preset[];
  panels(config: C): readonly Panel[];
  /** Before the run, on its core. */
  before?(place: RunPlace, config: C): Iterable<RunEvent>;
  /** Of a row, when it comes. */
  showRow?(row: R, config: C): Iterable<RunEvent>;
  showDuration?(duration: Duration): Iterable<RunEvent>;
  showResult?(result: MomentResult<R>, config: C): Iterable<RunEvent>;
  figures(result: MomentResult<R>): readonly Figure[];
}

/** Work of a run in parts, so that one bar serves experiments with any count of samples. */
const WHOLE = 1000;

async function* compute<C extends MomentConfig, R extends TableRow, D>(
  experiment: MomentExperiment<C, R, D>, view: MomentView<C, R>, place: RunPlace, config: C,
): AsyncGenerator<RunEvent> {
  const { core, files } = place;
  const { data, hash: dataHash } = await loadMomentData(experiment, place.source, core, config);
  const setting = { profile: core.profile, wasmHash: core.wasmHash, dataHash };
  const runId = await momentRunId(experiment, config, setting);
  const durations: Duration[] = [];
  yield { type: 'started', title: experiment.description, total: WHOLE, done: 0 };
  yield* view.before?.(place, config) ?? [];
  const began = place.now();
  for await (const event of experiment.run(core, config, place.now, data)) {
    if (event.type === 'started') yield { type: 'line', text: event.title };
    else if (event.type === 'progress') yield { type: 'progress', done: (WHOLE * event.done) / event.total, note: event.note };
    else if (event.type === 'row') yield* view.showRow?.(event.row, config) ?? [];
    else if (event.type === 'duration') {
      durations.push(event.duration);
      yield* view.showDuration?.(event.duration) ?? [];
    } else {
      durations.push({ part: 'all', seconds: (place.now() - began) / 1000 });
      yield* view.showResult?.(event.result, config) ?? [];
      await writeMomentFiles(files, `${config.out_dir}/${runId}`, momentFiles(experiment, config, event.result, durations, { runId, ...setting }));
      yield { type: 'finished', digest: event.result.digest, dataHash, figures: view.figures(event.result) };
    }
  }
}

/** An experiment of the command line with what the page shows of it. */
export function momentExperiment<C extends MomentConfig, R extends TableRow, D>(experiment: MomentExperiment<C, R, D>, view: MomentView<C, R>): LabExperiment {
  const { title, sentence, presets, panels } = view;
  const page: LabExperiment<C> = {
    name: `moments ${experiment.name}`, title, sentence, presets, panels, fields: experiment.fields,
    resolve: (values, source) => experiment.resolve(values, source),
    run: (place, config) => compute(experiment, view, place, config),
  };
  return anyExperiment(page);
}
