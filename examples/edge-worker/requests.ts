// What a request must be: every refusal says what was expected and what came.

/** Most bytes of a request's body. */
export const MOST_BODY_BYTES = 4 * 1024 * 1024;

/** A request that cannot be answered, with its HTTP status. */
export class RequestError extends Error {
  readonly status: number;

  constructor(message: string, status = 400) {
    super(message);
    this.status = status;
  }
}

/** A value as it reads in an error, cut when long. */
export function quote(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

export function expected(what: string, got: string): RequestError {
  return new RequestError(`expected ${what}, got ${got}`);
}

/** Reads the body piece by piece and stops at the first byte too many, whatever its header declares. */
async function readBounded(request: Request): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  const reader = request.body?.getReader();
  for (let part = await reader?.read(); part !== undefined && !part.done; part = await reader?.read()) {
    length += part.value.length;
    if (length > MOST_BODY_BYTES) {
      await reader?.cancel();
      throw expected(`a body of at most ${MOST_BODY_BYTES} bytes`, 'more');
    }
    pieces.push(part.value);
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

/**
 * The JSON object of a request's body, whose keys are all known.
 * @throws RequestError for a body too long, no JSON, no object, or a key that is not among `keys`
 */
export async function readObject(request: Request, keys: readonly string[]): Promise<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(await readBounded(request)));
  } catch (error) {
    if (error instanceof RequestError) throw error;
    // The engine's own message differs between engines, so it takes no part in the answer.
    throw expected('a body of JSON', 'something else');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw expected('a JSON object', quote(value));
  const unknown = Object.keys(value).find((key) => !keys.includes(key));
  if (unknown !== undefined) throw expected(`the keys ${keys.join(', ')}`, quote(unknown));
  return value as Record<string, unknown>;
}
