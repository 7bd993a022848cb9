// One gradient of all parameters that outlives its step, and the arithmetic between two of them.
import { cast, dot, kernelOf, sumOfSquares, Tensor, type DType, type Tape } from '../../tensor/index.js';

export class StoredGradient {
  readonly #parameters: readonly Tensor[];
  readonly #values: Tensor[];

  /** @param dtype of what is stored; default: the parameters' own */
  constructor(parameters: readonly Tensor[], name: string, dtype?: DType) {
    this.#parameters = parameters;
    this.#values = parameters.map((parameter) => Tensor.zeros(parameter.core, parameter.shape, dtype ?? parameter.dtype, name));
  }

  clear(): void {
    for (const values of this.#values) values.data.fill(0);
  }

  /** Adds what this step's backward pass gave the parameters; those it did not reach count as zero. */
  addFromStep(tape: Tape): void {
    for (const [index, { grad }] of this.#parameters.entries()) {
      const sum = this.#values[index]!;
      if (grad !== undefined) kernelOf(sum, 'arithmetic_add')(sum.pointer, cast(tape, grad, sum.dtype).source, sum.pointer, sum.size);
    }
  }

  /** Inner product over all parameters, in float64, parameter by parameter. */
  dot(other: StoredGradient): number {
    let total = 0;
    for (const [index, values] of this.#values.entries()) total += dot(values, other.#values[index]!);
    return total;
  }

  /** Euclidean norm over all parameters. */
  norm(): number {
    let total = 0;
    for (const values of this.#values) total += sumOfSquares(values);
    return Math.sqrt(total);
  }

  /** Subtracts factor * other. */
  subtract(other: StoredGradient, factor: number): void {
    for (const [index, values] of this.#values.entries()) {
      const term = values.core.scratch((values.dtype === 'float32' ? 4 : 8) * values.size, 'projection');
      kernelOf(values, 'arithmetic_scale')(other.#values[index]!.source, factor, term, values.size);
      kernelOf(values, 'arithmetic_sub')(values.pointer, term, values.pointer, values.size);
    }
  }

  /** Runs `update` (an optimiser's step) with these values, of the parameters' dtype, as their gradients. */
  apply(update: () => void): void {
    for (const [index, parameter] of this.#parameters.entries()) parameter.grad = this.#values[index]!;
    try {
      update();
    } finally {
      for (const parameter of this.#parameters) parameter.grad = undefined;
    }
  }

  dispose(): void {
    for (const values of this.#values) values.dispose();
  }
}
