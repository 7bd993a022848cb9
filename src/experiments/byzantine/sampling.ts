// What a run draws beside its initial parameters: the workers' samples, and SARAH's restarts.
import type { Core } from '../../core/index.js';
import { Generator } from '../../random/index.js';

export interface Sampling {
  /** `batch` samples of each shard, with replacement: [workers * batch], worker by worker. */
  draw(shards: readonly Int32Array[], batch: number): Int32Array;
  /** Steps to SARAH's next restart, 1 to interval - 1. */
  gap(interval: number): number;
  state(): Uint8Array;
  restore(state: Uint8Array): void;
  dispose(): void;
}

/** Samples from PyTorch's stream of a seed, one torch.randint call a worker. */
export class SeededSampling implements Sampling {
  readonly #generator: Generator;

  constructor(core: Core, seed: number) {
    this.#generator = new Generator(core, seed);
  }

  draw(shards: readonly Int32Array[], batch: number): Int32Array {
    const drawn = new Int32Array(shards.length * batch);
    for (const [worker, shard] of shards.entries()) {
      const places = this.#generator.randint(0, shard.length, batch) as Int32Array;
      for (let i = 0; i < batch; i++) drawn[worker * batch + i] = shard[places[i]!]!;
    }
    return drawn;
  }

  gap(interval: number): number {
    return interval <= 2 ? 1 : Number(this.#generator.randint(1, interval, 1)[0]);
  }

  state(): Uint8Array {
    return this.#generator.state();
  }

  restore(state: Uint8Array): void {
    this.#generator.restore(state);
  }

  dispose(): void {
    this.#generator.dispose();
  }
}
