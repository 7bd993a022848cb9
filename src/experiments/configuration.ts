// What every experiment's configuration shares: one schema whose fields carry their flag, their help
// and what they expect, from which flags, config files, errors and the README's tables are made.
import type { z } from 'zod/mini';

/** The type of a field: what it takes, and what stands where nothing is given. */
export type FieldType = z.ZodMiniType;
/** An experiment's fields by their names. */
export type Fields = Readonly<Record<string, FieldType>>;
/** The values that fields have once they are resolved. */
export type ValuesOf<S extends Fields> = { -readonly [K in keyof S]: z.output<S[K]> };

/** What a field tells its readers, beside its type, bounds and default. */
export interface FieldText {
  /** Heading in help and README. */
  group: string;
  help: string;
  /** Completes "expected ...". */
  expects: string;
  /** Placeholder of the flag's value; none for a switch. */
  value?: string;
  /** The default as people write it, where its JSON says it badly. */
  shown?: string;
  /** The value does not change the results, so it takes no part in the run's identity. */
  cosmetic?: boolean;
}

/** A configuration value that was refused. Names the flag, what was expected and what was given. */
export class ConfigurationError extends Error {
  override name = 'ConfigurationError';
}

/** `teacher_lr` -> `--teacher-lr` */
export function flagOf(field: string): string {
  return `--${field.replaceAll('_', '-')}`;
}

const texts = new WeakMap<FieldType, FieldText>();

/** A field: a type of its own with its text. */
export function describeField<T extends FieldType>(type: T, text: FieldText): T {
  const own = type.clone();
  texts.set(own, text);
  return own;
}

/** The text of a field made by `field`. */
export function textOf(type: FieldType): FieldText {
  return texts.get(type)!;
}

/** A value as it reads in an error: strings quoted, long ones cut. */
export function quote(value: unknown): string {
  const text = typeof value === 'string' ? JSON.stringify(value) : typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? String(value));
  return text.length > 120 ? `${text.slice(0, 117)}...` : text;
}

/**
 * Checks `values` against an experiment's fields and fills in defaults.
 * @param source named in the error for an unknown name, such as `--config run.json`
 * @throws ConfigurationError naming the flag, what was expected and what was given
 */
export function resolveFields<S extends Fields>(fields: S, values: Record<string, unknown>, source: string): ValuesOf<S> {
  for (const name of Object.keys(values)) {
    if (!Object.hasOwn(fields, name)) {
      throw new ConfigurationError(`${source}: expected names among ${Object.keys(fields).join(', ')}; got ${quote(name)}`);
    }
  }
  const result: Record<string, unknown> = {};
  for (const [name, type] of Object.entries(fields)) {
    const parsed = type.safeParse(values[name]);
    if (!parsed.success) {
      throw new ConfigurationError(`${flagOf(name)}: expected ${textOf(type).expects}, got ${quote(values[name])}`);
    }
    result[name] = parsed.data;
  }
  return result as ValuesOf<S>;
}

/** true/1/yes/y/t and false/0/no/n/f, any case; undefined otherwise. */
export function parseBoolean(value: unknown): boolean | undefined {
  if (typeof value === 'boolean') return value;
  const word = String(value).trim().toLowerCase();
  if (['true', '1', 'yes', 'y', 't'].includes(word)) return true;
  if (['false', '0', 'no', 'n', 'f'].includes(word)) return false;
  return undefined;
}
