import type { Core, Kernels, Pointer } from '../core/index.js';
import type { Device, Operand } from './device.js';
import { Storage, type StepMemory } from './storage.js';

export type DType = 'float32' | 'float64';
export type Shape = readonly number[];
export type Values<D extends DType = DType> = D extends 'float32' ? Float32Array : Float64Array;

/** Number of values in a shape. `[]` is a scalar and holds one. */
export function sizeOf(shape: Shape): number {
  let size = 1;
  for (const extent of shape) size *= extent;
  return size;
}

export function formatShape(shape: Shape): string {
  return `[${shape.join(', ')}]`;
}

export function bytesOf(shape: Shape, dtype: DType): number {
  return sizeOf(shape) * (dtype === 'float32' ? 4 : 8);
}

/**
 * A dense row-major array of float32 or float64 values in the core's memory, on a device, or on both sides.
 *
 * A persistent tensor lives until {@link Tensor.dispose}; one made by an op lives until its step ends.
 */
export class Tensor {
  readonly core: Core;
  readonly dtype: DType;
  readonly shape: Shape;
  readonly size: number;
  /** Whether {@link Tape.backward} computes a gradient for it. */
  requiresGrad = false;
  /** The gradient that the step's backward pass computed; same shape and dtype; lives until the step ends. */
  grad: Tensor | undefined;

  readonly #storage: Storage;

  /** Tensors are made by a lab, a tape or an op, not by hand. @internal */
  constructor(dtype: DType, shape: Shape, storage: Storage) {
    this.core = storage.core;
    this.dtype = dtype;
    this.shape = shape;
    this.size = sizeOf(shape);
    this.#storage = storage;
  }

  /** @param pointer undefined for values that a device is about to give. @internal */
  static at(core: Core, dtype: DType, shape: Shape, pointer: Pointer | undefined, step?: StepMemory): Tensor {
    return new Tensor(dtype, shape, new Storage(core, bytesOf(shape, dtype), dtype === 'float32', shape, pointer, step));
  }

  /** A persistent tensor of zeros. @throws RangeError naming the tensor when memory is exhausted */
  static zeros(core: Core, shape: Shape, dtype: DType = 'float32', name = 'tensor'): Tensor {
    for (const extent of shape) {
      if (!Number.isSafeInteger(extent) || extent < 0) {
        throw new RangeError(`${name}: expected a shape of whole numbers, got ${formatShape(shape)}`);
      }
    }
    const bytes = bytesOf(shape, dtype);
    const pointer = core.memory.allocate(bytes, `${name} ${formatShape(shape)} ${dtype}`);
    core.memory.u8(pointer, bytes).fill(0);
    return Tensor.at(core, dtype, shape, pointer);
  }

  /**
   * A persistent tensor holding a copy of `values`.
   * @throws RangeError when the count does not fit the shape
   */
  static from(core: Core, values: ArrayLike<number>, shape: Shape, dtype: DType = 'float32', name = 'tensor'): Tensor {
    if (values.length !== sizeOf(shape)) {
      throw new RangeError(`${name}: expected ${sizeOf(shape)} values for shape ${formatShape(shape)}, got ${values.length}`);
    }
    const tensor = Tensor.zeros(core, shape, dtype, name);
    tensor.data.set(values);
    return tensor;
  }

  /**
   * Byte address of the first value, for reading and writing: what a device holds of it counts as outdated.
   * @throws Error when the tensor is no longer alive, or its values must be fetched first (see {@link Tensor.fetch})
   */
  get pointer(): Pointer {
    return this.#storage.target();
  }

  /** The same address for reading only: a device's copy stays valid. */
  get source(): Pointer {
    return this.#storage.source();
  }

  /** A live view of the values, to read or write. Any later allocation may detach it: use it at once or copy it. */
  get data(): Values {
    return this.#viewAt(this.pointer);
  }

