// Links that carry a run: its configuration, and what came out and what that depends on, deflated into the address's fragment.
import type { BitSetting } from '../stored-run.js';
import { deflate, inflate } from './deflate.js';

export interface SharedRun {
  experiment: string;
  /** The resolved configuration. */
  config: Record<string, unknown>;
  digest: string;
  setting: BitSetting;
}

const PREFIX = '#run=';
/** Characters of a link that is read, and bytes that it may grow to. */
const LONGEST = 100_000;
const LARGEST = 1_000_000;

/** base64url without padding. */
function encodeBytes(bytes: Uint8Array): string {
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join('')).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

function decodeText(text: string): Uint8Array {
  return Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (character) => character.charCodeAt(0));
}

/** The fragment of a link to a run. */
export async function fragmentOf(run: SharedRun): Promise<string> {
  return PREFIX + encodeBytes(await deflate(new TextEncoder().encode(JSON.stringify(run))));
}

function isShared(value: unknown): value is SharedRun {
  const { experiment, config, digest, setting } = (value ?? {}) as Partial<SharedRun>;
  return typeof experiment === 'string' && typeof config === 'object' && config !== null && typeof digest === 'string' && typeof setting === 'object' && setting !== null;
}

/**
 * The run that an address's fragment carries; undefined where it carries none.
 * @throws Error for a link that was cut off or made by something else
 */
export async function runOfFragment(fragment: string): Promise<SharedRun | undefined> {
  if (!fragment.startsWith(PREFIX)) return undefined;
  let run: unknown;
  try {
    if (fragment.length > LONGEST) throw new RangeError(`${fragment.length} characters`);
    run = JSON.parse(new TextDecoder().decode(await inflate(decodeText(fragment.slice(PREFIX.length)), LARGEST)));
  } catch (error) {
    throw new Error(`link: expected a shared run, got one that cannot be read (${(error as Error).message}); ask for the whole link again`);
  }
  if (!isShared(run)) throw new Error('link: expected a shared run with its configuration and digest, got something else; ask for the link again');
  return run;
}

const valueOf = (setting: BitSetting, name: keyof BitSetting) => String(setting[name] ?? 'core');

/** What a run here says of the same run elsewhere: that the bits are the same, or what differs. */
export function compareBits(expected: { digest: string; setting: BitSetting }, digest: string, setting: BitSetting): { same: boolean; sentence: string } {
  if (expected.digest === digest) return { same: true, sentence: 'Same bits: the digest is the one that was shared.' };
  const names: Record<keyof BitSetting, string> = { profile: 'the profile', wasmHash: 'the core (.wasm hash)', backend: 'the backend', dataHash: 'the data' };
  const differing = (Object.keys(names) as (keyof BitSetting)[]).filter((name) => valueOf(expected.setting, name) !== valueOf(setting, name));
  const told = differing.map((name) => `${names[name]}: there ${valueOf(expected.setting, name).slice(0, 12)}, here ${valueOf(setting, name).slice(0, 12)}`);
  const sentence = told.length > 0
    ? `Other bits than were shared, since these differ: ${told.join('; ')}.`
    : `Other bits than were shared, though profile, core, backend and data are the same: ${expected.digest.slice(0, 12)} there, ${digest.slice(0, 12)} here. Please report this.`;
  return { same: false, sentence };
}
