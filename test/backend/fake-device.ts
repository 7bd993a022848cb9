// A device of plain arrays that counts what moves, so that the laws of residence can be held without any package.
import type { Device, DeviceOp, Handle, Operand, Placement } from '../../src/tensor/index.js';

class Values {
  isLive = true;
  readonly data: Float32Array;

  constructor(data: Float32Array) {
    this.data = data;
  }
}

const MADE: readonly DeviceOp[] = ['add', 'scale', 'activation', 'activation gradient'];

/** Makes add, scale and relu. */
export class FakeDevice {
  readonly name = 'fake';
  uploads = 0;
  downloads = 0;
  live = 0;
  adamSteps = 0;
  readonly readSync: Device['readSync'];

  constructor(readsAtOnce = true) {
    this.readSync = readsAtOnce ? (handle) => this.#download(handle) : undefined;
  }

  /** As a device, of which the tests use these methods only. */
  get device(): Device {
    return this as unknown as Device;
  }

  get placement(): Placement {
    return { device: this.device, prefersDevice: () => true };
  }

  can(op: DeviceOp): boolean {
    return MADE.includes(op);
  }

  #make(data: Float32Array): Handle {
    this.live++;
    return new Values(data);
  }

  #valuesOf(handle: Handle): Float32Array {
    const values = handle as Values;
    if (!values.isLive) throw new Error('fake device: expected a live handle, got one disposed of');
    return values.data;
  }

  #download(handle: Handle): Float32Array {
    this.downloads++;
    return this.#valuesOf(handle);
  }

  #map({ handle }: Operand, change: (value: number, index: number) => number): Handle {
    return this.#make(this.#valuesOf(handle).map(change));
  }

  upload(values: Float32Array): Handle {
    this.uploads++;
    return this.#make(values.slice());
  }

  async read(handle: Handle): Promise<Float32Array> {
    return this.#download(handle);
  }

  share(handle: Handle): Handle {
    return this.#make(this.#valuesOf(handle));
  }

  dispose(handle: Handle): void {
    this.#valuesOf(handle);
    (handle as Values).isLive = false;
    this.live--;
  }

  async finish(): Promise<void> {}

  add(a: Operand, b: Operand): Handle {
    const others = this.#valuesOf(b.handle);
    return this.#map(a, (value, index) => value + others[index]!);
  }

  scale(x: Operand, factor: number): Handle {
    return this.#map(x, (value) => value * factor);
  }

  activation(x: Operand): Handle {
    return this.#map(x, (value) => Math.max(0, value));
  }

  activationGradient(gradient: Operand, saved: Operand): Handle {
    const outputs = this.#valuesOf(saved.handle);
    return this.#map(gradient, (value, index) => (outputs[index]! > 0 ? value : 0));
  }

  adam(parameter: Operand, gradient: Operand, state: { mean: Operand; square: Operand }) {
    this.adamSteps++;
    const gradients = this.#valuesOf(gradient.handle);
    const updated = this.#map(parameter, (value, index) => value - gradients[index]!);
    return { parameter: updated, mean: this.share(state.mean.handle), square: this.share(state.square.handle), largest: undefined };
  }
}
