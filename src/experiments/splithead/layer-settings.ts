import { ConfigurationError, parseBoolean, quote } from '../configuration.js';

export type InitSource = 'A' | 'B' | 'random';

function parseSource(value: string): InitSource | undefined {
  if (value.toLowerCase() === 'random') return 'random';
  const upper = value.toUpperCase();
  return upper === 'A' || upper === 'B' ? upper : undefined;
}

interface ValueKind<T> {
  initial: T;
  parse(value: string): T | undefined;
  expects: string;
}

const SOURCES: ValueKind<InitSource> = { initial: 'A', parse: parseSource, expects: 'A, B or random' };
const BOOLEANS: ValueKind<boolean> = { initial: true, parse: parseBoolean, expects: 'true or false' };

function parseSettings<T>(flag: string, given: string | null, layers: readonly string[], kind: ValueKind<T>): Record<string, T> {
  const all = (value: T) => Object.fromEntries(layers.map((layer) => [layer, value]));
  const parts = (given ?? '').split(',').map((part) => part.trim()).filter((part) => part !== '');
  if (parts.length === 0) return all(kind.initial);
  const parse = (value: string): T => {
    const parsed = kind.parse(value);
    if (parsed === undefined) throw new ConfigurationError(`${flag}: expected values ${kind.expects}, got ${quote(value)}`);
    return parsed;
  };
  const named = parts.filter((part) => part.includes(':'));
  if (named.length === 0) {
    if (parts.length !== layers.length) {
      throw new ConfigurationError(`${flag}: expected ${layers.length} values for layers ${layers.join(', ')}, got ${parts.length}: ${parts.join(',')}`);
    }
    return Object.fromEntries(layers.map((layer, index) => [layer, parse(parts[index]!)]));
  }
  if (named.length !== parts.length) {
    throw new ConfigurationError(`${flag}: expected either all positional values or all layer:value pairs, got a mixture: ${quote(given)}`);
  }
  let settings = all(kind.initial);
  for (const part of parts) {
    const colon = part.indexOf(':');
    const layer = part.slice(0, colon).trim();
    const value = parse(part.slice(colon + 1).trim());
    if (layer === 'all') settings = all(value);
    else if (!layers.includes(layer)) {
      throw new ConfigurationError(`${flag}: expected layers among ${layers.join(', ')} (or all), got ${quote(layer)}`);
    } else settings[layer] = value;
  }
  return settings;
}

/**
 * Initialisation source per layer, from `A,B,random,A` (one per layer, in order) or
 * `fc1:B,aux_head:random` (the rest A; `all:B` sets every layer before what follows it).
 * @throws ConfigurationError for an unknown layer or source, a wrong count, or mixed forms
 */
export function parseInitSources(flag: string, given: string | null, layers: readonly string[]): Record<string, InitSource> {
  return parseSettings(flag, given, layers, SOURCES);
}

/** Trainability per layer, in the same two forms; default true. @throws ConfigurationError as {@link parseInitSources} */
export function parseTrainability(flag: string, given: string | null, layers: readonly string[]): Record<string, boolean> {
  return parseSettings(flag, given, layers, BOOLEANS);
}
