// A run's state between two steps. Everything else follows from the configuration.
import type { NamedArray } from '../../nn/index.js';
import type { Tensor } from '../../tensor/index.js';
import { copyOf, decodeCheckpointFile, encodeCheckpointFile, restoreTensors, type CheckpointState } from '../checkpoint-file.js';
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

interface State extends CheckpointState {
  phase: Phase;
  done: number;
  position: PhasePosition;
  adamSteps: number[];
  generator: number[];
  metrics: Partial<SplitHeadMetrics>;
  perturbations: PerturbationRow[];
}

export interface Checkpoint extends Pick<State, 'phase' | 'done' | 'position' | 'adamSteps'> {
  generator: Uint8Array;
  progress: Progress;
  tensors: Map<string, NamedArray>;
}

const VERSION = 2;

function* liveTensors(models: { teacher: SplitHeadModel; student: SplitHeadModel }, phase: TrainingPhase): IterableIterator<[string, Tensor]> {
  for (const side of ['teacher', 'student'] as const) {
    for (const [name, parameter] of models[side].parameters()) yield [`${side}/${name}`, parameter];
  }
  for (const [index, tensor] of phase.optimizer.state().tensors.entries()) yield [`adam/${index}`, tensor];
}

export async function encodeCheckpoint(
  runId: string, done: number, models: { teacher: SplitHeadModel; student: SplitHeadModel }, phase: TrainingPhase, progress: Progress,
): Promise<Uint8Array> {
  const tensors = new Map<string, NamedArray>();
  for (const [name, tensor] of liveTensors(models, phase)) tensors.set(name, await copyOf(tensor));
  for (const [moment, snapshot] of Object.entries(progress.snapshots)) {
    for (const [name, array] of snapshot) tensors.set(`snapshot/${moment}/${name}`, array);
  }
  const state: State = {
    version: VERSION, runId, phase: phase.phase, done, position: phase.position, adamSteps: phase.optimizer.state().steps,
    generator: Array.from(phase.generatorState()), metrics: progress.metrics, perturbations: progress.perturbations,
  };
  return encodeCheckpointFile(tensors, state);
}

/**
 * @param file named in errors
 * @throws Error when the bytes are not an undamaged checkpoint of the run `runId`
 */
export async function decodeCheckpoint(bytes: Uint8Array, runId: string, file: string): Promise<Checkpoint> {
  const { tensors, state } = await decodeCheckpointFile<State>(bytes, { version: VERSION, runId }, file);
  const snapshots: Progress['snapshots'] = {};
  for (const [name, array] of tensors) {
    const [kind, moment, parameter] = name.split('/') as [string, keyof Progress['snapshots'], string];
    if (kind === 'snapshot') (snapshots[moment] ??= new Map()).set(parameter, array);
  }
  const { phase, done, position, adamSteps, metrics, perturbations } = state;
  return { phase, done, position, adamSteps, generator: Uint8Array.from(state.generator), progress: { metrics, perturbations, snapshots }, tensors };
}

/** Fills the models and the optimiser with a checkpoint's values. @throws Error when a tensor is missing or of another size */
export function restorePhase(checkpoint: Checkpoint, models: { teacher: SplitHeadModel; student: SplitHeadModel }, phase: TrainingPhase): void {
  restoreTensors(checkpoint.tensors, liveTensors(models, phase));
  phase.optimizer.restoreSteps(checkpoint.adamSteps);
}
