// How results look: as a table on the terminal and as an entry of results.json.

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
