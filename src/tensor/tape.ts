import { Arena, type Core, type Pointer } from '../core/index.js';
import { formatShape, kernelOf, sizeOf, Tensor, type DType, type Shape } from './tensor.js';

type Backward = (gradient: Tensor) => void;

/**
 * One step's memory and its record of ops. Ops allocate their results here and note how to carry a
 * gradient back; {@link Tape.backward} walks the notes in reverse; the step's end frees everything.
 */
export class Tape {
  readonly core: Core;
  readonly #arena: Arena;
  #recording: boolean;
  #notes: { output: Tensor; backward: Backward }[] = [];
  #touched: Tensor[] = [];

  constructor(core: Core, arena: Arena, recording = true) {
    this.core = core;
    this.#arena = arena;
    this.#recording = recording;
  }

  /** Uninitialised memory of this step. @throws RangeError naming `what` when memory is exhausted */
  allocate(bytes: number, what: string): Pointer {
    return this.#arena.allocate(bytes, what);
  }

  /** A tensor of this step with undefined contents. */
  empty(shape: Shape, dtype: DType, what: string): Tensor {
    const bytes = sizeOf(shape) * (dtype === 'float32' ? 4 : 8);
    return new Tensor(this.core, dtype, shape, this.#arena.allocate(bytes, `${what} ${formatShape(shape)}`), this.#arena);
  }

  /** A tensor of this step holding a copy of `values`. */
  from(values: ArrayLike<number>, shape: Shape, dtype: DType = 'float32', what = 'tensor'): Tensor {
    if (values.length !== sizeOf(shape)) {
      throw new RangeError(`${what}: expected ${sizeOf(shape)} values for shape ${formatShape(shape)}, got ${values.length}`);
    }
    const tensor = this.empty(shape, dtype, what);
    tensor.data.set(values);
    return tensor;
  }

  /** The same memory under another shape, as part of this step. */
  alias(tensor: Tensor, shape: Shape): Tensor {
    return new Tensor(this.core, tensor.dtype, shape, tensor.pointer, this.#arena);
  }

  /** Runs `body` without recording: what it computes takes no part in gradients. */
  withoutRecording<T>(body: () => T): T {
    const before = this.#recording;
    this.#recording = false;
    try {
      return body();
    } finally {
      this.#recording = before;
    }
  }

  /** Whether an op over these inputs must note its backward pass. */
  records(inputs: readonly (Tensor | null | undefined)[]): boolean {
    return this.#recording && inputs.some((input) => input?.requiresGrad === true);
  }

  /** Notes how `output`'s gradient reaches `inputs`; nothing is noted when none of them needs one. */
  record(inputs: readonly (Tensor | null | undefined)[], output: Tensor, backward: Backward): Tensor {
    if (this.records(inputs)) {
      output.requiresGrad = true;
      this.#notes.push({ output, backward });
    }
    return output;
  }

  /** Adds to an input's gradient what `write` puts at the address it is given (it must write every value). */
  accumulate(input: Tensor, write: (pointer: Pointer) => void): void {
    if (!input.requiresGrad) return;
    const gradient = this.empty(input.shape, input.dtype, 'gradient');
    write(gradient.pointer);
    if (input.grad === undefined) {
      input.grad = gradient;
      this.#touched.push(input);
    } else {
      kernelOf(input, 'arithmetic_add')(input.grad.pointer, gradient.pointer, input.grad.pointer, input.size);
    }
  }

  /**
   * Computes `grad` of every tensor that requires it and that `output` depends on.
   * @param output usually the loss; any shape
   * @param upstream gradient of the final objective with respect to `output`; default all ones
   * @throws Error when nothing was recorded for `output`
   */
  backward(output: Tensor, upstream?: Tensor): void {
    if (!output.requiresGrad) {
      throw new Error('backward: expected a tensor computed in this step from one with requiresGrad, got a tensor without a record');
    }
    this.accumulate(output, (pointer) => {
      const { memory } = this.core;
      const values = output.dtype === 'float32' ? memory.f32(pointer, output.size) : memory.f64(pointer, output.size);
      if (upstream === undefined) values.fill(1);
      else values.set(upstream.data);
    });
    for (let i = this.#notes.length - 1; i >= 0; i--) {
      const { output: result, backward } = this.#notes[i]!;
      if (result.grad !== undefined) backward(result.grad);
    }
    this.#notes = [];
  }

  /** Drops the record and all gradients; called at the step's end. @internal */
  close(): void {
    for (const tensor of this.#touched) tensor.grad = undefined;
    this.#touched = [];
    this.#notes = [];
  }
}

/** Runs steps one after the other over one arena, so that memory stays flat. */
export class Stepper {
  readonly core: Core;
  readonly #arena: Arena;
  #open = false;

  constructor(core: Core) {
    this.core = core;
    this.#arena = new Arena(core.memory);
  }

  /**
   * Runs `body` with a fresh tape and frees what it made. Copy out what must outlive the step.
   * @param options.record default true; false saves noting backward passes
   * @throws Error when a step is opened inside a step
   */
  step<T>(body: (tape: Tape) => T, options: { record?: boolean } = {}): T {
    if (this.#open) throw new Error('step: expected one step at a time, got a step inside a step');
    this.#open = true;
    const tape = new Tape(this.core, this.#arena, options.record ?? true);
    try {
      return body(tape);
    } finally {
      tape.close();
      this.#arena.reset();
      this.#open = false;
    }
  }

  /** Gives the arena's memory back. */
  dispose(): void {
    this.#arena.dispose();
  }
}
