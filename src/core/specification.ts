// How rules and attacks are written: name[:option=value[,option=value...]], a bare value for the usual option.
// Lists are separated by commas; a part that is option=value goes on with the item before it.

export type OptionValue = string | number;
export type OptionValues = Readonly<Record<string, OptionValue>>;

/** Bounds of a number; `above` and `below` are exclusive. */
export interface NumberBounds {
  readonly whole?: boolean;
  readonly least?: number;
  readonly above?: number;
  readonly below?: number;
}

/** One option: fixed choices, numbers within bounds, or both. */
export interface OptionDeclaration {
  readonly default: OptionValue;
  readonly choices?: readonly OptionValue[];
  readonly number?: NumberBounds;
  readonly help: string;
}

/** What names, options and help texts are made from. */
export interface Described {
  readonly name: string;
  readonly help: string;
  /** Where the definition is from. */
  readonly source: string;
  readonly options: Readonly<Record<string, OptionDeclaration>>;
  /** The option that a bare value sets. */
  readonly usual?: string;
  /**
   * Named definitions, chosen by the option `variant`, the first by default: the options that each takes, with their
   * defaults there. Without variants every option is taken.
   */
  readonly variants?: Readonly<Record<string, OptionValues>>;
}

/** Number of letters to insert, remove, replace or swap with the next (Damerau 1964, each place changed once). */
function editDistance(a: string, b: string): number {
  const rows = [Array.from({ length: b.length + 1 }, (_, column) => column)];
  for (let row = 1; row <= a.length; row++) {
    const above = rows[row - 1]!;
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const replaced = above[column - 1]! + (a[row - 1] === b[column - 1] ? 0 : 1);
      const isSwap = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      const swapped = isSwap ? rows[row - 2]![column - 2]! + 1 : Infinity;
      current.push(Math.min(replaced, swapped, above[column]! + 1, current[column - 1]! + 1));
    }
    rows.push(current);
  }
  return rows[a.length]![b.length]!;
}

/** The name that begins so, or else the one at the least edit distance (Levenshtein 1966), the first of several. */
export function nearestName(given: string, names: readonly string[]): string {
  const longer = given === '' ? undefined : names.find((name) => name.startsWith(given));
  if (longer !== undefined) return longer;
  const distances = names.map((name) => editDistance(given, name));
  return names[distances.indexOf(Math.min(...distances))]!;
}

function refuseName(where: string, what: string, given: string, names: readonly string[]): never {
  if (names.length === 0) throw new RangeError(`${where}: expected no ${what}, got ${JSON.stringify(given)}`);
  throw new RangeError(`${where}: expected ${what} among ${names.join(', ')}; got ${JSON.stringify(given)} (the nearest is ${nearestName(given, names)})`);
}

function describeNumber({ whole, least, above, below }: NumberBounds): string {
  const bounds = [
    ...(least === undefined ? [] : [`of at least ${least}`]),
    ...(above === undefined ? [] : [`above ${above}`]),
    ...(below === undefined ? [] : [`below ${below}`]),
  ];
  return `a ${whole === true ? 'whole' : 'finite'} number${bounds.length === 0 ? '' : ` ${bounds.join(' and ')}`}`;
}

/** What an option accepts, in words: `n-f, n-f-2 or a whole number of at least 1`. */
export function describeValues({ choices = [], number }: OptionDeclaration): string {
  const all = [...choices.map(String), ...(number === undefined ? [] : [describeNumber(number)])];
  return all.length === 1 ? all[0]! : `${all.slice(0, -1).join(', ')} or ${all.at(-1)}`;
}

function isWithin(value: number, { whole, least, above, below }: NumberBounds): boolean {
  return Number.isFinite(value) && (whole !== true || Number.isSafeInteger(value)) && value >= (least ?? -Infinity)
    && (above === undefined || value > above) && (below === undefined || value < below);
}

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

