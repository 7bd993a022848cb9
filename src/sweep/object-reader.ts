// Reads the values of a JSON object; every error names the place, what was expected and what was given.
import { ConfigurationError, quote } from '../experiments/configuration.js';

export class ObjectReader {
  readonly where: string;
  readonly #object: Record<string, unknown>;

  /** @throws ConfigurationError unless `given` is an object with no other keys than `keys` */
  constructor(where: string, given: unknown, keys: readonly string[]) {
    if (typeof given !== 'object' || given === null || Array.isArray(given)) throw new ConfigurationError(`${where}: expected a JSON object, got ${quote(given)}`);
    const unknown = Object.keys(given).find((key) => !keys.includes(key));
    if (unknown !== undefined) throw new ConfigurationError(`${where}: expected keys among ${keys.join(', ')}; got ${quote(unknown)}`);
    this.where = where;
    this.#object = given as Record<string, unknown>;
  }

  fail(key: string, expects: string): ConfigurationError {
    const value = this.#object[key];
    return new ConfigurationError(`${this.where}: expected ${key} to be ${expects}, got ${value === undefined ? 'nothing' : quote(value)}`);
  }

  get(key: string): unknown {
    return Object.hasOwn(this.#object, key) ? this.#object[key] : undefined;
  }

  text(key: string, initial?: string): string {
    const value = this.get(key) ?? initial;
    if (typeof value !== 'string') throw this.fail(key, 'a text');
    return value;
  }

  /** A text that can be a file's name and a column's. */
  name(key: string): string {
    const value = this.get(key);
    if (typeof value !== 'string' || !/^[A-Za-z][A-Za-z0-9_-]{0,63}$/.test(value)) throw this.fail(key, 'a name of letters, digits, _ and -, beginning with a letter, at most 64');
    return value;
  }

  boolean(key: string, initial: boolean): boolean {
    const value = this.get(key) ?? initial;
    if (typeof value !== 'boolean') throw this.fail(key, 'true or false');
    return value;
  }

  oneOf<const T extends string>(key: string, words: readonly T[], initial?: T): T {
    const value = this.get(key) ?? initial;
    if (!words.includes(value as T)) throw this.fail(key, words.join(' or '));
    return value as T;
  }

  object(key: string, initial?: Record<string, unknown>): Record<string, unknown> | undefined {
    const value = this.get(key) ?? initial;
    if (value !== undefined && (typeof value !== 'object' || value === null || Array.isArray(value))) throw this.fail(key, 'an object');
    return value as Record<string, unknown> | undefined;
  }

  texts(key: string, initial?: readonly string[]): readonly string[] {
    const value = this.get(key) ?? initial;
    if (!Array.isArray(value) || value.length === 0 || !value.every((item) => typeof item === 'string')) throw this.fail(key, 'a list of at least one text');
    return value as string[];
  }
}
