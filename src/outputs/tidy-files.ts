// Files that replace themselves as one act, and what a kill leaves half-written of them.
import type { Files } from '../runtime/runtime.js';

/** Removes a folder's files whose names have `part` in them. */
export async function removeNamed(files: Files, folder: string, part: string): Promise<void> {
  for (const name of await files.list(folder)) if (name.includes(part)) await files.remove(`${folder}/${name}`);
}

/** Writes a whole file, and removes what an earlier kill left half-written of it. */
export async function writeTidily(files: Files, folder: string, name: string, bytes: Uint8Array): Promise<void> {
  await files.writeWhole(`${folder}/${name}`, bytes);
  await removeNamed(files, folder, `.${name}.`);
}
