import { Arena, type Core, type Pointer } from '../core/index.js';
import type { Device, DeviceOp, Handle, Placement } from './device.js';
import type { StepMemory } from './storage.js';
import { bytesOf, formatShape, kernelOf, requireSameDType, requireSameShape, sizeOf, Tensor, type DType, type Shape } from './tensor.js';

type Backward = (gradient: Tensor) => void;

/** Of an op with several outputs: the gradient of each, undefined for one that nothing depended on. */
type BackwardOfSeveral = (gradients: readonly (Tensor | undefined)[]) => void;

/**
 * One step's memory and its record of ops. Ops allocate their results here and note how to carry a
 * gradient back; {@link Tape.backward} walks the notes in reverse; the step's end frees everything.
 */
export class Tape {
  readonly core: Core;
  readonly #memory: StepMemory;
  readonly #placement: Placement | undefined;
  #recording: boolean;
  #notes: { outputs: readonly Tensor[]; backward: BackwardOfSeveral }[] = [];
  #touched: Tensor[] = [];

  constructor(core: Core, memory: StepMemory, recording = true, placement?: Placement) {
    this.core = core;
    this.#memory = memory;
    this.#recording = recording;
    this.#placement = placement;
  }

  /** Uninitialised memory of this step. @throws RangeError naming `what` when memory is exhausted */
  allocate(bytes: number, what: string): Pointer {
    return this.#memory.arena.allocate(bytes, what);
  }

  /** A tensor of this step with undefined contents. */
  empty(shape: Shape, dtype: DType, what: string): Tensor {
    const pointer = this.#memory.arena.allocate(bytesOf(shape, dtype), what, shape);
    return Tensor.at(this.core, dtype, shape, pointer, this.#memory);
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

  /** A float32 tensor of this step whose values a device has made; the core gets memory for it when it asks. */
  made(device: Device, handle: Handle, shape: Shape): Tensor {
    const tensor = Tensor.at(this.core, 'float32', shape, undefined, this.#memory);
    tensor.replace(device, handle);
    return tensor;
  }

  /**
   * The device that is to make an op, or undefined for the core.
   * @param work multiplications for products and convolutions, values touched for the rest
   * @param results number of values of the op's results
   */
  place(op: DeviceOp, work: number, operands: readonly (Tensor | null)[], results: number): Device | undefined {
    const placement = this.#placement;
    if (placement === undefined) return undefined;
    const present = operands.filter((operand) => operand !== null);
    if (present.some(({ dtype, size }) => dtype !== 'float32' || size === 0) || results === 0 || !placement.device.can(op)) return undefined;
    return placement.prefersDevice({ op, work, operands: present, outputBytes: 4 * results }) ? placement.device : undefined;
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
    this.recordSeveral(inputs, [output], ([gradient]) => backward(gradient!));
    return output;
  }

  /** The same for an op of several outputs: `backward` runs once, when any of them has a gradient. */
  recordSeveral(inputs: readonly (Tensor | null | undefined)[], outputs: readonly Tensor[], backward: BackwardOfSeveral): void {
    if (!this.records(inputs)) return;
    for (const output of outputs) output.requiresGrad = true;
    this.#notes.push({ outputs, backward });
  }

  /** Adds to an input's gradient what `write` puts at the address it is given (it must write every value). */
  accumulate(input: Tensor, write: (pointer: Pointer) => void): void {
    if (!input.requiresGrad) return;
    const gradient = this.empty(input.shape, input.dtype, 'gradient');
    write(gradient.pointer);
    this.give(input, gradient);
  }

  /** Adds a gradient that reaches `input` unchanged, whichever side has it. */
  pass(input: Tensor, gradient: Tensor): void {
    const device = this.#placement?.device;
    if (!input.requiresGrad) return;
    if (!gradient.isOnCore && device !== undefined) return this.give(input, this.made(device, device.share(gradient.on(device).handle), input.shape));
    const { memory } = this.core;
    const from = gradient.source;
    const bytes = bytesOf(gradient.shape, gradient.dtype);
    this.accumulate(input, (pointer) => memory.u8(pointer, bytes).set(memory.u8(from, bytes)));
  }

  /** Adds `gradient`, a tensor of this step that nothing else holds, to an input's gradient. */
  give(input: Tensor, gradient: Tensor): void {
    if (!input.requiresGrad) return;
    const sum = input.grad;
    if (sum === undefined) {
      input.grad = gradient;
      this.#touched.push(input);
      return;
    }
    const device = this.place('add', input.size, [sum, gradient], input.size);
    if (device !== undefined) sum.replace(device, device.add(sum.on(device), gradient.on(device)));
    else kernelOf(input, 'arithmetic_add')(sum.source, gradient.source, sum.pointer, input.size);
  }

  /**
   * Computes `grad` of every tensor that requires it and that `output` depends on.
   * @param output usually the loss; any shape
   * @param upstream gradient of the final objective with respect to `output`; default all ones
   * @throws Error when nothing was recorded for `output`; TypeError or RangeError for an upstream of another dtype or shape
   */
  backward(output: Tensor, upstream?: Tensor): void {
    if (!output.requiresGrad) {
      throw new Error('backward: expected a tensor computed in this step from one with requiresGrad, got a tensor without a record');
    }
    if (upstream !== undefined) {
      requireSameDType('backward', output, upstream);
      requireSameShape('backward', output, upstream);
      this.pass(output, upstream);
    } else this.accumulate(output, (pointer) => kernelOf(output, 'arithmetic_fill')(pointer, 1, output.size));
    for (let i = this.#notes.length - 1; i >= 0; i--) {
      const { outputs, backward } = this.#notes[i]!;
      const gradients = outputs.map(({ grad }) => grad);
      if (gradients.some((gradient) => gradient !== undefined)) backward(gradients);
    }
    this.#notes = [];
  }

  /** Drops the record and all gradients; called at the step's end. @internal */
  close(): void {
    for (const tensor of this.#touched) tensor.grad = undefined;
    this.#touched = [];
    this.#notes = [];
    for (const storage of this.#memory.held) storage.release();
    this.#memory.held.clear();
  }
}

/** Runs steps one after the other over one arena, so that memory stays flat. */
export class Stepper {
  readonly core: Core;
  readonly #memory: StepMemory;
  readonly #placement: Placement | undefined;
  #open = false;

  /** @param placement a device for the ops that it is to make; the core makes all others, and all without it */
  constructor(core: Core, placement?: Placement) {
    this.core = core;
    this.#memory = { arena: new Arena(core.memory), held: new Set() };
    this.#placement = placement;
  }

  /**
   * Runs `body` with a fresh tape and frees what it made. Copy out what must outlive the step. A body that returns
   * a promise keeps the step open until that settles.
   * @param options.record default true; false saves noting backward passes
   * @throws Error when a step is opened inside a step
   */
  step<T>(body: (tape: Tape) => T, options: { record?: boolean } = {}): T {
    if (this.#open) throw new Error('step: expected one step at a time, got a step inside a step');
    this.#open = true;
    const tape = new Tape(this.core, this.#memory, options.record ?? true, this.#placement);
    let result: T;
    try {
      result = body(tape);
    } catch (error) {
      this.#close(tape);
      throw error;
    }
    if (result instanceof Promise) return result.finally(() => this.#close(tape)) as T;
    this.#close(tape);
    return result;
  }

  #close(tape: Tape): void {
    tape.close();
    this.#memory.arena.reset();
    this.#open = false;
  }

  /** Gives the arena's memory back. */
  dispose(): void {
    this.#memory.arena.dispose();
  }
}
