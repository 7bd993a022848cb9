// One seed's state between two steps. Data, noise and targets follow from the configuration and are made again.
import type { NamedArray } from '../../nn/index.js';
import type { Tensor } from '../../tensor/index.js';
import { copyOf, decodeCheckpointFile, encodeCheckpointFile, type CheckpointState } from '../checkpoint-file.js';
import type { MetricsRow } from './events.js';

const VERSION = 1;

/** Where a seed stands, and what it has gathered. */
export interface Progress {
  phase: 'teacher' | 'student';
  epoch: number;
  /** Steps done in this epoch. */
  stepInEpoch: number;
  adamSteps: number[];
  /** The shuffled loader's generator at the beginning of this epoch. */
  loader: number[];
  /** The audit loader's generator; empty while the teacher trains. */
  audit: number[];
  rows: MetricsRow[];
  teacherAccuracy: number;
  referenceAccuracy: number;
  distilledTeacherAccuracy: number;
}

export interface Checkpoint {
  progress: Progress;
  tensors: Map<string, NamedArray>;
}

export async function encodeCheckpoint(runId: string, progress: Progress, tensors: Iterable<readonly [string, Tensor]>): Promise<Uint8Array> {
  const saved = new Map<string, NamedArray>();
  for (const [name, tensor] of tensors) saved.set(name, await copyOf(tensor));
  return encodeCheckpointFile(saved, { version: VERSION, runId, ...progress } satisfies CheckpointState);
}

/**
 * @param file named in errors
 * @throws Error when the bytes are not an undamaged checkpoint of the run `runId`
 */
export async function decodeCheckpoint(bytes: Uint8Array, runId: string, file: string): Promise<Checkpoint> {
  const { tensors, state } = await decodeCheckpointFile<CheckpointState & Progress>(bytes, { version: VERSION, runId }, file);
  return { tensors, progress: state };
}
