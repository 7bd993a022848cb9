// Flags of an experiment, made from its schema.
import { Option, type Command } from 'commander';
import { ConfigurationError, flagOf, quote, textOf, type Fields, type FieldType } from '../experiments/configuration.js';
import type { Files } from '../runtime/runtime.js';

/** commander's name of a field's option value: `teacher_lr` -> `teacherLr`. */
function optionKey(field: string): string {
  return field.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
}

function defaultText(type: FieldType): string {
  const { shown } = textOf(type);
  if (shown !== undefined) return ` (default: ${shown})`;
  const initial = type.safeParse(undefined).data as unknown;
  if (initial === null || initial === undefined || initial === '' || initial === false) return '';
  const text = Array.isArray(initial) ? initial.join(',') : String(initial);
  return text === '' ? '' : ` (default: ${text})`;
}

/** Adds one option per field; `skip` names fields that have no flag of their own. */
export function addFieldOptions(command: Command, fields: Fields, skip: readonly string[] = []): void {
  for (const [name, type] of Object.entries(fields)) {
    if (skip.includes(name)) continue;
    const { value, help, group } = textOf(type);
    const flags = value === undefined ? flagOf(name) : `${flagOf(name)} <${value}>`;
    command.addOption(new Option(flags, help + defaultText(type)).helpGroup(`${group}:`));
  }
}

/** The fields that were given on the command line. */
export function givenFields(options: Record<string, unknown>, fields: Fields): Record<string, unknown> {
  const given = Object.keys(fields).map((name) => [name, options[optionKey(name)]] as const);
  return Object.fromEntries(given.filter(([, value]) => value !== undefined));
}

function parseJson(text: string, where: string, expected = 'JSON'): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ConfigurationError(`${where}: expected ${expected}, got ${quote(text)} (${(error as Error).message})`);
  }
}

/** Reads a JSON file. @throws ConfigurationError naming the flag when there is no such file, or it is not JSON */
export async function readJsonFile(files: Files, flag: string, path: string): Promise<unknown> {
  let text: string;
  try {
    text = new TextDecoder().decode(await files.read(path));
  } catch (error) {
    throw new ConfigurationError(`${flag}: expected a file that can be read, got ${quote(path)} (${(error as Error).message})`);
  }
  return parseJson(text, `${flag} ${path}`);
}

/** The values of a --config file, and what an unknown name in them is blamed on. @throws ConfigurationError when it is no JSON object */
export async function readConfigFile(files: Files, path: string | undefined): Promise<{ values: Record<string, unknown>; source: string }> {
  if (path === undefined) return { values: {}, source: 'flags' };
  const values = await readJsonFile(files, '--config', path);
  if (typeof values !== 'object' || values === null || Array.isArray(values)) {
    throw new ConfigurationError(`--config ${path}: expected a JSON object, got ${JSON.stringify(values)}`);
  }
  return { values: values as Record<string, unknown>, source: `--config ${path}` };
}

/** A flag's value that is JSON itself, or the path of a JSON file. */
export async function readJsonOrPath(files: Files, flag: string, given: string): Promise<unknown> {
  const isFile = (await files.size(given).catch(() => undefined)) !== undefined;
  return isFile ? readJsonFile(files, flag, given) : parseJson(given, flag, 'JSON or the path of a JSON file');
}
