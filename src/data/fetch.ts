import type { Files } from '../runtime/runtime.js';
import type { DownloadFile } from './catalog.js';
import { DataError } from './data-error.js';
import { sha256 } from '../core/index.js';
import { joinPath } from './locate.js';
import { type Partial, readPartial, removePartial, rememberSource } from './partial.js';
import { receiveBody } from './receive.js';

/** What happens while a file is fetched. */
export interface FetchProgress {
  readonly file: string;
  readonly url: string;
  /** Bytes on disk so far, those of an earlier try included. */
  readonly received: number;
  readonly total: number;
}

export interface FetchOptions {
  readonly files: Files;
  /** Base addresses tried before the file's own mirrors: `URL/NAME` is fetched. */
  readonly mirrors?: readonly string[] | undefined;
  readonly onProgress?: ((progress: FetchProgress) => void) | undefined;
  /** One line for the log: a mirror that failed, a download that starts anew. */
  readonly onNotice?: ((text: string) => void) | undefined;
  /** Without a byte for this long, a connection counts as dropped. Default 30,000. */
  readonly stallMilliseconds?: number | undefined;
}

export interface FetchedFile {
  readonly path: string;
  /** False when the file was there already and is what it should be. */
  readonly downloaded: boolean;
  readonly sha256: string;
  /** Where its last byte came from, if it was downloaded now. */
  readonly url?: string;
}

/** Tries at one mirror that keeps dropping the connection; each resumes where the last one stopped. */
const TRIES_PER_MIRROR = 3;
const STALL_MILLISECONDS = 30_000;

function sentenceOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause instanceof Error && error.cause.message !== '' ? ` (${error.cause.message})` : '';
  return error.message + cause;
}

/** The start of a `Content-Range: bytes START-END/TOTAL`, when it continues what is on disk and the total fits. */
function continues(response: Response, from: number, total: number): boolean {
  const match = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(response.headers.get('content-range') ?? '');
  return match !== null && Number(match[1]) === from && (match[2] === '*' || Number(match[2]) === total);
}

function requestHeaders(partial: Partial, url: string): Record<string, string> {
  // Bytes must arrive as they are stored: some servers pack .gz files once more, or unpack them.
  const headers: Record<string, string> = { 'accept-encoding': 'identity' };
  if (partial.size === 0) return headers;
  headers.range = `bytes=${partial.size}-`;
  // A weak ETag may not be used for ranges; without a strong one the checksum alone decides.
  if (partial.url === url && partial.etag !== undefined && !partial.etag.startsWith('W/')) headers['if-range'] = partial.etag;
  return headers;
}

/** An abort signal that fires when nothing has been heard for a while. */
class StallGuard {
  readonly #controller = new AbortController();
  readonly #milliseconds: number;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(milliseconds: number) {
    this.#milliseconds = milliseconds;
    this.heard();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Starts the wait anew. */
  heard(): void {
    this.stop();
    this.#timer = setTimeout(() => {
      this.#controller.abort(new DataError(`expected more bytes within ${this.#milliseconds / 1000} s, got none`));
    }, this.#milliseconds);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  /** Ends the connection, whether or not its body was read. */
  end(): void {
    this.stop();
    this.#controller.abort();
  }
}

/** Where a response's first byte belongs, or an error that says why it cannot be used. */
async function placeOf(response: Response, partial: Partial, file: DownloadFile): Promise<number> {
  if (response.status === 206 && partial.size > 0 && continues(response, partial.size, file.size)) return partial.size;
  if (response.status !== 200) throw new DataError(`expected HTTP 200, got ${response.status} ${response.statusText}`.trimEnd());
  const declared = response.headers.get('content-length');
  if (declared !== null && !response.headers.has('content-encoding') && Number(declared) !== file.size) {
    throw new DataError(`expected ${file.size} bytes, got an answer of ${declared}`);
  }
  return 0;
}

/** A server that cannot continue where we stopped: out of range, another total, or a range nobody asked for. */
function mustRestart(response: Response, partial: Partial, file: DownloadFile): boolean {
  if (partial.size === 0) return false;
  return response.status === 416 || (response.status === 206 && !continues(response, partial.size, file.size));
}

