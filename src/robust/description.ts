// The catalog in words, for help texts and tables.
import { AGGREGATORS, ATTACKS, PRE_AGGREGATORS } from './catalog.js';
import { describeValues, optionsOf, parseSpecification, type Described, type OptionDeclaration, type OptionValues } from '../core/index.js';

/** What there is to say about one name. */
export interface CatalogEntry {
  readonly kind: 'aggregator' | 'pre-aggregator' | 'attack';
  readonly name: string;
  readonly help: string;
  readonly source: string;
  /** Which f it admits, with the default options. */
  readonly bound?: string;
  /** The option that a bare value sets. */
  readonly usual?: string;
  readonly options: readonly (OptionDeclaration & { readonly name: string; /** What it accepts, in words. */ readonly accepts: string })[];
  /** By variant: the options that it takes, with their defaults. */
  readonly variants?: Readonly<Record<string, OptionValues>>;
}

function entryOf(kind: CatalogEntry['kind'], described: Described, bound?: string): CatalogEntry {
  const { name, help, source, usual, variants } = described;
  const options = Object.entries(optionsOf(described)).map(([option, declaration]) => ({ name: option, ...declaration, accepts: describeValues(declaration) }));
  return { kind, name, help, source, ...(bound === undefined ? {} : { bound }), ...(usual === undefined ? {} : { usual }), options, ...(variants === undefined ? {} : { variants }) };
}

/** Every rule, pre-aggregator and attack, in the order of the lists. */
export function catalogEntries(): CatalogEntry[] {
  return [
    ...AGGREGATORS.map((each) => entryOf('aggregator', each, each.bound(parseSpecification(each.name, each.name, [each]).options).text)),
    ...PRE_AGGREGATORS.map((each) => entryOf('pre-aggregator', each, each.bound.text)),
    ...ATTACKS.map((each) => entryOf('attack', each)),
  ];
}

function describeEntry({ name, help, source, bound, usual, options, variants }: CatalogEntry): string {
  const optionLines = options.map((option) => {
    const byVariant = variants !== undefined && option.name !== 'variant';
    const initial = byVariant ? option.name : `${option.name}=${option.default}`;
    return `      ${initial}  ${option.accepts}: ${option.help}${option.name === usual ? ` (also ${name}:VALUE)` : ''}`;
  });
  const variantLines = Object.entries(variants ?? {}).map(([variant, values]) => {
    const taken = Object.entries(values).map(([option, value]) => `${option}=${value}`);
    return `      variant=${variant}: ${taken.length === 0 ? 'no other option' : taken.join(', ')}`;
  });
  return [`  ${name}: ${help}`, `      ${bound === undefined ? '' : `needs ${bound}; `}from ${source}`, ...optionLines, ...variantLines].join('\n');
}

/** The catalog as text: names, what they do, bounds on f, options with defaults. */
export function describeCatalog(): string {
  const entries = catalogEntries();
  const section = (title: string, kind: CatalogEntry['kind']) => `${title}\n${entries.filter((each) => each.kind === kind).map(describeEntry).join('\n')}\n`;
  return [section('Aggregators', 'aggregator'), section('Pre-aggregators', 'pre-aggregator'), section('Attacks', 'attack')].join('\n');
}
