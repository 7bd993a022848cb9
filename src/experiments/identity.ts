// What names a run: everything that its bits depend on.
import { sha256, type Profile } from '../core/index.js';
import { textOf, type Fields } from './configuration.js';

/** What, beside the configuration, decides a run's bits. */
export interface RunSetting {
  profile: Profile;
  wasmHash: string;
  /** SHA-256 of the dataset's files. */
  dataHash: string;
  /** Who computes, where that is not the core alone. */
  backend?: string;
}

/** JSON with sorted keys: one text for one configuration. */
function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  const entries = Object.entries(value).filter(([, item]) => item !== undefined).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonicalJson(item)}`).join(',')}}`;
}

/** A configuration without folders and the like, which change no result. */
export function identifying(fields: Fields, config: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(config).filter(([name]) => textOf(fields[name]!).cosmetic !== true));
}

/**
 * 12 hexadecimal digits that name a run: SHA-256 of the experiment's name, what identifies its configuration,
 * the profile, the .wasm, the data and, where that is not the core, the backend.
 */
export async function runIdOf(experiment: string, config: Record<string, unknown>, setting: RunSetting): Promise<string> {
  return (await sha256(canonicalJson({ experiment, config, ...setting }))).slice(0, 12);
}
