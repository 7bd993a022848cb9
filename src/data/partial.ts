import type { Files } from '../runtime/runtime.js';

/** A download that has not ended: `NAME.partial`, and beside it `NAME.partial.json` with where it came from. */
export interface Partial {
  readonly path: string;
  /** Bytes on disk; 0 when there are none. */
  readonly size: number;
  readonly url?: string | undefined;
  readonly etag?: string | undefined;
}

/** The partial file that belongs to a final path. */
export function partialPath(path: string): string {
  return `${path}.partial`;
}

function notePath(path: string): string {
  return `${path}.partial.json`;
}

/** An unreadable note costs the resume nothing but its ETag. */
async function readNote(files: Files, path: string): Promise<{ url?: string; etag?: string }> {
  if ((await files.size(notePath(path))) === undefined) return {};
  try {
    const note: unknown = JSON.parse(new TextDecoder().decode(await files.read(notePath(path))));
    const { url, etag } = (note ?? {}) as { url?: unknown; etag?: unknown };
    return { ...(typeof url === 'string' && { url }), ...(typeof etag === 'string' && { etag }) };
  } catch {
    return {};
  }
}

/** What an earlier try left; a partial file larger than the whole is removed. */
export async function readPartial(files: Files, path: string, wholeSize: number): Promise<Partial> {
  const size = (await files.size(partialPath(path))) ?? 0;
  if (size > wholeSize) return removePartial(files, path);
  return { path: partialPath(path), size, ...(size > 0 && (await readNote(files, path))) };
}

/** Removes the partial file and its note. */
export async function removePartial(files: Files, path: string): Promise<Partial> {
  await files.remove(partialPath(path));
  await files.remove(notePath(path));
  return { path: partialPath(path), size: 0 };
}

/** Notes which server and version the bytes come from, before the first byte is written. */
export async function rememberSource(files: Files, path: string, source: { url: string; etag: string | undefined }): Promise<void> {
  await files.writeWhole(notePath(path), new TextEncoder().encode(`${JSON.stringify(source)}\n`));
}
