// Byzantine-robust optimisation in the page.
import {
  byzantineFields, byzantineRunId, dataHashOf, resolveByzantineConfig, runByzantine, type ByzantineConfig, type ByzantineData, type ByzantineEvent, type MessagePlane,
} from '../../experiments/byzantine/index.js';
import { loadByzantineData } from '../../runs/byzantine-data.js';
import { ByzantineFolder } from '../../runs/byzantine-folder.js';
import { anyExperiment, point, type LabExperiment, type RunEvent, type RunPlace } from '../experiment.js';

const CHECKPOINT_EVERY = 1;

function planeOf(round: number, { honest, byzantine, aggregate, explained }: MessagePlane): RunEvent {
  const percent = (part: number) => `${(100 * part).toFixed(0)}%`;
  const note = `Round ${round}; the axes hold ${percent(explained[0])} and ${percent(explained[1])} of the messages’ variance.`;
  const groups = [{ name: 'honest', points: honest }, { name: 'Byzantine', points: byzantine }, { name: 'aggregate', points: [aggregate] }];
  return { type: 'plot', panel: 'messages', change: { kind: 'plane', groups, note } };
}

function* show(event: ByzantineEvent): Iterable<RunEvent> {
  if (event.type === 'started') {
    yield { type: 'started', title: `${event.trainSize} samples, ${event.dimension} parameters, ${event.totalSteps} steps`, total: event.totalSteps, done: event.resumedAt };
  } else if (event.type === 'progress') yield { type: 'progress', done: event.done, note: `round ${event.round} of ${event.rounds}` };
  else if (event.type === 'messages') yield planeOf(event.round, event.plane);
  else if (event.type === 'row') {
    const { round, train_loss, validation_loss, train_accuracy, validation_accuracy, variance, distance_to_honest_mean } = event.row;
    yield point('accuracy', 'training', round, train_accuracy);
    yield point('accuracy', 'validation', round, validation_accuracy);
    yield point('loss', 'training', round, train_loss);
    yield point('loss', 'validation', round, validation_loss);
    if (round > 0) yield point('spread', 'variance of the honest messages', round, variance);
    if (round > 0) yield point('spread', 'distance of the aggregate to their mean', round, distance_to_honest_mean);
    yield { type: 'line', text: `round ${round}: validation accuracy ${validation_accuracy.toFixed(4)}, loss ${validation_loss.toFixed(4)}` };
  }
}

async function* run(place: RunPlace, config: ByzantineConfig): AsyncGenerator<RunEvent> {
  const { core, files, source } = place;
  const { profile, wasmHash } = core;
  const folders = source.mnistFolders(config.data_dir, byzantineFields.data_dir.parse(undefined));
  const data: ByzantineData = place.images === undefined ? await loadByzantineData(core, source.files, config, folders) : { kind: 'images', pair: place.images };
  const dataHash = dataHashOf(data);
  const setting = { profile, wasmHash, dataHash };
  const runId = await byzantineRunId(config, setting);
  const folder = new ByzantineFolder(files, config.out_dir, runId);
  const options = { runId, messages: true, checkpointEvery: place.checkpointEvery ?? CHECKPOINT_EVERY, ...(await folder.resumption()) };
  const seconds = new Map<number, number>();
  let before = place.now();
  for await (const event of runByzantine(core, config, data, options)) {
    if (event.type === 'started') await folder.open();
    yield* show(event);
    if (event.type === 'row') {
      seconds.set(event.row.round, (place.now() - before) / 1000);
      before = place.now();
    } else if (event.type === 'checkpoint') {
      await folder.writeCheckpoint(event.bytes);
      yield { type: 'checkpoint' };
    } else if (event.type === 'finished') {
      const { rows, digest } = event.result;
      await folder.record(config, event.result, seconds, setting);
      const { validation_accuracy, validation_loss } = rows.at(-1)!;
      yield { type: 'finished', digest, dataHash, figures: [{ name: 'Validation accuracy', value: validation_accuracy.toFixed(4) }, { name: 'Validation loss', value: validation_loss.toFixed(4) }] };
    }
  }
}

const experiment: LabExperiment<ByzantineConfig> = {
  name: 'byzantine',
  title: 'Byzantine workers',
  sentence: 'Honest workers send gradients, others send what they like, and a server’s rule decides how much harm that does.',
  fields: byzantineFields,
  resolve: resolveByzantineConfig,
  presets: [
    { name: 'The paper’s default', sentence: '50 honest workers, SGD, geometric median, no attack.', values: {} },
    { name: 'One minute', sentence: 'SAGA and the geometric median under sign flips, short rounds.', values: { method: 'SAGA', attack: 'sign-flip', rounds: 6, display_interval: 100, honest_size: 20, byzantine_size: 8, model: 'softmax' } },
    { name: 'A mean is not robust', sentence: 'The same attack on a plain mean.', values: { aggregator: 'mean', attack: 'max-value', rounds: 6, display_interval: 200 } },
    { name: 'SAGA under zero gradients', sentence: 'One cell of the paper’s grid.', values: { method: 'SAGA', attack: 'zero-gradient' } },
    { name: 'A little is enough', sentence: 'A subtle attack on Krum after nearest-neighbour mixing.', values: { attack: 'alie', aggregator: 'krum', pre: 'nnm', rounds: 6, display_interval: 200 } },
  ],
  panels: () => [
    { id: 'accuracy', kind: 'curves', title: 'Accuracy', description: 'Accuracy on training and validation samples after each round.', x: 'round', whole: true, y: 'accuracy', marked: true },
    { id: 'messages', kind: 'plane', title: 'The workers’ messages', description: 'Messages of the round’s last step on their first two principal axes, with the server’s aggregate among them.' },
    { id: 'loss', kind: 'curves', title: 'Loss', description: 'Loss on training and validation samples after each round.', x: 'round', whole: true, y: 'loss', marked: true, logarithmic: true },
    { id: 'spread', kind: 'curves', title: 'Spread of the messages', description: 'Variance of the honest messages and the distance of the aggregate to their mean.', x: 'round', whole: true, y: 'size', marked: true, logarithmic: true },
  ],
  run,
};

export const byzantine = anyExperiment(experiment);
