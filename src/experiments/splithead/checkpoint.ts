// A run's state between two steps as one safetensors file. Everything else follows from the configuration.
import { Digest } from '../../core/index.js';
import { decodeSafetensors, encodeSafetensors, type NamedArray, type SafetensorsFile } from '../../nn/index.js';
import type { Tensor } from '../../tensor/index.js';
import type { Phase, SplitHeadMetrics } from './events.js';
import type { Snapshot } from './layer-metrics.js';
import type { SplitHeadModel } from './model.js';
import type { PerturbationRow } from './perturbation.js';
import type { PhasePosition, TrainingPhase } from './training.js';

/** Snapshots and measurements gathered before the phase that a checkpoint stands in. */
export interface Progress {
  metrics: Partial<SplitHeadMetrics>;
  perturbations: PerturbationRow[];
  snapshots: Partial<Record<'teacherInitial' | 'teacherFinal' | 'studentInitial', Snapshot>>;
}

export interface Checkpoint {
  runId: string;
  phase: Phase;
  done: number;
  position: PhasePosition;
  adamSteps: number[];
  generator: Uint8Array;
  progress: Progress;
  tensors: Map<string, NamedArray>;
}

const VERSION = 2;

/** JSON has no NaN, infinities or big integers: they travel as strings. */
function encodeNumber(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return { integer: String(value) };
  return typeof value === 'number' && !Number.isFinite(value) ? { number: String(value) } : value;
}

function decodeNumber(_key: string, value: unknown): unknown {
  const { number, integer } = (value ?? {}) as { number?: unknown; integer?: unknown };
  if (typeof integer === 'string') return BigInt(integer);
  return typeof number === 'string' ? Number(number) : value;
}

async function copyOf(tensor: Tensor): Promise<NamedArray> {
  return { dtype: tensor.dtype, shape: tensor.shape, values: (await tensor.fetch()).toArray() };
}

function* liveTensors(models: { teacher: SplitHeadModel; student: SplitHeadModel }, phase: TrainingPhase): IterableIterator<[string, Tensor]> {
  for (const side of ['teacher', 'student'] as const) {
    for (const [name, parameter] of models[side].parameters()) yield [`${side}/${name}`, parameter];
  }
  for (const [index, tensor] of phase.optimizer.state().tensors.entries()) yield [`adam/${index}`, tensor];
}

/** Over every tensor and the state: what shows that a file on disk was damaged. */
async function digestOf(tensors: ReadonlyMap<string, NamedArray>, state: string): Promise<string> {
  const digest = new Digest();
  for (const name of [...tensors.keys()].sort()) digest.add(name, tensors.get(name)!.values);
  digest.add(state, []);
  return digest.hex();
}

export async function encodeCheckpoint(
  runId: string, done: number, models: { teacher: SplitHeadModel; student: SplitHeadModel }, phase: TrainingPhase, progress: Progress,
): Promise<Uint8Array> {
  const tensors = new Map<string, NamedArray>();
  for (const [name, tensor] of liveTensors(models, phase)) tensors.set(name, await copyOf(tensor));
  for (const [moment, snapshot] of Object.entries(progress.snapshots)) {
    for (const [name, array] of snapshot) tensors.set(`snapshot/${moment}/${name}`, array);
  }
  const state = {
    version: VERSION, runId, phase: phase.phase, done, position: phase.position, adamSteps: phase.optimizer.state().steps,
    generator: Array.from(phase.generatorState()), metrics: progress.metrics, perturbations: progress.perturbations,
  };
  const isolab = JSON.stringify(state, encodeNumber);
  return encodeSafetensors({ tensors, metadata: { isolab, digest: await digestOf(tensors, isolab) } });
}

/**
 * @param file named in errors
 * @throws Error when the bytes are not an undamaged checkpoint of the run `runId`
 */
export async function decodeCheckpoint(bytes: Uint8Array, runId: string, file: string): Promise<Checkpoint> {
  const refuse = (got: string) => new Error(`${file}: expected a version ${VERSION} checkpoint of run ${runId}, got ${got}; remove the file to start afresh`);
  let content: SafetensorsFile;
  try {
    content = decodeSafetensors(bytes, file);
  } catch (error) {
    throw new Error(`${(error as Error).message}; remove the file to start afresh`);
  }
  const { tensors, metadata } = content;
  if (metadata.isolab === undefined) throw refuse("a file without a run's state");
  if (metadata.digest !== (await digestOf(tensors, metadata.isolab))) throw refuse('one whose values do not have the digest it was saved with');
  const state = JSON.parse(metadata.isolab, decodeNumber);
  if (state.version !== VERSION || state.runId !== runId) throw refuse(`version ${state.version} of run ${state.runId}`);
  const snapshots: Progress['snapshots'] = {};
  for (const [name, array] of tensors) {
    const [kind, moment, parameter] = name.split('/') as [string, keyof Progress['snapshots'], string];
    if (kind === 'snapshot') (snapshots[moment] ??= new Map()).set(parameter, array);
  }
  const { phase, done, position, adamSteps, metrics, perturbations } = state;
  const generator = Uint8Array.from(state.generator as number[]);
  return { runId, phase, done, position, adamSteps, generator, progress: { metrics, perturbations, snapshots }, tensors };
}

/** Fills the models and the optimiser with a checkpoint's values. @throws Error when a tensor is missing or of another size */
export function restoreTensors(checkpoint: Checkpoint, models: { teacher: SplitHeadModel; student: SplitHeadModel }, phase: TrainingPhase): void {
  for (const [name, tensor] of liveTensors(models, phase)) {
    const saved = checkpoint.tensors.get(name);
    if (saved === undefined || saved.values.length !== tensor.size) {
      throw new Error(`checkpoint: expected tensor ${name} of ${tensor.size} values, got ${saved?.values.length ?? 'none'}`);
    }
    tensor.data.set(saved.values);
  }
  phase.optimizer.restoreSteps(checkpoint.adamSteps);
}
