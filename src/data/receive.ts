import type { Files } from '../runtime/runtime.js';
import { DataError } from './data-error.js';

/** Where a response's body goes. */
export interface Receiver {
  readonly files: Files;
  /** Appended to; holds `from` bytes already. */
  readonly path: string;
  readonly from: number;
  /** Exact size when the body has ended. */
  readonly size: number;
  /** Called with the bytes received so far, those before `from` included. */
  readonly onBytes: (received: number) => void;
}

/** Each append is flushed to the disk, so small network pieces are gathered first. */
const WRITE_BYTES = 4 << 20;

/** Gathers pieces and appends them in large writes, refusing to write behind another process's back. */
class GatheredAppend {
  readonly #receiver: Receiver;
  #pieces: Uint8Array[] = [];
  #gathered = 0;
  #written: number;

  constructor(receiver: Receiver) {
    this.#receiver = receiver;
    this.#written = receiver.from;
  }

  async add(piece: Uint8Array): Promise<void> {
    this.#pieces.push(piece);
    this.#gathered += piece.length;
    if (this.#gathered >= WRITE_BYTES) await this.flush();
  }

  async flush(): Promise<void> {
    if (this.#gathered === 0) return;
    const { files, path } = this.#receiver;
    const onDisk = (await files.size(path)) ?? 0;
    if (onDisk !== this.#written) {
      throw new DataError(`${path}: expected ${this.#written} bytes, got ${onDisk}; another process is writing it, let that one end first`);
    }
    const bytes = new Uint8Array(this.#gathered);
    let at = 0;
    for (const piece of this.#pieces) {
      bytes.set(piece, at);
      at += piece.length;
    }
    this.#pieces = [];
    this.#gathered = 0;
    await files.append(path, bytes);
    this.#written += bytes.length;
  }
}

/**
 * Appends a response's body to a file. When the connection drops, what arrived is on disk for the next try.
 *
 * @throws DataError when the body is longer than `size` (the connection is ended at once, the file removed) or
 *   shorter; and what the network throws
 */
export async function receiveBody(response: Response, receiver: Receiver): Promise<void> {
  if (response.body === null) throw new DataError(`expected ${receiver.size} bytes, got an answer without a body`);
  const reader = response.body.getReader();
  const append = new GatheredAppend(receiver);
  let received = receiver.from;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      received += value.length;
      if (received > receiver.size) {
        await receiver.files.remove(receiver.path);
        await reader.cancel();
        throw new DataError(`expected ${receiver.size} bytes, got more; the rest was not read`);
      }
      await append.add(value);
      receiver.onBytes(received);
    }
  } catch (error) {
    if (received <= receiver.size) await append.flush();
    throw error;
  }
  await append.flush();
  if (received < receiver.size) throw new DataError(`expected ${receiver.size} bytes, got ${received} before the connection ended`);
}
