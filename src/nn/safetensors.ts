// The safetensors container (huggingface/safetensors): u64 header length, JSON header, raw little-endian values.
import { sizeOf, type DType, type Shape } from '../tensor/index.js';

export interface NamedArray {
  dtype: DType;
  shape: Shape;
  values: Float32Array | Float64Array;
}

export interface SafetensorsFile {
  tensors: Map<string, NamedArray>;
  metadata: Record<string, string>;
}

const NAMES: Record<DType, string> = { float32: 'F32', float64: 'F64' };
const DTYPES: Record<string, DType> = { F32: 'float32', F64: 'float64' };

/** The bytes of a safetensors file holding `tensors` in the map's order. */
export function encodeSafetensors({ tensors, metadata }: SafetensorsFile): Uint8Array {
  const header: Record<string, unknown> = { __metadata__: metadata };
  let offset = 0;
  // float64 first, so that every array stays aligned to its size.
  const ordered = [...tensors].sort(([, a], [, b]) => (a.dtype === b.dtype ? 0 : a.dtype === 'float64' ? -1 : 1));
  for (const [name, { dtype, shape, values }] of ordered) {
    header[name] = { dtype: NAMES[dtype], shape, data_offsets: [offset, offset + values.byteLength] };
    offset += values.byteLength;
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  const headerLength = Math.ceil(json.length / 8) * 8;
  const bytes = new Uint8Array(8 + headerLength + offset);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(headerLength), true);
  bytes.fill(0x20, 8 + json.length, 8 + headerLength);
  bytes.set(json, 8);
  let position = 8 + headerLength;
  for (const [, { values }] of ordered) {
    bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), position);
    position += values.byteLength;
  }
  return bytes;
}

interface TensorEntry {
  dtype: string;
  shape: number[];
  data_offsets: [number, number];
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isTensorEntry(value: unknown): value is TensorEntry {
  const areWhole = (list: unknown): list is number[] => Array.isArray(list) && list.every((item) => Number.isSafeInteger(item) && item >= 0);
  return isObject(value) && typeof value.dtype === 'string' && areWhole(value.shape) && areWhole(value.data_offsets) && value.data_offsets.length === 2;
}

/**
 * @param file named in errors
 * @throws Error when the bytes are not a whole safetensors file of float32 and float64 tensors
 */
export function decodeSafetensors(bytes: Uint8Array, file: string): SafetensorsFile {
  const broken = (what: string) => new Error(`${file}: expected a safetensors file, got ${what}`);
  if (bytes.length < 8) throw broken(`${bytes.length} bytes`);
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  if (length > bytes.length - 8) throw broken(`a header of ${length} bytes in a file of ${bytes.length}`);
  let header: Record<string, unknown>;
  try {
    header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)));
  } catch (error) {
    throw broken(`a header that is not JSON (${(error as Error).message})`);
  }
  if (!isObject(header)) throw broken('a header that is no object');
  const { __metadata__: metadata = {}, ...entries } = header;
  if (!isObject(metadata) || !Object.values(metadata).every((text) => typeof text === 'string')) throw broken('metadata that is no object of texts');
  const tensors = new Map<string, NamedArray>();
  for (const [name, entry] of Object.entries(entries)) {
    if (!isTensorEntry(entry)) throw broken(`tensor ${name} without dtype, shape and data_offsets`);
    const { dtype: code, shape, data_offsets: [start, end] } = entry;
    const dtype = Object.hasOwn(DTYPES, code) ? DTYPES[code] : undefined;
    if (dtype === undefined) throw broken(`tensor ${name} of dtype ${code} (F32 and F64 are read)`);
    const bytesNeeded = sizeOf(shape) * (dtype === 'float32' ? 4 : 8);
    if (end - start !== bytesNeeded || 8 + length + end > bytes.length) {
      throw broken(`tensor ${name} of ${bytesNeeded} bytes at ${start} to ${end} in ${bytes.length - 8 - length}`);
    }
    // Not slice(): Node's Buffer gives a view of the whole file there.
    const copy = new Uint8Array(bytes.subarray(8 + length + start, 8 + length + end)).buffer;
    tensors.set(name, { dtype, shape, values: dtype === 'float32' ? new Float32Array(copy) : new Float64Array(copy) });
  }
  return { tensors, metadata: metadata as Record<string, string> };
}
