// A labelled dataset resident in the core's memory, handed out in batches of normalised pixels.
import type { Core, Pointer } from '../../core/index.js';
import { NORMALISED_PIXELS, type ImageDataset } from '../../data/index.js';
import type { Tape } from '../../tensor/index.js';
import type { ModelInput } from './model.js';

const PIXELS = 28 * 28;
/** A black pixel after normalisation: 81% of MNIST. */
const BACKGROUND = NORMALISED_PIXELS[0]!;

export class ResidentImages {
  readonly count: number;
  readonly #core: Core;
  readonly #labels: Uint8Array;
  readonly #images: Pointer;
  readonly #whole: Pointer;
  readonly #lessBackground: Pointer;

  /** Copies the dataset's bytes into the core. @throws RangeError when memory is exhausted */
  constructor(core: Core, dataset: ImageDataset) {
    this.#core = core;
    this.count = dataset.count;
    this.#labels = dataset.labels;
    this.#images = core.memory.allocate(dataset.images.length, `${dataset.name} ${dataset.part} images`);
    core.memory.u8(this.#images, dataset.images.length).set(dataset.images);
    this.#whole = this.#storeTable(NORMALISED_PIXELS);
    this.#lessBackground = this.#storeTable(NORMALISED_PIXELS.map((pixel) => pixel - BACKGROUND));
  }

  #storeTable(values: Float32Array): Pointer {
    const table = this.#core.memory.allocate(256 * 4, 'normalised pixel table');
    this.#core.memory.f32(table, 256).set(values);
    return table;
  }

  /**
   * Normalised images of this step, and their labels.
   * @param lessBackground store the pixels less the value of a black one, which most are: they become zeros
   */
  batch(tape: Tape, indices: Int32Array, lessBackground: boolean): { images: ModelInput; labels: Int32Array } {
    const pixels = tape.empty([indices.length, PIXELS], 'float32', 'image batch');
    const order = tape.allocate(indices.length * 4, 'batch indices');
    this.#core.memory.i32(order, indices.length).set(indices);
    const table = lessBackground ? this.#lessBackground : this.#whole;
    this.#core.kernels.image_gather_f32(this.#images, order, table, pixels.pointer, indices.length, PIXELS);
    const labels = Int32Array.from(indices, (index) => this.#labels[index]!);
    return { images: { pixels, offset: lessBackground ? BACKGROUND : 0 }, labels };
  }

  dispose(): void {
    this.#core.memory.free(this.#images);
    this.#core.memory.free(this.#whole);
    this.#core.memory.free(this.#lessBackground);
  }
}