  #viewAt(pointer: Pointer): Values {
    const { memory } = this.core;
    return this.dtype === 'float32' ? memory.f32(pointer, this.size) : memory.f64(pointer, this.size);
  }

  /** Whether the core has the values now. */
  get isOnCore(): boolean {
    return this.#storage.isOnCore;
  }

  /** Whether `device` has the values now. */
  isOn(device: Device): boolean {
    return this.#storage.isOn(device);
  }

  /** The device that alone has the values, if one has. */
  get maker(): Device | undefined {
    return this.#storage.maker;
  }

  /**
   * Brings the values into the core, wherever they are: afterwards `toArray`, `item` and the core's ops may read them.
   * Needed only with a backend that cannot be read at once (tfjs-webgpu), free of charge with any other.
   */
  async fetch(): Promise<this> {
    await this.#storage.fetch();
    return this;
  }

  /** The values on a device, sent there if need be. @internal */
  on(device: Device): Operand {
    return { handle: this.#storage.handleOn(device), shape: this.shape };
  }

  /** Takes values that a device made in this tensor's stead. @internal */
  replace(device: Device, handle: object): void {
    this.#storage.replace(device, handle);
  }

  /** A copy of the values, row-major. */
  toArray(): Values {
    return this.#viewAt(this.source).slice();
  }

  /** The only value of a one-element tensor. @throws RangeError for any other size */
  item(): number {
    if (this.size !== 1) throw new RangeError(`item: expected a tensor of one value, got shape ${formatShape(this.shape)}`);
    return this.#viewAt(this.source)[0]!;
  }

  /** The same values under another shape; shares memory and takes no part in gradients (the `reshape` op does). */
  view(shape: Shape): Tensor {
    if (sizeOf(shape) !== this.size) {
      throw new RangeError(`view: expected a shape of ${this.size} values, got ${formatShape(shape)}`);
    }
    this.#storage.requireAlive();
    return new Tensor(this.dtype, shape, this.#storage);
  }

  /** Gives a persistent tensor's memory back. Tensors of a step need no disposal. */
  dispose(): void {
    this.#storage.dispose();
  }
}

type Suffixed = { [K in keyof Kernels]: K extends `${infer Family}_f32` ? Family : never }[keyof Kernels];

/** The kernels' names by their families: a name put together at every call costs more than many a kernel. */
const NAMES = new Map<Suffixed, Record<DType, string>>();

function namesOf(family: Suffixed): Record<DType, string> {
  const names = { float32: `${family}_f32`, float64: `${family}_f64` };
  NAMES.set(family, names);
  return names;
}

/** The kernel of a family for a dtype: `kernelOf(x, 'gemm')` is `gemm_f32` or `gemm_f64`. */
export function kernelOf<F extends Suffixed>(tensor: Tensor, family: F): Kernels[`${F}_f32`] {
  const names = NAMES.get(family) ?? namesOf(family);
  return tensor.core.kernels[names[tensor.dtype] as `${F}_f32`];
}

/** @throws TypeError unless all tensors have one dtype */
export function requireSameDType(op: string, ...tensors: (Tensor | null | undefined)[]): void {
  const present = tensors.filter((tensor) => tensor != null);
  if (present.some(({ dtype }) => dtype !== present[0]!.dtype)) {
    throw new TypeError(`${op}: expected one dtype, got ${present.map(({ dtype }) => dtype).join(' and ')}`);
  }
}

/** @throws RangeError unless the shapes are equal */
export function requireSameShape(op: string, a: Tensor, b: Tensor): void {
  if (a.shape.length !== b.shape.length || a.shape.some((extent, axis) => extent !== b.shape[axis])) {
    throw new RangeError(`${op}: expected equal shapes, got ${formatShape(a.shape)} and ${formatShape(b.shape)}`);
  }
}

/** @throws TypeError when an op is given something else than an object of options */
export function requireOptions(op: string, options: unknown): void {
  if (typeof options !== 'object' || options === null) {
    throw new TypeError(`${op}: expected options such as { activation: 'relu' }, got ${JSON.stringify(options)}`);
  }
}
