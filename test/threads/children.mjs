// Child processes of the thread tests: children.mjs WHAT [NUMBER]; prints one line of JSON.
import { readdir } from 'node:fs/promises';
import { openCore } from '../../dist/core/index.js';
import { startThread } from '../../dist/runtime/node.js';
import { verifyCases, wideCases } from '../../dist/verify/index.js';

const [what, number = '0'] = process.argv.slice(2);
const open = async (threads) => {
  const core = await openCore({ kernels: 'all', threads, startThread });
  await core.threadsReady();
  return core;
};

async function holds(core) {
  let all = true;
  for await (const outcome of verifyCases(core, wideCases)) all &&= outcome.holds;
  return all;
}

/** Computes, leaves the pool open, and returns: the process must end by itself. */
async function leftOpen() {
  const core = await open(4);
  return { holds: await holds(core) };
}

/** Processor milliseconds of this process in a second in which nothing is asked of the pool. */
async function idle() {
  const core = await open(4);
  await holds(core);
  const before = process.cpuUsage();
  await new Promise((resolve) => setTimeout(resolve, 1000));
  const { user, system } = process.cpuUsage(before);
  await core.close();
  return { milliseconds: (user + system) / 1000 };
}

async function state() {
  globalThis.gc?.();
  await new Promise((resolve) => setTimeout(resolve, 20));
  return { threads: (await readdir('/proc/self/task').catch(() => [])).length, megabytes: Math.round(process.memoryUsage().rss / 1e6) };
}

/** Opens and closes a pool over and over. */
async function reopened(times) {
  const values = new Float32Array(40_000).fill(1);
  let first;
  let correct = 0;
  for (let i = 0; i < times; i++) {
    const core = await open(3);
    const address = core.memory.allocate(values.byteLength, 'values');
    core.memory.f32(address, values.length).set(values);
    core.kernels.arithmetic_add_f32(address, address, address, values.length);
    if (core.memory.f32(address, values.length).every((value) => value === 2)) correct++;
    await core.close();
    if (i + 1 === Math.ceil(times / 10)) first = await state();
  }
  return { correct, first, last: await state() };
}

const result = what === 'left-open' ? await leftOpen() : what === 'idle' ? await idle() : await reopened(Number(number));
console.log(JSON.stringify(result));
