// The stopping rule of every benchmark, and the description of the machine. Nothing else in bench/ decides
// how often something runs or which of several timings counts.
import os from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { THREADS } from './threads.mjs';

/** Contestants run until both hold: this many rounds, and this many seconds each. */
export const DEFAULT_RULE = { rounds: 9, seconds: 2 };
/** For trying a benchmark out; its figures are not worth quoting. */
export const QUICK_RULE = { rounds: 3, seconds: 0.15 };

/**
 * Milliseconds between the turn of a contestant with several threads and the next one's: helper threads stay awake for
 * a while when their work ends (OpenBLAS's for 25 ms of a quiet machine), and would take the next contestant's processor.
 */
const REST = 100;

/** A contestant's timer for a function that finishes its work before it returns (or resolves). */
export function timing(work) {
  return async (repeats) => {
    const start = performance.now();
    for (let i = 0; i < repeats; i++) {
      const pending = work();
      // Awaiting only what is pending keeps a synchronous contestant free of the event loop.
      if (pending instanceof Promise) await pending;
    }
    return performance.now() - start;
  };
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Median with extremes; `values` holds one number a round. */
export function summarize(values) {
  return { median: median(values), min: Math.min(...values), max: Math.max(...values) };
}

async function rest({ threads = 1 }) {
  if (threads > 1) await sleep(REST);
}

/** Milliseconds of one call, after the calls that compile and warm the contestant. */
async function warmUp(contestant, slot) {
  await contestant.run(1);
  let calls = 0;
  let spent = 0;
  while (calls < 2 || spent < Math.min(slot, 100)) {
    spent += await contestant.run(1);
    calls++;
  }
  await rest(contestant);
  return spent / calls;
}

/**
 * Times contestants in turn, A B C A B C ..., so that a disturbance of the machine meets all of them. A round gives
 * each contestant one slot of about seconds / rounds (at least one call), and counts the mean of its calls there.
 * @param contestants [{ name, threads (default 1), run(repeats): milliseconds of all repeats }]
 * @param rule rounds and seconds, both reached before it stops
 * @param baseline name of the contestant that ratios are taken to; default the first
 * @returns milliseconds of one call for each name; `ratios[name]` is its time over the baseline's, paired within rounds
 */
export async function measure(contestants, rule = DEFAULT_RULE, baseline = contestants[0].name) {
  const slot = (1000 * rule.seconds) / rule.rounds;
  const entries = [];
  for (const contestant of contestants) {
    const expected = await warmUp(contestant, slot);
    entries.push({ contestant, repeats: Math.max(1, Math.round(slot / expected)), total: 0, times: [] });
  }
  for (let round = 0; round < rule.rounds || entries.some(({ total }) => total < 1000 * rule.seconds); round++) {
    for (const entry of entries) {
      const spent = await entry.contestant.run(entry.repeats);
      entry.total += spent;
      entry.times.push(spent / entry.repeats);
      await rest(entry.contestant);
    }
  }
  const reference = entries.find(({ contestant }) => contestant.name === baseline).times;
  return {
    rounds: reference.length,
    milliseconds: Object.fromEntries(entries.map(({ contestant, times }) => [contestant.name, summarize(times)])),
    ratios: Object.fromEntries(entries.map(({ contestant, times }) =>
      [contestant.name, summarize(times.map((time, round) => time / reference[round]))])),
  };
}

/** What the figures depend on. `threads` is the most that a contestant has: names say each one's. `load` is the one-minute average now: above the number of threads used, distrust them. */
export function describeMachine() {
  const processors = os.cpus();
  return {
    cpu: processors[0]?.model.trim() ?? 'unknown', cores: processors.length, architecture: process.arch,
    memory_gb: Math.round(os.totalmem() / 1e9), os: `${os.type()} ${os.release()}`, node: process.version,
    node_flags: process.execArgv.join(' '), threads: Math.max(...THREADS), load: os.loadavg()[0],
  };
}

export function printMachine(machine) {
  const { cpu, cores, architecture, os: system, node, node_flags: flags, load } = machine;
  console.log(`${cpu}, ${cores} cores (${architecture}), ${system}, Node ${node}${flags === '' ? '' : ` ${flags}`}`);
  console.log(`load average ${load.toFixed(2)}`);
}
