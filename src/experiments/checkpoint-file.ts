// A run's state between two steps as one safetensors file: tensors by name, and everything else as JSON in its metadata.
import { Digest } from '../core/index.js';
import { decodeSafetensors, encodeSafetensors, type NamedArray, type SafetensorsFile } from '../nn/index.js';
import type { Tensor } from '../tensor/index.js';

/** What every checkpoint says of itself. */
export interface CheckpointState {
  version: number;
  runId: string;
}

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

/** Over every tensor and the state: what shows that a file on disk was damaged. */
async function digestOf(tensors: ReadonlyMap<string, NamedArray>, state: string): Promise<string> {
  const digest = new Digest();
  for (const name of [...tensors.keys()].sort()) digest.add(name, tensors.get(name)!.values);
  digest.add(state, []);
  return digest.hex();
}

export async function encodeCheckpointFile(tensors: Map<string, NamedArray>, state: CheckpointState): Promise<Uint8Array> {
  const isolab = JSON.stringify(state, encodeNumber);
  return encodeSafetensors({ tensors, metadata: { isolab, digest: await digestOf(tensors, isolab) } });
}

/**
 * @param file named in errors
 * @throws Error when the bytes are not an undamaged checkpoint of that version and run
 */
export async function decodeCheckpointFile<S extends CheckpointState>(
  bytes: Uint8Array, { version, runId }: CheckpointState, file: string,
): Promise<{ tensors: Map<string, NamedArray>; state: S }> {
  const refuse = (got: string) => new Error(`${file}: expected a version ${version} checkpoint of run ${runId}, got ${got}; remove the file to start afresh`);
  let content: SafetensorsFile;
  try {
    content = decodeSafetensors(bytes, file);
  } catch (error) {
    throw new Error(`${(error as Error).message}; remove the file to start afresh`);
  }
  const { tensors, metadata } = content;
  if (metadata.isolab === undefined) throw refuse("a file without a run's state");
  if (metadata.digest !== (await digestOf(tensors, metadata.isolab))) throw refuse('one whose values do not have the digest it was saved with');
  const state = JSON.parse(metadata.isolab, decodeNumber) as S;
  if (state.version !== version || state.runId !== runId) throw refuse(`version ${state.version} of run ${state.runId}`);
  return { tensors, state };
}

/** A tensor's values, wherever they are. */
export async function copyOf(tensor: Tensor): Promise<NamedArray> {
  return { dtype: tensor.dtype, shape: tensor.shape, values: (await tensor.fetch()).toArray() };
}

/** Fills live tensors with a checkpoint's values. @throws Error when one is missing or of another size */
export function restoreTensors(saved: ReadonlyMap<string, NamedArray>, live: Iterable<readonly [string, Tensor]>): void {
  for (const [name, tensor] of live) {
    const values = saved.get(name)?.values;
    if (values?.length !== tensor.size) throw new Error(`checkpoint: expected tensor ${name} of ${tensor.size} values, got ${values?.length ?? 'none'}`);
    tensor.data.set(values);
  }
}
