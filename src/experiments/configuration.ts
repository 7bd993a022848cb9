// What every experiment's configuration shares: one schema whose fields carry their flag, their help
// and what they expect, from which flags, config files, errors and the README's tables are made.
import type { z } from 'zod';

/** What a field tells its readers, beside its type, bounds and default. */
export interface FieldText {
  /** Heading in help and README. */
  group: string;
  help: string;
  /** Completes "expected ...". */
  expects: string;
  /** Placeholder of the flag's value; none for a switch. */
  value?: string;
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

/** Attaches a field's text to its zod type. */
export function field<T extends z.ZodType>(type: T, text: FieldText): T {
  return type.meta({ ...text }) as T;
}

export function textOf(type: z.ZodType): FieldText {
  return type.meta() as unknown as FieldText;
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
export function resolveFields<S extends z.ZodRawShape>(fields: S, values: Record<string, unknown>, source: string): z.infer<z.ZodObject<S>> {
  for (const name of Object.keys(values)) {
    if (!Object.hasOwn(fields, name)) {
      throw new ConfigurationError(`${source}: expected names among ${Object.keys(fields).join(', ')}; got ${quote(name)}`);
    }
  }
  const result: Record<string, unknown> = {};
  for (const [name, type] of Object.entries(fields) as [string, z.ZodType][]) {
    const parsed = type.safeParse(values[name]);
    if (!parsed.success) {
      throw new ConfigurationError(`${flagOf(name)}: expected ${textOf(type).expects}, got ${quote(values[name])}`);
    }
    result[name] = parsed.data;
  }
  return result as z.infer<z.ZodObject<S>>;
}