function parseValue(where: string, declaration: OptionDeclaration, text: string): OptionValue {
  const choice = declaration.choices?.find((value) => String(value) === text);
  if (choice !== undefined) return choice;
  const value = Number(text);
  if (declaration.number !== undefined && NUMBER.test(text) && isWithin(value, declaration.number)) return value;
  throw new RangeError(`${where}: expected ${describeValues(declaration)}, got ${JSON.stringify(text)}`);
}

/** All options of a definition, `variant` first. */
export function optionsOf({ options, variants }: Described): Readonly<Record<string, OptionDeclaration>> {
  if (variants === undefined) return options;
  const names = Object.keys(variants);
  return { variant: { default: names[0]!, choices: names, help: 'which definition' }, ...options };
}

function parseGiven(where: string, described: Described, text: string): Map<string, OptionValue> {
  const declared = optionsOf(described);
  const given = new Map<string, OptionValue>();
  for (const part of text.split(',')) {
    const [before, after] = splitOnce(part, '=');
    if (after === undefined && described.usual === undefined) {
      throw new RangeError(`${where}: expected option=value, got ${JSON.stringify(part)}`);
    }
    const [name, value] = after === undefined ? [described.usual!, before] : [before, after];
    if (!Object.hasOwn(declared, name)) refuseName(where, 'options', name, Object.keys(declared));
    if (given.has(name)) throw new RangeError(`${where}: expected ${name} once, got it twice`);
    given.set(name, parseValue(`${where}: ${name}`, declared[name]!, value));
  }
  return given;
}

function splitOnce(text: string, separator: string): [string, string | undefined] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}

function resolveOptions(where: string, described: Described, given: ReadonlyMap<string, OptionValue>): OptionValues {
  const { options, variants } = described;
  const defaults = Object.fromEntries(Object.entries(options).map(([name, { default: value }]) => [name, value]));
  if (variants === undefined) return { ...defaults, ...Object.fromEntries(given) };
  const variant = String(given.get('variant') ?? Object.keys(variants)[0]);
  const taken = { variant, ...variants[variant] };
  const stray = [...given.keys()].find((name) => !Object.hasOwn(taken, name));
  if (stray !== undefined) {
    const takers = Object.keys(variants).filter((name) => Object.hasOwn(variants[name]!, stray));
    throw new RangeError(`${where}: expected ${stray} with variant ${takers.join(' or ')}, got variant ${variant}`);
  }
  return { ...taken, ...Object.fromEntries(given) };
}

/**
 * Reads one `name[:options]`.
 * @param where begins every error: a flag, or what is being read
 * @returns the definition of that name and the value of each of its options
 * @throws RangeError for an unknown name or option (naming the nearest and all), or a value out of bounds
 */
export function parseSpecification<D extends Described>(where: string, text: string, catalog: readonly D[]): { definition: D; options: OptionValues } {
  const [name, rest] = splitOnce(text.trim(), ':');
  const definition = catalog.find((each) => each.name === name);
  if (definition === undefined) return refuseName(where, 'one', name, catalog.map((each) => each.name));
  const given = rest === undefined ? new Map<string, OptionValue>() : parseGiven(`${where}: ${name}`, definition, rest);
  return { definition, options: resolveOptions(`${where}: ${name}`, definition, given) };
}

/** Parts a list: `nnm,clipping:2` into `nnm` and `clipping:2`; `option=value` stays with the item before it. */
export function splitSpecifications(text: string): string[] {
  const items: string[] = [];
  for (const part of text.split(',')) {
    if (items.length > 0 && /^[^:=]*=/.test(part)) items[items.length - 1] += `,${part}`;
    else items.push(part.trim());
  }
  return items;
}

/** The text that gives the same rule again, with every option: `krum:variant=paper,neighbours=n-f-2,power=2`. */
export function formatSpecification({ name, options }: { readonly name: string; readonly options: OptionValues }): string {
  const parts = Object.entries(options).map(([option, value]) => `${option}=${value}`);
  return parts.length === 0 ? name : `${name}:${parts.join(',')}`;
}
