// A network file on disk: layers in JSON, whose numbers stand there or in the safetensors file that it names in `tensors`.
import { sha256, type Core } from '../core/index.js';
import { ConfigurationError, quote } from '../experiments/configuration.js';
import type { LoadedNetwork, NetworkDescription } from '../experiments/moments/index.js';
import { readNetwork } from '../moments/model-file.js';
import { decodeSafetensors, type NamedArray } from '../nn/index.js';
import type { Files } from '../runtime/runtime.js';

async function readBytes(files: Files, where: string, path: string): Promise<Uint8Array> {
  try {
    return await files.read(path);
  } catch (error) {
    throw new ConfigurationError(`${where}: expected a file that can be read, got ${quote(path)} (${(error as Error).message})`);
  }
}

/** The name in the description's `tensors`; undefined where it names none, or is no object (which `readNetwork` refuses). */
function tensorsNamed(text: string, where: string): string | undefined {
  let description: { tensors?: unknown } | null;
  try {
    description = JSON.parse(text) as { tensors?: unknown } | null;
  } catch (error) {
    throw new ConfigurationError(`${where}: expected JSON, got ${quote(text)} (${(error as Error).message})`);
  }
  const name = description?.tensors;
  if (name === undefined || typeof name === 'string') return name;
  throw new ConfigurationError(`${where}: tensors: expected the name of a safetensors file beside it, got ${quote(name)}`);
}

function decode(bytes: Uint8Array, where: string, path: string): ReadonlyMap<string, NamedArray> {
  try {
    return decodeSafetensors(bytes, path).tensors;
  } catch (error) {
    throw new ConfigurationError(`${where}: ${(error as Error).message}`);
  }
}

/**
 * Reads a network, with its parameters as persistent float64 tensors.
 * @param flag named in errors
 * @throws ConfigurationError naming the flag and the file, or the field or layer in it, that is not as expected
 */
export async function readNetworkFile(core: Core, files: Files, flag: string, path: string): Promise<LoadedNetwork> {
  const where = `${flag} ${path}`;
  const bytes = await readBytes(files, flag, path);
  const text = new TextDecoder().decode(bytes);
  const name = tensorsNamed(text, where);
  const beside = `${path.slice(0, path.lastIndexOf('/') + 1)}${name}`;
  const weights = name === undefined ? undefined : await readBytes(files, `${where}: tensors`, beside);
  const tensors = weights === undefined ? new Map<string, NamedArray>() : decode(weights, where, beside);
  try {
    const network = readNetwork(core, text, where, tensors);
    const hashes = [await sha256(bytes), ...(weights === undefined ? [] : [await sha256(weights)])];
    return { network, description: JSON.parse(text) as NetworkDescription, tensors, hash: await sha256(hashes.join(' ')) };
  } catch (error) {
    throw error instanceof RangeError ? new ConfigurationError(error.message) : error;
  }
}
