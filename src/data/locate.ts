import type { Files } from '../runtime/runtime.js';
import { DataError } from './data-error.js';

/** Four files of one dataset, found together in one folder. */
export interface LocatedFiles {
  readonly folder: string;
  /** Paths in the order of the names asked for, each plain or `.gz`. */
  readonly paths: readonly string[];
}

/** No folder holds the dataset: it is absent rather than wrong. */
export class DataNotFound extends DataError {}

/** Joins with `/`, which every runtime takes on every system. */
export function joinPath(folder: string, name: string): string {
  if (folder === '') return name;
  if (name === '') return folder;
  return folder.endsWith('/') ? folder + name : `${folder}/${name}`;
}

/** torchvision's layout under a root, an archive's own, and a flat folder, in the order they are tried. */
function layouts(root: string, datasetFolder: string): string[] {
  return [`${datasetFolder}/raw`, 'raw', `${datasetFolder}/raw/gzip`, 'gzip', ''].map((layout) => joinPath(root, layout));
}

/** The plain file if it is there, else its `.gz`: as torchvision, which reads the plain one. */
async function pathOf(files: Files, folder: string, name: string): Promise<string | undefined> {
  for (const path of [joinPath(folder, name), joinPath(folder, `${name}.gz`)]) {
    if ((await files.size(path)) !== undefined && !(await files.isFolder(path))) return path;
  }
  return undefined;
}

/**
 * Looks for all `names` in the layouts under `root`.
 *
 * @returns undefined when no layout holds any of them
 * @throws DataError when a layout holds some but not all, naming those that are missing
 */
export async function locateFiles(files: Files, root: string, datasetFolder: string, names: readonly string[]): Promise<LocatedFiles | undefined> {
  let partial: string | undefined;
  for (const folder of layouts(root, datasetFolder)) {
    const paths = await Promise.all(names.map((name) => pathOf(files, folder, name)));
    const missing = names.filter((_, index) => paths[index] === undefined);
    if (missing.length === 0) return { folder, paths: paths as string[] };
    if (missing.length < names.length) partial ??= `${folder}: expected ${names.length} files, got all but ${missing.join(', ')} (plain or .gz); add what is missing or name another folder`;
  }
  if (partial !== undefined) throw new DataError(partial);
  return undefined;
}

/**
 * The first of `roots` that holds the dataset.
 *
 * @throws DataNotFound when none does, naming every folder looked in and the command that gets the data
 */
export async function locateInRoots(
  files: Files,
  roots: readonly (string | undefined)[],
  dataset: { title: string; folder: string; names: readonly string[]; fetchCommand: string },
): Promise<LocatedFiles> {
  const looked = roots.filter((root): root is string => root !== undefined);
  for (const root of looked) {
    const located = await locateFiles(files, root, dataset.folder, dataset.names);
    if (located !== undefined) return located;
  }
  const where = looked.length === 0 ? 'no folder (none was given)' : looked.join(', ');
  throw new DataNotFound(`${dataset.title}: expected ${dataset.names[0]} and ${dataset.names.length - 1} more files, got none in ${where}; run \`${dataset.fetchCommand}\` or pass --data-dir`);
}
