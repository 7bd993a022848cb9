import type { Arena, Core, Kernels, Pointer } from '../core/index.js';

export type DType = 'float32' | 'float64';
export type Shape = readonly number[];
export type Values<D extends DType = DType> = D extends 'float32' ? Float32Array : Float64Array;

/** Number of values in a shape. `[]` is a scalar and holds one. */
export function sizeOf(shape: Shape): number {
  return shape.reduce((product, extent) => product * extent, 1);
}

export function formatShape(shape: Shape): string {
  return `[${shape.join(', ')}]`;
}

/**
 * A dense row-major array of float32 or float64 values in the core's memory.
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

  readonly #pointer: Pointer;
  readonly #arena: Arena | undefined;
  readonly #generation: number;
  #disposed = false;

  /** Tensors are made by a lab, a tape or an op, not by hand. @internal */
  constructor(core: Core, dtype: DType, shape: Shape, pointer: Pointer, arena?: Arena) {
    this.core = core;
    this.dtype = dtype;
    this.shape = shape;
    this.size = sizeOf(shape);
    this.#pointer = pointer;
    this.#arena = arena;
    this.#generation = arena?.generation ?? 0;
  }

  /** A persistent tensor of zeros. @throws RangeError naming the tensor when memory is exhausted */
  static zeros(core: Core, shape: Shape, dtype: DType = 'float32', name = 'tensor'): Tensor {
    for (const extent of shape) {
      if (!Number.isSafeInteger(extent) || extent < 0) {
        throw new RangeError(`${name}: expected a shape of whole numbers, got ${formatShape(shape)}`);
      }
    }
    const bytes = sizeOf(shape) * (dtype === 'float32' ? 4 : 8);
    const pointer = core.memory.allocate(bytes, `${name} ${formatShape(shape)} ${dtype}`);
    core.memory.u8(pointer, bytes).fill(0);
    return new Tensor(core, dtype, shape, pointer);
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

  /** Byte address of the first value. @throws Error when the tensor is no longer alive */
  get pointer(): Pointer {
    if (this.#disposed) throw new Error(`tensor ${formatShape(this.shape)}: used after dispose()`);
    if (this.#arena !== undefined && this.#arena.generation !== this.#generation) {
      throw new Error(
        `tensor ${formatShape(this.shape)}: its step has ended and its memory is reused; copy it inside the step with toArray() or item()`,
      );
    }
    return this.#pointer;
  }

  /** A live view of the values. Any later allocation may detach it: use it at once or copy it. */
  get data(): Values {
    const { memory } = this.core;
    return this.dtype === 'float32' ? memory.f32(this.pointer, this.size) : memory.f64(this.pointer, this.size);
  }

  /** A copy of the values, row-major. */
  toArray(): Values {
    return this.data.slice();
  }

  /** The only value of a one-element tensor. @throws RangeError for any other size */
  item(): number {
    if (this.size !== 1) throw new RangeError(`item: expected a tensor of one value, got shape ${formatShape(this.shape)}`);
    return this.data[0]!;
  }

  /** The same values under another shape; shares memory and takes no part in gradients (the `reshape` op does). */
  view(shape: Shape): Tensor {
    if (sizeOf(shape) !== this.size) {
      throw new RangeError(`view: expected a shape of ${this.size} values, got ${formatShape(shape)}`);
    }
    return new Tensor(this.core, this.dtype, shape, this.pointer, this.#arena);
  }

  /** Gives a persistent tensor's memory back. Tensors of a step need no disposal. */
  dispose(): void {
    if (this.#disposed || this.#arena !== undefined) return;
    this.#disposed = true;
    this.core.memory.free(this.#pointer);
  }
}

type Suffixed = { [K in keyof Kernels]: K extends `${infer Family}_f32` ? Family : never }[keyof Kernels];

/** The kernel of a family for a dtype: `kernelOf(x, 'gemm')` is `gemm_f32` or `gemm_f64`. */
export function kernelOf<F extends Suffixed>(tensor: Tensor, family: F): Kernels[`${F}_f32`] {
  const name = `${family}_${tensor.dtype === 'float32' ? 'f32' : 'f64'}` as `${F}_f32`;
  return tensor.core.kernels[name];
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
