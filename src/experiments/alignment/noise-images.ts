// The notebook's NoiseImages: a fixed set, each image from a generator of its own.
import type { Core } from '../../core/index.js';
import { Generator } from '../../random/index.js';
import { gatherRows, rowRange, Tensor, type Tape } from '../../tensor/index.js';

const PIXELS = 28 * 28;

export class NoiseImages {
  readonly count: number;
  readonly #core: Core;
  /** [count, 784] float32 */
  readonly #images: Tensor;
  readonly #seed: number;
  readonly #distribution: 'normal' | 'uniform';

  /** Room for the images; {@link draw} fills it. @throws RangeError when memory is exhausted */
  constructor(core: Core, count: number, seed: number, distribution: 'normal' | 'uniform') {
    this.#core = core;
    this.count = count;
    this.#seed = seed;
    this.#distribution = distribution;
    this.#images = Tensor.zeros(core, [count, PIXELS], 'float32', 'noise images');
  }

  /** Draws images [start, end): number i is torch.randn (or torch.rand * 2 - 1) of a generator seeded with seed * 1,000,000 + i. */
  draw(start: number, end: number): void {
    const generator = new Generator(this.#core, 0);
    for (let index = start; index < end; index++) {
      const image = rowRange(this.#images, index, index + 1);
      generator.seed(this.#seed * 1_000_000 + index);
      if (this.#distribution === 'normal') generator.fillNormal(image, 0, 1);
      else generator.fillRand(image);
    }
    generator.dispose();
    if (this.#distribution === 'normal') return;
    const { kernels } = this.#core;
    const drawn = this.range(start, end);
    kernels.arithmetic_scale_f32(drawn.pointer, 2, drawn.pointer, drawn.size);
    kernels.arithmetic_add_scalar_f32(drawn.pointer, -1, drawn.pointer, drawn.size);
  }

  /** Images [start, end) where they lie: [end - start, 784]. */
  range(start: number, end: number): Tensor {
    return rowRange(this.#images, start, end);
  }

  /** The images that `indices` name: [indices, 784] of this step. */
  batch(tape: Tape, indices: Int32Array): Tensor {
    return gatherRows(tape, this.#images, indices);
  }

  dispose(): void {
    this.#images.dispose();
  }
}
