// Byzantine-robust optimisation: H honest workers, B that send what they like, and a server (Wu, Ling, Chen and Giannakis 2020).
import { Digest, type Core } from '../../core/index.js';
import { Generator } from '../../random/index.js';
import { Stepper, Tensor, type Tape } from '../../tensor/index.js';
import { copyOf, decodeCheckpointFile, encodeCheckpointFile, restoreTensors, type CheckpointState } from '../checkpoint-file.js';
import { ConfigurationError } from '../configuration.js';
import type { ByzantineConfig } from './config.js';
import { makeTask, type ByzantineData } from './datasets.js';
import type { ByzantineEvent, ByzantineResult, RoundRow } from './events.js';
import { messagePlane, type MessagePlane } from './message-plane.js';
import { addScaled, type Messages } from './messages.js';
import { Sarah, Sgd, Svrg, WithMomentum, type Method, type MethodSettings } from './methods.js';
import { partitionSamples } from './partition.js';
import { SeededSampling, type Sampling } from './sampling.js';
import { Saga } from './saga.js';
import { messageStatistics, Server } from './server.js';
import type { StackTask } from './task.js';

export interface ByzantineRunOptions {
  /** Names the run inside its checkpoints. Default `run`. */
  runId?: string;
  /** Emit a checkpoint after every so many rounds; 0 (default) for none. */
  checkpointEvery?: number;
  /** Bytes of a checkpoint event of the same run: go on from there. */
  resume?: Uint8Array;
  /** Names those bytes in errors; default `checkpoint`. */
  resumeName?: string;
  /** Emit the messages of each round's last step on a plane; this changes no bit. */
  messages?: boolean;
  /** Draws the samples; default: from the configuration's seed. The run disposes of it. */
  sampling?: Sampling;
}

const VERSION = 1;
/** Steps between two progress events. */
const REPORTED = 50;

interface State extends CheckpointState {
  round: number;
  sampler: number[];
  server: number[];
  counters: number[];
  rows: RoundRow[];
}

/** What is measured at a round's last step. */
interface StepStatistics {
  variance: number;
  distance: number;
  plane: MessagePlane | undefined;
}

function makeMethod(settings: MethodSettings, name: ByzantineConfig['method']): { method: Method; sarah: Sarah | undefined; saga: Saga | undefined } {
  const sarah = name === 'SARAH' || name === 'CentralSARAH' ? new Sarah(settings) : undefined;
  const saga = name === 'SAGA' ? new Saga(settings) : undefined;
  const plain = sarah ?? saga ?? (name === 'SVRG' ? new Svrg(settings) : new Sgd(settings));
  return { method: settings.momentum === 0 ? plain : new WithMomentum(plain, settings), sarah, saga };
}

/** Everything that takes part in a run. */
class ByzantineRun {
  readonly #config: ByzantineConfig;
  readonly #options: ByzantineRunOptions;
  readonly #stepper: Stepper;
  readonly #task: StackTask;
  readonly #disposeTask: () => void;
  readonly #shards: Int32Array[];
  readonly #method: Method;
  readonly #sarah: Sarah | undefined;
  readonly #server: Server;
  readonly #sampling: Sampling;
  readonly #direction: Tensor;
  readonly #tableBytes: number;
  readonly #rows: RoundRow[] = [];
  #round = 0;