/** One request to one mirror; afterwards everything that arrived is in the partial file. */
async function download(file: DownloadFile, path: string, url: string, options: FetchOptions): Promise<void> {
  let partial = await readPartial(options.files, path, file.size);
  if (partial.size === file.size) return;
  const guard = new StallGuard(options.stallMilliseconds ?? STALL_MILLISECONDS);
  try {
    let response = await fetch(url, { headers: requestHeaders(partial, url), signal: guard.signal });
    if (mustRestart(response, partial, file)) {
      options.onNotice?.(`${file.name}: ${url} cannot continue at byte ${partial.size}, starting anew`);
      await response.body?.cancel();
      partial = await removePartial(options.files, path);
      response = await fetch(url, { headers: requestHeaders(partial, url), signal: guard.signal });
    }
    const from = await placeOf(response, partial, file);
    if (from === 0 && partial.size > 0) {
      options.onNotice?.(`${file.name}: ${url} sends the whole file again, starting anew`);
      partial = await removePartial(options.files, path);
    }
    await rememberSource(options.files, path, { url, etag: response.headers.get('etag') ?? undefined });
    await receiveBody(response, {
      files: options.files,
      path: partial.path,
      from,
      size: file.size,
      onBytes: (received) => {
        guard.heard();
        options.onProgress?.({ file: file.name, url, received, total: file.size });
      },
    });
  } catch (error) {
    throw guard.signal.aborted ? (guard.signal.reason as Error) : error;
  } finally {
    guard.end();
  }
}

/** Puts a complete partial file under its final name if its checksum is right; removes it if not. */
async function finish(file: DownloadFile, path: string, files: Files): Promise<void> {
  const partial = await readPartial(files, path, file.size);
  const got = await sha256(await files.read(partial.path));
  if (got !== file.sha256) {
    await removePartial(files, path);
    throw new DataError(`expected sha256 ${file.sha256}, got ${got}`);
  }
  await files.rename(partial.path, path);
  await removePartial(files, path);
}

/** Tries one mirror until it gives the file, stops making headway, or sends something else. */
async function fetchFromMirror(file: DownloadFile, path: string, url: string, options: FetchOptions): Promise<void> {
  const sizeOnDisk = async () => (await readPartial(options.files, path, file.size)).size;
  for (let attempt = 1; ; attempt++) {
    const before = await sizeOnDisk();
    try {
      await download(file, path, url, options);
      await finish(file, path, options.files);
      return;
    } catch (error) {
      const after = await sizeOnDisk();
      // Bytes left by an earlier run or another mirror may be the wrong ones: once more without them.
      const discarded = before > 0 && after === 0;
      if (attempt >= TRIES_PER_MIRROR || !(discarded || after > before)) throw error;
      options.onNotice?.(`${file.name}: ${url}: ${sentenceOf(error)}; trying again from byte ${after}`);
    }
  }
}

/** True when the file is there and is what it should be. */
async function isComplete(file: DownloadFile, path: string, files: Files): Promise<boolean> {
  if ((await files.size(path)) !== file.size) return false;
  return (await sha256(await files.read(path))) === file.sha256;
}

/** Full addresses: the caller's mirrors first, then the file's own. */
function addresses(file: DownloadFile, mirrors: readonly string[]): string[] {
  return [...mirrors.map((mirror) => joinPath(mirror, file.name)), ...file.mirrors];
}

/**
 * Downloads a file into `folder`: mirrors in order, continuing a broken download (`NAME.partial`), and only under
 * its final name once size and SHA-256 are right. A file that is already there and right is left alone; one that
 * is wrong is replaced.
 *
 * @throws DataError naming every mirror and why it failed; what arrived stays in `NAME.partial` for the next try
 */
export async function fetchFile(file: DownloadFile, folder: string, options: FetchOptions): Promise<FetchedFile> {
  const path = joinPath(folder, file.name);
  if (await isComplete(file, path, options.files)) return { path, downloaded: false, sha256: file.sha256 };
  await options.files.makeFolder(folder);
  const failures: string[] = [];
  for (const url of addresses(file, options.mirrors ?? [])) {
    try {
      await fetchFromMirror(file, path, url, options);
      return { path, downloaded: true, sha256: file.sha256, url };
    } catch (error) {
      failures.push(`${url}: ${sentenceOf(error)}`);
      options.onNotice?.(`${file.name}: ${failures.at(-1)}`);
    }
  }
  throw new DataError(`${file.name}: expected one of ${failures.length} mirrors to send it, got: ${failures.join('; ')}; try again, pass --mirror URL, or put the file into ${folder} yourself`);
}
