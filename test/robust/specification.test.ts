import { describe, expect, it } from 'vitest';
import {
  AGGREGATORS, ATTACKS, catalogEntries, describeCatalog, formatSpecification, nearestName, optionsOf, parseAggregator, parseAttack, parsePreAggregators, PRE_AGGREGATORS,
} from '../../src/robust/index.js';

describe('specifications', () => {
  it.each([
    ['gm', { variant: 'exact', 'max-iterations': 1000, tolerance: 2 ** -50 }],
    ['gm:notebook', { variant: 'notebook', start: 'mean', 'max-iterations': 80, tolerance: 1e-5, 'smallest-distance': 0 }],
    ['gm:variant=byzfl,max-iterations=5', { variant: 'byzfl', start: 'zero', 'max-iterations': 5, tolerance: 0, 'smallest-distance': 0.1 }],
    ['krum:neighbours=n-f-1,power=4', { variant: 'paper', neighbours: 'n-f-1', power: 4 }],
    ['krum:power=4,n-f', { variant: 'paper', neighbours: 'n-f', power: 4 }],
    ['krum:variant=notebook', { variant: 'notebook' }],
    ['centered-clipping:.5', { variant: 'paper', tau: 0.5, iterations: 5 }],
    ['multi-krum:7', { select: 7, neighbours: 'n-f-2', power: 2 }],
    [' mean ', {}],
  ])('%s', (text, options) => {
    expect(parseAggregator(text).options).toEqual(options);
  });

  it('in lists: option=value goes on with the item before it', () => {
    const parsed = parsePreAggregators('nnm,clipping:norm=3,bucketing:2,arc').map(({ name, options }) => [name, options]);
    expect(parsed).toEqual([['nnm', {}], ['clipping', { norm: 3 }], ['bucketing', { size: 2 }], ['arc', {}]]);
    expect(parsePreAggregators('')).toEqual([]);
    expect(parseAttack('max-value:-3').options).toEqual({ scale: -3 });
  });

  it('written out with every option read back as the same', () => {
    const all = [...AGGREGATORS.map(({ name }) => parseAggregator(name)), parseAggregator('gm:byzfl'), parseAggregator('krum:variant=notebook'), parseAggregator('trimmed-mean:0.1')];
    for (const rule of all) expect(parseAggregator(formatSpecification(rule)).options).toEqual(rule.options);
    expect(formatSpecification(parseAggregator('krum'))).toBe('krum:variant=paper,neighbours=n-f-2,power=2');
    expect(formatSpecification(parseAggregator('mean'))).toBe('mean');
  });

  it.each([
    ['medain', 'aggregator: expected one among mean, median, ', 'got "medain" (the nearest is median)'],
    ['', 'got ""'], ['constructor', 'got "constructor"'], ['Krum', 'the nearest is krum'],
    ['krum:neighbors=n-f', 'aggregator: krum: expected options among variant, neighbours, power; got "neighbors" (the nearest is neighbours)'],
    ['krum:neighbours=n', 'krum: neighbours: expected n-f-2, n-f-1 or n-f, got "n"'], ['krum:power=3', 'power: expected 1, 2 or 4, got "3"'],
    ['krum:', 'krum: neighbours: expected n-f-2, n-f-1 or n-f, got ""'], ['krum:power=2,power=4', 'krum: expected power once, got it twice'],
    ['krum:variant=notebook,power=2', 'krum: expected power with variant paper or byzfl, got variant notebook'],
    ['gm:start=zero', 'gm: expected start with variant notebook or byzfl, got variant exact'], ['gm:fast', 'gm: variant: expected exact, notebook or byzfl, got "fast"'],
    ['gm:tolerance=-1', 'tolerance: expected a finite number of at least 0, got "-1"'], ['gm:tolerance=1e999', 'got "1e999"'], ['gm:tolerance=0x1', 'got "0x1"'], ['gm:tolerance=', 'got ""'],
    ['gm:max-iterations=1.5', 'max-iterations: expected a whole number of at least 1, got "1.5"'], ['trimmed-mean:0.5', 'trim: expected f or a finite number of at least 0 and below 0.5, got "0.5"'],
    ['mean:2', 'mean: expected option=value, got "2"'], ['mean:x=2', 'mean: expected no options, got "x"'], ['krum:toString=1', 'got "toString"'],
  ])('refuses %j', (text, ...parts) => {
    let message = '';
    try {
      parseAggregator(text);
    } catch (error) {
      expect(error).toBeInstanceOf(RangeError);
      message = (error as Error).message;
    }
    for (const part of parts) expect(message).toContain(part);
  });

  it('names the flag that it was given for', () => {
    expect(() => parsePreAggregators('nnm,clip:2', '--pre')).toThrow(/^--pre: expected one among nnm, bucketing, clipping, arc; got "clip"/);
    expect(() => parseAttack('alie:tau=x', '--attack')).toThrow('--attack: alie: tau: expected z or a finite number, got "x"');
  });

  it('suggests the name at the least number of edits', () => {
    expect(['krm', 'buylan', 'trimed-mean', 'geometric', 'cg'].map((given) => nearestName(given, AGGREGATORS.map(({ name }) => name)))).toEqual(['krum', 'bulyan', 'trimmed-mean', 'meamed', 'cge']);
    for (const { name } of ATTACKS) expect(nearestName(`${name}s`, ATTACKS.map((each) => each.name))).toBe(name);
  });
});

describe('the catalog', () => {
  it('has every name', () => {
    expect(AGGREGATORS.map(({ name }) => name)).toEqual([
      'mean', 'median', 'gm', 'krum', 'multi-krum', 'trimmed-mean', 'bulyan', 'centered-clipping', 'mda', 'meamed', 'monna', 'caf', 'smea', 'faba', 'cge', 'fltrust',
    ]);
    expect(PRE_AGGREGATORS.map(({ name }) => name)).toEqual(['nnm', 'bucketing', 'clipping', 'arc']);
    expect(ATTACKS.map(({ name }) => name).toSorted()).toEqual([
      'alie', 'ipm', 'isolation', 'label-flip', 'max-value', 'mimic', 'min-max', 'optimal-alie', 'optimal-ipm', 'sign-flip', 'white', 'zero-gradient',
    ]);
  });

  it.each([...AGGREGATORS, ...PRE_AGGREGATORS, ...ATTACKS])('declares $name whole: defaults within bounds, variants that take declared options', (definition) => {
    const options = optionsOf(definition);
    for (const { default: initial, choices = [], number } of Object.values(options)) expect(choices.includes(initial) || (number !== undefined && typeof initial === 'number')).toBe(true);
    for (const values of Object.values(definition.variants ?? {})) expect(Object.keys(options)).toEqual(expect.arrayContaining(Object.keys(values)));
    if (definition.usual !== undefined) expect(options).toHaveProperty(definition.usual);
    expect(describeCatalog()).toContain(`  ${definition.name}: ${definition.help}\n`);
  });

  it('tells bounds, options and defaults', () => {
    const krum = catalogEntries().find(({ name }) => name === 'krum')!;
    expect(krum).toMatchObject({ kind: 'aggregator', bound: '2f + 2 < n', usual: 'neighbours', options: [{ name: 'variant', default: 'paper' }, { name: 'neighbours', accepts: 'n-f-2, n-f-1 or n-f' }, { name: 'power' }] });
    expect(JSON.parse(JSON.stringify(catalogEntries()))).toEqual(catalogEntries());
  });
});
