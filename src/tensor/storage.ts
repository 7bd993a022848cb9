// Where a tensor's values lie: in the core's memory, on a device, or on both sides with equal values.
import type { Arena, Core, Pointer } from '../core/index.js';
import type { Device, Handle } from './device.js';

/** What a step owns: its arena, and the device copies that end with it. */
export interface StepMemory {
  readonly arena: Arena;
  /** Storages of this step that have held a device copy. */
  readonly held: Set<Storage>;
}

/** Values move only when the side that lacks them asks. Tensors that are views of one another share one storage. */
export class Storage {
  readonly core: Core;
  readonly bytes: number;
  readonly #isSingle: boolean;
  readonly #shape: readonly number[];
  readonly #step: StepMemory | undefined;
  readonly #generation: number;
  #pointer: Pointer | undefined;
  #copy: { device: Device; handle: Handle } | undefined;
  /** The core's values are older than the device's, or there are none. */
  #isCoreStale = false;
  #isDisposed = false;

  /** @param pointer undefined for values that a device has made: see {@link Storage.replace} */
  constructor(core: Core, bytes: number, isSingle: boolean, shape: readonly number[], pointer: Pointer | undefined, step: StepMemory | undefined) {
    this.core = core;
    this.bytes = bytes;
    this.#isSingle = isSingle;
    this.#shape = shape;
    this.#pointer = pointer;
    this.#step = step;
    this.#generation = step?.arena.generation ?? 0;
  }

  /** The tensor's shape, for errors. */
  get #what(): string {
    return `[${this.#shape.join(', ')}]`;
  }

  get isOnCore(): boolean {
    return !this.#isCoreStale;
  }

  /** The device that alone has the values, if one has. */
  get maker(): Device | undefined {
    return this.#isCoreStale ? this.#copy?.device : undefined;
  }

  isOn(device: Device): boolean {
    return this.#copy?.device === device;
  }

  /** @throws Error when the tensor is disposed of or its step has ended */
  requireAlive(): void {
    if (this.#isDisposed) throw new Error(`tensor ${this.#what}: used after dispose()`);
    if (this.#step !== undefined && this.#step.arena.generation !== this.#generation) {
      throw new Error(`tensor ${this.#what}: its step has ended and its memory is reused; copy it inside the step with toArray() or item()`);
    }
  }

  /** Address of valid values, for reading. @throws Error when the values are on a device that can only be awaited */
  source(): Pointer {
    this.requireAlive();
    if (this.#isCoreStale) this.#readNow();
    return this.#pointer!;
  }

  /** Address of valid values, which the caller may change: a device's copy is dropped. */
  target(): Pointer {
    const pointer = this.source();
    if (this.#copy !== undefined) this.#drop();
    return pointer;
  }

  /** Makes the core's values valid. */
  async fetch(): Promise<void> {
    this.requireAlive();
    if (!this.#isCoreStale) return;
    const copy = this.#copy!;
    const values = await copy.device.read(copy.handle);
    this.requireAlive();
    // Another op may have replaced the values meanwhile.
    if (this.#isCoreStale && this.#copy === copy) this.#receive(values);
  }

  #readNow(): void {
    const { device, handle } = this.#copy!;
    if (device.readSync === undefined) {
      throw new Error(`tensor ${this.#what}: expected values in the core, got values on ${device.name}, which can only be awaited here; await tensor.fetch() first`);
    }
    this.#receive(device.readSync(handle));
  }

  #receive(values: Float32Array): void {
    this.#pointer ??= this.#step!.arena.allocate(this.bytes, this.#what);
    this.core.memory.f32(this.#pointer, this.bytes / 4).set(values);
    this.#isCoreStale = false;
  }

  /** The device's copy, sent there if it has none. It stays this storage's. */
  handleOn(device: Device): Handle {
    if (!this.#isSingle) throw new TypeError(`tensor ${this.#what}: expected float32 on ${device.name}, got float64`);
    this.requireAlive();
    if (this.#copy?.device === device) return this.#copy.handle;
    const values = this.core.memory.f32(this.source(), this.bytes / 4);
    this.#drop();
    this.#keep(device, device.upload(values, [values.length]));
    return this.#copy!.handle;
  }

  /** Takes values that a device has made; the core's become stale. */
  replace(device: Device, handle: Handle): void {
    this.#drop();
    this.#keep(device, handle);
    this.#isCoreStale = true;
  }

  #keep(device: Device, handle: Handle): void {
    this.#copy = { device, handle };
    this.#step?.held.add(this);
  }

  #drop(): void {
    this.#copy?.device.dispose(this.#copy.handle);
    this.#copy = undefined;
  }

  /** Ends a step's device copy. */
  release(): void {
    this.#drop();
  }

  /** Gives a persistent tensor's memory back; those of a step go with it. */
  dispose(): void {
    if (this.#isDisposed || this.#step !== undefined) return;
    this.#isDisposed = true;
    this.#drop();
    this.core.memory.free(this.#pointer!);
  }
}
