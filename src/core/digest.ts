/**
 * SHA-256 of bytes, or of a text's UTF-8, as 64 lower-case hexadecimal digits, by WebCrypto.
 * @throws Error where a page is served neither over https nor from localhost: browsers hide WebCrypto there
 */
export async function sha256(bytes: Uint8Array | string): Promise<string> {
  if (globalThis.crypto?.subtle === undefined) {
    throw new Error('sha256: expected WebCrypto (crypto.subtle), got none; serve the page over https or from localhost');
  }
  const data = typeof bytes === 'string' ? new TextEncoder().encode(bytes) : bytes;
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', data as Uint8Array<ArrayBuffer>));
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** The values' bytes, little-endian, with every NaN written as the one canonical NaN. */
export function canonicalBytes(values: Float32Array | Float64Array): Uint8Array {
  // Storing a JavaScript NaN may keep its payload, so the canonical pattern is written as integers.
  const bytes = new Uint8Array(values.byteLength);
  const view = new DataView(bytes.buffer);
  const single = values instanceof Float32Array;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (Number.isNaN(value)) {
      if (single) view.setUint32(i * 4, 0x7fc00000, true);
      else view.setBigUint64(i * 8, 0x7ff8000000000000n, true);
    } else if (single) view.setFloat32(i * 4, value, true);
    else view.setFloat64(i * 8, value, true);
  }
  return bytes;
}

/** Collects named results and gives one SHA-256 over their names, shapes and canonical bytes, in the order added. */
export class Digest {
  readonly #parts: Promise<string>[] = [];

  add(name: string, values: Float32Array | Float64Array | readonly number[]): this {
    const array = Array.isArray(values) ? Float64Array.from(values) : (values as Float32Array | Float64Array);
    const kind = array instanceof Float32Array ? 'float32' : 'float64';
    this.#parts.push(sha256(canonicalBytes(array)).then((hash) => `${name} ${kind} ${array.length} ${hash}\n`));
    return this;
  }

  async hex(): Promise<string> {
    return sha256((await Promise.all(this.#parts)).join(''));
  }
}
