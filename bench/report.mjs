// How results look: as a table on the terminal, as ratios that answer what is asked of the core, as results.json.
//     node bench/report.mjs        the ratios of results.json
import { readFile } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import { inThreads, THREADS } from './threads.mjs';

export const RESULTS = new URL('./results.json', import.meta.url);
/** Name of the contestant that shows what two processors of the machine can give. */
export const CEILING = 'two processes at once';

function digits(value) {
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

function spread({ median, min, max }) {
  return `${digits(median).padStart(7)}  (${digits(min)} - ${digits(max)})`;
}

/**
 * Prints one benchmark: a line for each contestant with its median, its extremes, and how many times the baseline's
 * time it takes (the median of the ratios within rounds; above 1 the contestant is slower than the baseline).
 */
export function printResult({ name, shape, unit, contestants, ratios, rounds }) {
  console.log(`\n${name}  ${shape}   ${unit}, median (min - max) of ${rounds} rounds`);
  const width = Math.max(...Object.keys(contestants).map((contestant) => contestant.length)) + 2;
  for (const [contestant, figures] of Object.entries(contestants)) {
    const ratio = ratios[contestant];
    const beside = ratio === undefined ? '' : `   time x ${digits(ratio.median)}`;
    console.log(`  ${contestant.padEnd(width)}${spread(figures).padEnd(28)}${beside}`);
  }
  printComparisons({ unit, contestants });
}

const PROFILES = ['strict', 'fused'];
const isRate = (unit) => unit.endsWith('/s');

/** Whichever PyTorch is better; the restatement and the original of a whole run are such too. */
function bestOfPyTorch({ unit, contestants }) {
  const others = Object.keys(contestants).filter((name) => name.startsWith('PyTorch'));
  const better = (a, b) => (contestants[a].median < contestants[b].median) !== isRate(unit);
  return others.reduce((best, name) => (best === undefined || better(name, best) ? name : best), undefined);
}

/**
 * Pairs of contestants whose ratios are asked for: threads, profiles, the best PyTorch, the machine's ceiling.
 * @returns [{ text, ratio }] with the ratio of the medians (of speeds where the unit is a rate, else of times or sizes)
 */
export function comparisonsOf({ unit, contestants }) {
  const name = (profile, threads) => `isolab ${profile}, ${inThreads(threads)}`;
  const torch = bestOfPyTorch({ unit, contestants });
  const more = THREADS.filter((threads) => threads > 1);
  const pairs = [
    ...PROFILES.flatMap((profile) => more.map((threads) =>
      [`${profile}: ${inThreads(threads)} / ${inThreads(1)}`, name(profile, threads), name(profile, 1)])),
    [`ceiling: ${CEILING} / one`, CEILING, name('strict', 1)],
    ...THREADS.map((threads) => [`fused / strict, ${inThreads(threads)}`, name('fused', threads), name('strict', threads)]),
    ...PROFILES.flatMap((profile) => THREADS.map((threads) =>
      [`${profile}, ${inThreads(threads)}, against the best PyTorch (${torch})`, name(profile, threads), torch])),
  ];
  return pairs.filter(([, a, b]) => contestants[a] !== undefined && contestants[b] !== undefined)
    .map(([text, a, b]) => ({ text, ratio: contestants[a].median / contestants[b].median }));
}

export function printComparisons(result) {
  for (const { text, ratio } of comparisonsOf(result)) console.log(`  ${isRate(result.unit) ? 'speed ' : ''}x ${ratio.toFixed(2)}  ${text}`);
}

/** A measurement in milliseconds as GFLOP/s; the slowest round gives the minimum. */
export function asRate(milliseconds, floatingPointOperations) {
  const rate = (time) => floatingPointOperations / time / 1e6;
  return Object.fromEntries(Object.entries(milliseconds).map(([name, { median, min, max }]) =>
    [name, { median: rate(median), min: rate(max), max: rate(min) }]));
}

function rounded(value) {
  if (typeof value === 'number') return Number(value.toPrecision(4));
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map(rounded);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, rounded(inner)]));
}

/** The text of results.json. */
export function formatResults({ machine, versions, results }) {
  return `${JSON.stringify({ machine: rounded(machine), versions, results: rounded(results) }, null, 2)}\n`;
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  for (const result of JSON.parse(await readFile(RESULTS, 'utf8')).results) {
    console.log(`${result.name}, ${result.shape} (${result.unit})`);
    printComparisons(result);
  }
}
