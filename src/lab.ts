import { openCore, type Core, type EmbeddedCoreOptions, type Profile } from './core/index.js';
import { Generator } from './random/index.js';
import { Stepper, Tensor, type DType, type Shape, type Tape } from './tensor/index.js';

/** Nested numbers: a scalar, a vector, a matrix, ... */
export type Nested = number | readonly Nested[];

function shapeOf(values: Nested): number[] {
  return typeof values === 'number' ? [] : [values.length, ...(values.length === 0 ? [] : shapeOf(values[0]!))];
}

function flattenInto(values: Nested, shape: readonly number[], out: number[]): void {
  if (typeof values === 'number') {
    if (shape.length > 0) throw new RangeError(`tensor: expected nested lists of one shape, got a number beside lists`);
    out.push(values);
    return;
  }
  if (values.length !== shape[0]) throw new RangeError(`tensor: expected ${shape[0] ?? 'a number'} values at one level, got ${values.length}`);
  for (const value of values) flattenInto(value, shape.slice(1), out);
}

/** An opened core with what is needed to compute on it by hand. */
export class Lab {
  readonly core: Core;
  readonly #stepper: Stepper;

  constructor(core: Core) {
    this.core = core;
    this.#stepper = new Stepper(core);
  }

  get profile(): Profile {
    return this.core.profile;
  }

  /** SHA-256 of the .wasm that computes. */
  get wasmHash(): string {
    return this.core.wasmHash;
  }

  /**
   * A persistent tensor from nested lists, or from flat values and a shape.
   * @throws RangeError for ragged lists or a count that does not fit the shape
   */
  tensor(values: Nested | ArrayLike<number>, options: { shape?: Shape; dtype?: DType } = {}): Tensor {
    if (options.shape !== undefined) return Tensor.from(this.core, values as ArrayLike<number>, options.shape, options.dtype);
    if (ArrayBuffer.isView(values)) return Tensor.from(this.core, values as ArrayLike<number>, [(values as ArrayLike<number>).length], options.dtype);
    const shape = shapeOf(values as Nested);
    const flat: number[] = [];
    flattenInto(values as Nested, shape, flat);
    return Tensor.from(this.core, flat, shape, options.dtype);
  }

  /** A persistent tensor of zeros. */
  zeros(shape: Shape, dtype: DType = 'float32'): Tensor {
    return Tensor.zeros(this.core, shape, dtype);
  }

  /** Threads that compute; see `CoreOptions.threads`. */
  get threads(): number {
    return this.core.threads;
  }

  /** Ends the threads; nothing may be computed afterwards. */
  close(): Promise<void> {
    return this.core.close();
  }

  /** PyTorch's CPU generator: the same seed gives the same numbers. */
  generator(seed: number | bigint): Generator {
    return new Generator(this.core, seed);
  }

  /**
   * Runs ops on a fresh tape and frees all that they made; return plain numbers or arrays from `body`.
   * @param options.record default true: note what `tape.backward` needs
   */
  step<T>(body: (tape: Tape) => T, options: { record?: boolean } = {}): T {
    return this.#stepper.step(body, options);
  }
}

/**
 * Opens the numeric core.
 * @example
 * const lab = await openLab();
 * const x = lab.tensor([[1, 2], [3, 4]]);
 * const total = lab.step((tape) => sum(tape, matmul(tape, x, x)).item());
 * @throws TypeError for an unknown profile, or a `module` that is no build of this version
 * @throws Error when the engine lacks what the profile needs
 */
export async function openLab(options: EmbeddedCoreOptions = {}): Promise<Lab> {
  return new Lab(await openCore(options));
}
