// A labelled dataset resident in the core's memory, handed out in batches of normalised pixels.
import type { Core, Pointer } from '../core/index.js';
import { NORMALISED_PIXELS, type ImageDataset } from '../data/index.js';
import type { Tape } from '../tensor/index.js';
import type { NetworkInput } from './network.js';

const PIXELS = 28 * 28;

export class ResidentImages {
  readonly count: number;
  readonly #core: Core;
  readonly #labels: Uint8Array;
  readonly #images: Pointer;
  readonly #whole: Pointer;
  readonly #lessBackground: Pointer;
  /** What a black pixel becomes: 81% of MNIST. */
  readonly #background: number;

  /**
   * Copies the dataset's bytes into the core.
   * @param pixels float32[256]: what each byte becomes
   * @throws RangeError when memory is exhausted
   */
  constructor(core: Core, dataset: ImageDataset, pixels: Float32Array = NORMALISED_PIXELS) {
    this.#core = core;
    this.count = dataset.count;
    this.#labels = dataset.labels;
    this.#images = core.memory.allocate(dataset.images.length, `${dataset.name} ${dataset.part} images`);
    core.memory.u8(this.#images, dataset.images.length).set(dataset.images);
    this.#background = pixels[0]!;
    this.#whole = this.#storeTable(pixels);
    this.#lessBackground = this.#storeTable(pixels.map((pixel) => pixel - this.#background));
  }

  #storeTable(values: Float32Array): Pointer {
    const table = this.#core.memory.allocate(256 * 4, 'normalised pixel table');
    this.#core.memory.f32(table, 256).set(values);
    return table;
  }

  /**
   * Images of this step, and their labels.
   * @param lessBackground store the pixels less the value of a black one, which most are: they become zeros
   */
  batch(tape: Tape, indices: Int32Array, lessBackground: boolean): { images: NetworkInput; labels: Int32Array } {
    const pixels = tape.empty([indices.length, PIXELS], 'float32', 'image batch');
    const order = tape.allocate(indices.length * 4, 'batch indices');
    this.#core.memory.i32(order, indices.length).set(indices);
    const table = lessBackground ? this.#lessBackground : this.#whole;
    this.#core.kernels.image_gather_f32(this.#images, order, table, pixels.pointer, indices.length, PIXELS);
    const labels = Int32Array.from(indices, (index) => this.#labels[index]!);
    return { images: { pixels, offset: lessBackground ? this.#background : 0 }, labels };
  }

  dispose(): void {
    this.#core.memory.free(this.#images);
    this.#core.memory.free(this.#whole);
    this.#core.memory.free(this.#lessBackground);
  }
}
