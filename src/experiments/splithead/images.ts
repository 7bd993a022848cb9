// A labelled dataset resident in the core's memory, handed out in batches of normalised pixels.
import type { Core, Pointer } from '../../core/index.js';
import { NORMALISED_PIXELS, type ImageDataset } from '../../data/index.js';
import type { Tape, Tensor } from '../../tensor/index.js';

const PIXELS = 28 * 28;

export class ResidentImages {
  readonly count: number;
  readonly #core: Core;
  readonly #labels: Uint8Array;
  readonly #images: Pointer;
  readonly #table: Pointer;

  /** Copies the dataset's bytes into the core. @throws RangeError when memory is exhausted */
  constructor(core: Core, dataset: ImageDataset) {
    this.#core = core;
    this.count = dataset.count;
    this.#labels = dataset.labels;
    this.#images = core.memory.allocate(dataset.images.length, `${dataset.name} ${dataset.part} images`);
    core.memory.u8(this.#images, dataset.images.length).set(dataset.images);
    this.#table = core.memory.allocate(256 * 4, 'normalised pixel table');
    core.memory.f32(this.#table, 256).set(NORMALISED_PIXELS);
  }

  /** Images [indices, 784] float32 of this step, and their labels. */
  batch(tape: Tape, indices: Int32Array): { images: Tensor; labels: Int32Array } {
    const images = tape.empty([indices.length, PIXELS], 'float32', 'image batch');
    const order = tape.allocate(indices.length * 4, 'batch indices');
    this.#core.memory.i32(order, indices.length).set(indices);
    this.#core.kernels.image_gather_f32(this.#images, order, this.#table, images.pointer, indices.length, PIXELS);
    return { images, labels: Int32Array.from(indices, (index) => this.#labels[index]!) };
  }

  dispose(): void {
    this.#core.memory.free(this.#images);
    this.#core.memory.free(this.#table);
  }
}
