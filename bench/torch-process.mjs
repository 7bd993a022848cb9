// A PyTorch process that stays up during a benchmark, so that its turns alternate with the others'.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { torchEnvironment } from './peers.mjs';
import { inThreads, THREADS } from './threads.mjs';

const PROGRAM = fileURLToPath(new URL('./torch-worker.py', import.meta.url));

/** One Python process of torch-worker.py: a request is a line of JSON, and so is its answer. Arrays travel as raw files. */
export class TorchProcess {
  #child;
  #lines;
  #folder;
  #files = 0;

  /** @param torch from `loadTorch` */
  static async start({ name, python }, threads) {
    const process_ = new TorchProcess();
    process_.threads = threads;
    process_.name = `${name}, ${inThreads(threads)}`;
    process_.#folder = await mkdtemp(join(tmpdir(), 'isolab-bench-'));
    process_.#child = spawn(python, [PROGRAM, String(threads)], {
      stdio: ['pipe', 'pipe', 'inherit'], env: { ...process.env, ...torchEnvironment(threads) },
    });
    process_.#lines = createInterface({ input: process_.#child.stdout })[Symbol.asyncIterator]();
    return process_;
  }

  async ask(request) {
    this.#child.stdin.write(`${JSON.stringify(request)}\n`);
    const { value, done } = await this.#lines.next();
    if (done) throw new Error(`the PyTorch process ended before it answered ${JSON.stringify(request)}`);
    return JSON.parse(value);
  }

  /** Stores an array where the process can read it. */
  async share(values) {
    const path = join(this.#folder, `${this.#files++}.bin`);
    await writeFile(path, new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
    return path;
  }

  /** The float32 values that the prepared job computes. */
  async result() {
    const path = join(this.#folder, 'result.bin');
    await this.ask({ do: 'result', path });
    const bytes = await readFile(path);
    return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
  }

  /** Runs the prepared job; milliseconds by its own clock, so that the pipe is not timed. */
  run = async (repeats) => {
    const { milliseconds, processor_milliseconds: busy } = await this.ask({ do: 'run', repeats });
    // A thread cannot be busy for longer than the clock ran; the clocks' grain is forgiven.
    if (busy > 1.1 * this.threads * milliseconds + 10) throw new Error(`${this.name}: got ${busy} ms of work in ${milliseconds} ms`);
    return milliseconds;
  };

  async stop() {
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.stdin.end();
    await ended;
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/**
 * Runs `body` with a process for each thread count, and ends them.
 * @param torch from `loadTorch`; without it there are none
 */
export async function withTorch(torch, body) {
  const processes = [];
  try {
    for (const threads of torch === undefined ? [] : THREADS) processes.push(await TorchProcess.start(torch, threads));
    return await body(processes);
  } finally {
    for (const process_ of processes) await process_.stop();
  }
}