  constructor(core: Core, config: ByzantineConfig, data: ByzantineData, options: ByzantineRunOptions) {
    const { honest_size, byzantine_size, attack, aggregator, pre, seed, data_seed, partition, batch_size, weight_decay, snapshot_interval, saga_initial, momentum } = config;
    this.#config = config;
    this.#options = options;
    this.#stepper = new Stepper(core);
    ({ task: this.#task, dispose: this.#disposeTask } = makeTask(core, config, data));
    const flips = attack.startsWith('label-flip');
    const workers = honest_size + (flips ? byzantine_size : 0);
    if (workers > this.#task.train.count) throw new ConfigurationError(`--honest-size: expected at most ${this.#task.train.count} workers, one a sample, got ${workers}`);
    const partitioner = new Generator(core, data_seed);
    this.#shards = partitionSamples(partition, this.#task.train.labels, workers, partitioner);
    partitioner.dispose();
    if (flips) this.#task.flipLabels(this.#shards.slice(honest_size));
    const settings = {
      task: this.#task, shards: this.#shards, batch: batch_size, decay: weight_decay, snapshotInterval: snapshot_interval, sagaInitial: saga_initial, momentum, stepper: this.#stepper,
    };
    const { method, sarah, saga } = makeMethod(settings, config.method);
    this.#method = method;
    this.#sarah = sarah;
    this.#tableBytes = saga?.bytes ?? 0;
    // Sampling and attackers draw from streams of their own, so that an attack changes no sample.
    this.#sampling = options.sampling ?? new SeededSampling(core, seed + 1_000_003);
    this.#server = new Server(core, honest_size, { aggregator, pre, attack: flips ? 'none' : attack, byzantine: byzantine_size, sentByzantine: flips ? byzantine_size : 0, seed: seed + 2_000_003 });
    this.#direction = Tensor.zeros(core, [this.#task.stack.dimension], this.#task.stack.flat.dtype, 'direction');
    this.#task.stack.initialize(config.init_seed ?? seed);
  }

  async *events(): AsyncGenerator<ByzantineEvent> {
    const { rounds, display_interval } = this.#config;
    await this.#restore();
    yield { type: 'started', dimension: this.#task.stack.dimension, trainSize: this.#task.train.count, validationSize: this.#task.validation.count, tableBytes: this.#tableBytes, rounds, totalSteps: rounds * display_interval, resumedAt: this.#round * display_interval };
    if (this.#round === 0) yield this.#evaluate(0, NaN, NaN);
    while (this.#round < rounds) {
      yield* this.#runRound();
      const { checkpointEvery = 0 } = this.#options;
      if (checkpointEvery > 0 && this.#round % checkpointEvery === 0) yield { type: 'checkpoint', done: this.#round * display_interval, bytes: await this.#encode() };
    }
    yield { type: 'finished', result: await this.#result() };
  }

  async *#runRound(): AsyncGenerator<ByzantineEvent> {
    const { display_interval, rounds } = this.#config;
    let statistics: StepStatistics = { variance: NaN, distance: NaN, plane: undefined };
    for (let k = 0; k < display_interval; k++) {
      const step = this.#round * display_interval + k;
      statistics = this.#step(step, k === display_interval - 1) ?? statistics;
      if ((k + 1) % REPORTED === 0) yield { type: 'progress', round: this.#round + 1, rounds, done: step + 1, totalSteps: rounds * display_interval };
    }
    this.#round++;
    if (statistics.plane !== undefined) yield { type: 'messages', round: this.#round, plane: statistics.plane };
    yield this.#evaluate(this.#round, statistics.variance, statistics.distance);
  }

  /** One step; the last of a round also measures its messages. */
  #step(step: number, isMeasured: boolean): StepStatistics | undefined {
    const { restarts } = this.#method.prepare(step, this.#sampling);
    if (restarts) this.#stepper.step((tape) => this.#update(() => void this.#server.aggregate(tape, this.#sarah!.restartMessages(), step, this.#direction)));
    const drawn = this.#sampling.draw(this.#shards, this.#config.batch_size);
    return this.#stepper.step((tape) => {
      const messages = this.#method.messages(tape, drawn);
      const received = this.#server.aggregate(tape, messages, step, this.#direction);
      const statistics = isMeasured ? this.#measure(tape, messages, received) : undefined;
      this.#update(() => {});
      return statistics;
    });
  }

  #measure(tape: Tape, messages: Messages, received: () => Tensor): StepStatistics {
    const honest = this.#server.honestOf(messages);
    const statistics = messageStatistics(tape, honest, this.#direction);
    return { ...statistics, plane: this.#options.messages === true ? messagePlane(tape, received(), this.#direction, honest.count) : undefined };
  }

  #update(aggregate: () => void): void {
    aggregate();
    addScaled(this.#task.stack.flat, -this.#config.gamma, this.#direction);
  }

  #evaluate(round: number, variance: number, distance: number): ByzantineEvent {
    const [train, validation] = [this.#task.train, this.#task.validation].map((part) => this.#task.evaluate(this.#stepper, part)) as [ReturnType<StackTask['evaluate']>, ReturnType<StackTask['evaluate']>];
    const row: RoundRow = {
      round, step: round * this.#config.display_interval, train_loss: train.loss, train_accuracy: train.accuracy,
      validation_loss: validation.loss, validation_accuracy: validation.accuracy, variance, distance_to_honest_mean: distance,
    };
    this.#rows.push(row);
    return { type: 'row', table: 'rounds', row };
  }

  *#tensors(): IterableIterator<readonly [string, Tensor]> {
    yield ['parameters', this.#task.stack.flat];
    yield* this.#method.state();
  }

  async #encode(): Promise<Uint8Array> {
    const tensors = new Map();
    for (const [name, tensor] of this.#tensors()) tensors.set(name, await copyOf(tensor));
    const { generator, center } = this.#server.state();
    if (center !== undefined) tensors.set('center', await copyOf(center));
    const state: State = {
      version: VERSION, runId: this.#options.runId ?? 'run', round: this.#round, sampler: Array.from(this.#sampling.state()), server: Array.from(generator),
      counters: this.#method.counters(), rows: this.#rows,
    };
    return encodeCheckpointFile(tensors, state);
  }

  async #restore(): Promise<void> {
    const { resume, runId = 'run', resumeName = 'checkpoint' } = this.#options;
    if (resume === undefined) return;
    const { tensors, state } = await decodeCheckpointFile<State>(resume, { version: VERSION, runId }, resumeName);
    restoreTensors(tensors, this.#tensors());
    this.#method.restoreCounters(state.counters);
    this.#sampling.restore(Uint8Array.from(state.sampler));
    this.#server.restore(Uint8Array.from(state.server), tensors.get('center')?.values);
    this.#rows.push(...state.rows);
    this.#round = state.round;
  }

  async #result(): Promise<ByzantineResult> {
    const digest = new Digest();
    const parameters = (await copyOf(this.#task.stack.flat)).values;
    digest.add('parameters', parameters);
    for (const column of ['train_loss', 'train_accuracy', 'validation_loss', 'validation_accuracy', 'variance', 'distance_to_honest_mean'] as const) {
      digest.add(column, this.#rows.map((row) => row[column]));
    }
    return { rows: this.#rows, parameters, digest: await digest.hex() };
  }

  dispose(): void {
    this.#method.dispose();
    this.#server.dispose();
    this.#sampling.dispose();
    this.#direction.dispose();
    this.#disposeTask();
    this.#stepper.dispose();
  }
}

/**
 * Runs one configuration. Its events depend on `config`, the data and the core's profile alone.
 * @param core opened with all kernels
 * @throws ConfigurationError for a configuration that does not fit the data; RangeError when memory is exhausted; TypeError for a
 *   core without the kernels of aggregation
 */
export async function* runByzantine(core: Core, config: ByzantineConfig, data: ByzantineData, options: ByzantineRunOptions = {}): AsyncGenerator<ByzantineEvent> {
  const run = core.memory.allOrNothing(() => new ByzantineRun(core, config, data, options));
  try {
    yield* run.events();
  } finally {
    run.dispose();
  }
}
