// The pool itself, on built files: threads need scripts.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';
import { afterEach, describe, expect, it } from 'vitest';
import type * as core from '../../src/core/index.js';
import type * as control from '../../src/core/threads/control.js';
import type * as pool from '../../src/core/threads/pool.js';
import type * as node from '../../src/runtime/node.js';
import type * as verify from '../../src/verify/index.js';

const DIST = new URL('../../dist/', import.meta.url);
const { openCore } = (await import(new URL('core/index.js', DIST).href)) as typeof core;
const { startThread } = (await import(new URL('runtime/node.js', DIST).href)) as typeof node;
const { verifyCases, wideCases } = (await import(new URL('verify/index.js', DIST).href)) as typeof verify;
const { Pool } = (await import(new URL('core/threads/pool.js', DIST).href)) as typeof pool;
const { Word } = (await import(new URL('core/threads/control.js', DIST).href)) as typeof control;

type Core = core.Core;
type StartThread = core.StartThread;

const opened: Core[] = [];
const open = async (threads: number, start: StartThread = startThread) => {
  const core = await openCore({ kernels: 'all', threads, startThread: start });
  opened.push(core);
  await core.threadsReady();
  return core;
};
afterEach(async () => {
  await Promise.all(opened.splice(0).map((core) => core.close()));
});

/** Adds two arrays of `count` ones with a kernel that is shared. */
function addOnes(core: Core, count = 100_000): number {
  const address = core.memory.allocate(4 * count, 'ones');
  core.memory.f32(address, count).fill(1);
  core.kernels.arithmetic_add_f32(address, address, address, count);
  const total = core.memory.f32(address, count).reduce((sum, value) => sum + value, 0);
  core.memory.free(address);
  return total;
}

/** Starts threads whose workers the test holds, to do them harm. */
function exposed(): { start: StartThread; workers: Worker[] } {
  const workers: Worker[] = [];
  const start: StartThread = (given, ended) => {
    const worker = new Worker(new URL('runtime/node-thread.js', DIST), { workerData: given });
    workers.push(worker);
    worker.once('exit', (code) => ended(`exit code ${code}`));
    const ready = new Promise<void>((resolve) => worker.once('message', () => resolve()));
    return { ready, terminate: async () => void (await worker.terminate()) };
  };
  return { start, workers };
}

describe('a pool of threads', () => {
  it.each([2, 3, 4, 7, 16])('gives the recorded digests: %i threads', async (threads) => {
    const core = await open(threads);
    expect(core.threads).toBe(threads);
    for (let time = 0; time < 3; time++) {
      for await (const { name, holds } of verifyCases(core, wideCases)) expect([name, holds]).toEqual([name, true]);
    }
  });

  it('grows its memory while threads work on it', async () => {
    const core = await open(3);
    for (let i = 1; i <= 6; i++) expect(addOnes(core, i * 1_000_000)).toBe(i * 2_000_000);
  });

  const child = async (...words: string[]) => {
    const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', fileURLToPath(new URL('children.mjs', import.meta.url)), ...words], { timeout: 200_000 });
    return JSON.parse(stdout) as Record<string, unknown>;
  };

  it('lets the process end when it was not closed', async () => {
    expect(await child('left-open')).toEqual({ holds: true });
  });

  it('burns nothing while idle', async () => {
    const { milliseconds } = await child('idle');
    // Of a second of four threads; a single one that spun would take a thousand.
    expect(milliseconds).toBeLessThan(100);
  });

  it('leaves neither threads nor memory behind when opened and closed again and again', async () => {
    const { correct, first, last } = (await child('reopened', '150')) as { correct: number; first: Record<string, number>; last: Record<string, number> };
    expect(correct).toBe(150);
    expect(last.threads).toBe(first.threads);
    expect(last.megabytes! - first.megabytes!).toBeLessThan(60);
  });
});

describe('a thread that fails', () => {
  it('between two calls: the next call says so', async () => {
    const { start, workers } = exposed();
    const core = await open(3, start);
    expect(addOnes(core)).toBe(200_000);
    await workers[1]!.terminate();
    expect(() => addOnes(core)).toThrow(/^thread 2 of 3 ended while it was needed \(exit code 1\); open the core again$/);
  });

  it('in the midst of a part: an error instead of a wait without end', async () => {
    const core = await open(2);
    const control = core.memory.allocate(100_000, 'another control block');
    core.memory.u8(control, 100_000).fill(0);
    const pool = new Pool(core.kernels, core.memory.wasm, control, 2, 3);
    const words = new Int32Array(core.memory.wasm.buffer, control, 80);
    // Another thread has claimed a part and never reports it.
    const cut = { parts: 2, narrow: () => (Atomics.store(words, Word.ticket, 0), [0, 0, 0]), kernel: 'arithmetic_fill_f32' as const };
    expect(() => pool.run('arithmetic_fill_f32', [0, 0, 0], cut)).toThrow(/^threads: expected the last 1 parts of a job within 0.3 s, got none: a thread has died/);
    expect(() => pool.run('arithmetic_fill_f32', [0, 0, 0], cut)).toThrow(/a thread has died/);
  });

  it('with an error of its own: that error, whoever had it', async () => {
    const core = await open(4);
    const outside = core.memory.byteLength;
    expect(() => core.kernels.arithmetic_fill_f32(outside, 1, 1_000_000)).toThrow(/^thread \d of 4 failed: .*(out of bounds|memory).*; open the core again$/i);
    expect(() => addOnes(core)).toThrow(/open the core again$/);
  });

  it('when it is started: an error that says how many were wanted, and no thread stays', async () => {
    let terminated = 0;
    const start: StartThread = ({ index }) => {
      if (index === 3) throw new Error('no more threads');
      return { ready: Promise.resolve(), terminate: async () => void terminated++ };
    };
    await expect(openCore({ threads: 4, startThread: start })).rejects.toThrow(/^threads: expected 4 threads to start, got no more threads; ask for fewer, or for 1$/);
    expect(terminated).toBe(2);
  });

  it('before it serves: whoever waits is told, and whoever computes', async () => {
    const start: StartThread = (given, ended) => startThread({ ...given, module: undefined as unknown as WebAssembly.Module }, ended);
    const core = await openCore({ threads: 2, startThread: start });
    opened.push(core);
    await expect(core.threadsReady()).rejects.toThrow(/^thread 1 of 2 ended while it was needed \(.*Module.*\); open the core again$/);
    expect(() => addOnes(core)).toThrow(/^thread 1 of 2 ended while it was needed/);
  });
});

describe('openCore', () => {
  it('computes before the threads are up, and may be closed before', async () => {
    const core = await openCore({ threads: 8, startThread });
    expect(addOnes(core)).toBe(200_000);
    await core.close();
  });

  it.each([0, -1, 1.5, 257, NaN, Infinity])('refuses %d threads', async (threads) => {
    await expect(openCore({ threads, startThread })).rejects.toThrow(`threads: expected a whole number from 1 to 256, got ${threads}`);
  });

  it('needs a way to start threads', async () => {
    await expect(openCore({ threads: 2 })).rejects.toThrow(/^threads: expected startThread of isolab\/node or isolab\/browser/);
  });

  it('says when it is used after close()', async () => {
    const core = await open(2);
    await core.close();
    expect(() => addOnes(core)).toThrow('core: used after close()');
  });
});
