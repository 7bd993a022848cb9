// What the tensors ask of a maker other than the core. `src/backend` has the makers; whoever opens one hands it in.
import type { Activation } from './activation.js';
import type { Pair } from './convolution.js';
import type { Shape, Tensor } from './tensor.js';

/** Values on a device; only the device that made it knows what it is. */
export type Handle = object;

/** A tensor's values on a device, under the shape that the op sees. */
export interface Operand {
  readonly handle: Handle;
  readonly shape: Shape;
}

/** The ops that a device may make, as {@link Placement} is asked about them. */
export type DeviceOp =
  | 'linear' | 'linear gradient' | 'sparse linear' | 'sparse linear gradient' | 'matmul' | 'matmul gradient' | 'conv2d' | 'conv2d gradient'
  | 'max pool' | 'max pool gradient' | 'average pool' | 'average pool gradient' | 'activation' | 'activation gradient' | 'loss' | 'loss gradient' | 'add' | 'scale';

/** A layer's output, and what its gradient needs of it: the output itself, or for gelu the biased product. */
export interface LayerHandles {
  output: Handle;
  saved: Handle;
}

/** Which of a layer's gradients are wanted. */
export interface Wanted {
  x: boolean;
  weight: boolean;
  bias: boolean;
}

export type LayerGradients = Partial<Record<keyof Wanted, Handle>>;

export interface LinearSettings {
  activation: Activation;
  inputOffset: number;
}

export interface ConvolutionSettings {
  activation: Activation;
  stride: Pair;
  padding: Pair;
  dilation: Pair;
  /** [height, width] of the output. */
  output: Pair;
}

export interface PoolSettings {
  kind: 'max' | 'average' | 'adaptive average';
  /** Of no meaning for the adaptive kind, as stride and padding. */
  kernel: Pair;
  stride: Pair;
  padding: Pair;
  /** [height, width] of the output. */
  output: Pair;
}

/** The numbers of one Adam update; see `optimizer_adam` in assembly/optimizer.ts. */
export interface AdamNumbers {
  decay: number;
  maximize: boolean;
  beta1: number;
  beta2: number;
  rootCorrection: number;
  epsilon: number;
  stepSize: number;
}

/** A parameter's moments; `largest` for AMSGrad. */
export interface AdamState<T> {
  mean: T;
  square: T;
  largest: T | undefined;
}

/**
 * A maker of float32 ops. Shapes, layouts and meanings are those of the ops in this folder; every handle that a
 * method returns is the caller's to dispose of. Its results agree with the core's closely, not to the bit.
 */
export interface Device {
  /** As in `--backend`: `tfjs-wasm`, ... */
  readonly name: string;
  /** False for an op without a maker here: the core does it. */
  can(op: DeviceOp): boolean;
  upload(values: Float32Array, shape: Shape): Handle;
  read(handle: Handle): Promise<Float32Array>;
  /** The same at once; the array may change with the device's next op. Undefined where a device can only be awaited. */
  readSync: ((handle: Handle) => Float32Array) | undefined;
  /** Another handle of the same values, without copying them. */
  share(handle: Handle): Handle;
  dispose(handle: Handle): void;
  /** Resolves when the work handed in so far is done. */
  finish(): Promise<void>;

  linear(x: Operand, weight: Operand, bias: Operand | null, settings: LinearSettings): LayerHandles;
  linearGradient(gradient: Operand, saved: Operand, x: Operand, weight: Operand, settings: LinearSettings, wanted: Wanted): LayerGradients;
  matmul(a: Operand, b: Operand, transposeA: boolean, transposeB: boolean): Handle;
  conv2d(x: Operand, weight: Operand, bias: Operand | null, settings: ConvolutionSettings): LayerHandles;
  conv2dGradient(gradient: Operand, saved: Operand, x: Operand, weight: Operand, settings: ConvolutionSettings, wanted: Wanted): LayerGradients;
  pool(x: Operand, settings: PoolSettings): Handle;
  poolGradient(gradient: Operand, x: Operand, output: Operand, settings: PoolSettings): Handle;
  activation(x: Operand, activation: Activation): Handle;
  activationGradient(gradient: Operand, saved: Operand, activation: Activation): Handle;
  /** `slope` [batch, classes]: the gradient by the logits for an upstream gradient of one. */
  crossEntropy(logits: Operand, labels: Int32Array, divisor: number): { loss: Handle; slope: Handle };
  mse(a: Operand, b: Operand): Handle;
  /** upstream [] * 2 (a - b) / count */
  mseGradient(upstream: Operand, a: Operand, b: Operand): Handle;
  add(a: Operand, b: Operand): Handle;
  scale(x: Operand, factor: number): Handle;
  /** scalar [] * x */
  scaleBy(scalar: Operand, x: Operand): Handle;
  /** The parameter and its moments after one step. */
  adam(parameter: Operand, gradient: Operand, state: AdamState<Operand>, numbers: AdamNumbers): { parameter: Handle } & AdamState<Handle>;
}

/** One op about to be computed. */
export interface OpRequest {
  op: DeviceOp;
  /** Multiplications for products and convolutions, values touched for the rest. */
  work: number;
  operands: readonly Tensor[];
  /** Bytes of the op's results. */
  outputBytes: number;
}

/** A device, and who decides whether it makes an op or the core does. */
export interface Placement {
  readonly device: Device;
  /** True for the device. Only asked about float32 ops that the device can make. */
  prefersDevice(request: OpRequest): boolean;
}
