// The one maker behind tfjs-wasm, tfjs-webgl and tfjs-webgpu. Results agree with the core's to about 1e-5, not to the bit.
import type {
  Activation, AdamNumbers, AdamState, ConvolutionSettings, Device, DeviceOp, Handle, LayerGradients, LayerHandles, LinearSettings, Operand, PoolSettings,
  Shape, Wanted,
} from '../tensor/index.js';
import type { TensorFlow, TfTensor } from './tfjs-api.js';
import { conv2d, conv2dGradient } from './tfjs-convolution.js';
import { activate, activationGradient, linear, linearGradient, plainMultiply, turningMultiply, type Multiply } from './tfjs-layers.js';
import { pool, poolGradient } from './tfjs-pooling.js';
import { adam, crossEntropy, mse, mseGradient } from './tfjs-training.js';

/** More values than any backend keeps on the CPU's side for small ops. */
const PROBE_SIZE = 4096;

/** tfjs-wasm lacks the kernel Conv2DBackpropFilter, and its MaxPoolGrad finds no maximum in windows of negative values. */
const UNFIT_FOR_WASM: ReadonlySet<DeviceOp> = new Set<DeviceOp>(['conv2d gradient', 'max pool', 'max pool gradient']);

export type TfjsName = 'tfjs-wasm' | 'tfjs-webgl' | 'tfjs-webgpu';

export class TfjsDevice implements Device {
  readonly name: TfjsName;
  /** `4.22.0` */
  readonly version: string;
  /** The adapter behind a GPU backend, as far as it tells; else empty. */
  readonly hardware: string;
  readonly readSync: ((handle: Handle) => Float32Array) | undefined;
  readonly #tf: TensorFlow;
  readonly #backend: string;
  readonly #multiply: Multiply;

  /** @param tf with the backend registered and ready */
  constructor(name: TfjsName, tf: TensorFlow, hardware = '') {
    this.name = name;
    this.version = tf.version_core;
    this.hardware = hardware;
    this.#tf = tf;
    this.#backend = name.slice('tfjs-'.length);
    this.#multiply = name === 'tfjs-wasm' ? turningMultiply(tf) : plainMultiply(tf);
    // WebGPU is read synchronously through a canvas, which only browsers have.
    const isReadable = name !== 'tfjs-webgpu' || typeof OffscreenCanvas !== 'undefined';
    this.readSync = isReadable ? (handle) => this.#readNow(handle as TfTensor) : undefined;
  }

  /** Tensors that tfjs holds now, those of other users of the same tfjs among them. */
  get liveTensors(): number {
    return this.#tf.memory().numTensors;
  }

  can(op: DeviceOp): boolean {
    return this.name !== 'tfjs-wasm' || !UNFIT_FOR_WASM.has(op);
  }

  /** tfjs has one current backend for everybody; once it is initialised, changing it takes effect at once. */
  #activate(): TensorFlow {
    if (this.#tf.getBackend() !== this.#backend) void this.#tf.setBackend(this.#backend);
    return this.#tf;
  }

  #run<T>(body: (tf: TensorFlow) => T): T {
    const tf = this.#activate();
    return tf.tidy(() => body(tf));
  }

  /** An operand under its op's shape; inside a tidy. */
  #take({ handle, shape }: Operand): TfTensor {
    return this.#tf.reshape(handle as TfTensor, shape);
  }

  #takeOptional(operand: Operand | null): TfTensor | null {
    return operand === null ? null : this.#take(operand);
  }

  upload(values: Float32Array, shape: Shape): Handle {
    // The GPU backends keep the array until they send it; the core's memory will have changed by then.
    return this.#activate().tensor(this.name === 'tfjs-wasm' ? values : values.slice(), shape);
  }

  async read(handle: Handle): Promise<Float32Array> {
    this.#activate();
    return (handle as TfTensor).data();
  }

  #readNow(tensor: TfTensor): Float32Array {
    const backend = this.#activate().backend();
    return backend.typedArrayFromHeap?.(tensor) ?? tensor.dataSync();
  }

  share(handle: Handle): Handle {
    return this.#activate().clone(handle as TfTensor);
  }

  dispose(handle: Handle): void {
    (handle as TfTensor).dispose();
  }

  async finish(): Promise<void> {
    const probe = this.#run((tf) => tf.relu(tf.tensor(new Float32Array(PROBE_SIZE), [PROBE_SIZE])));
    await probe.data();
    probe.dispose();
  }

  linear(x: Operand, weight: Operand, bias: Operand | null, settings: LinearSettings): LayerHandles {
    return this.#run((tf) => linear(tf, this.#multiply, this.#take(x), this.#take(weight), this.#takeOptional(bias), settings));
  }

  linearGradient(gradient: Operand, saved: Operand, x: Operand, weight: Operand, settings: LinearSettings, wanted: Wanted): LayerGradients {
    return this.#run((tf) =>
      linearGradient(tf, this.#multiply, this.#take(gradient), this.#take(saved), this.#take(x), this.#take(weight), settings, wanted),
    );
  }

  matmul(a: Operand, b: Operand, transposeA: boolean, transposeB: boolean): Handle {
    return this.#run(() => this.#multiply(this.#take(a), this.#take(b), transposeA, transposeB));
  }

  conv2d(x: Operand, weight: Operand, bias: Operand | null, settings: ConvolutionSettings): LayerHandles {
    return this.#run((tf) => conv2d(tf, this.#take(x), this.#take(weight), this.#takeOptional(bias), settings));
  }

  conv2dGradient(gradient: Operand, saved: Operand, x: Operand, weight: Operand, settings: ConvolutionSettings, wanted: Wanted): LayerGradients {
    return this.#run((tf) => conv2dGradient(tf, this.#take(gradient), this.#take(saved), this.#take(x), this.#take(weight), settings, wanted));
  }

  pool(x: Operand, settings: PoolSettings): Handle {
    return this.#run((tf) => pool(tf, this.#take(x), settings));
  }

  poolGradient(gradient: Operand, x: Operand, output: Operand, settings: PoolSettings): Handle {
    return this.#run((tf) => poolGradient(tf, this.#take(gradient), this.#take(x), this.#take(output), settings));
  }

  activation(x: Operand, activation: Activation): Handle {
    return this.#run((tf) => activate(tf, activation, this.#take(x)));
  }

  activationGradient(gradient: Operand, saved: Operand, activation: Activation): Handle {
    return this.#run((tf) => activationGradient(tf, activation, this.#take(gradient), this.#take(saved)));
  }

  crossEntropy(logits: Operand, labels: Int32Array, divisor: number): { loss: Handle; slope: Handle } {
    // As in upload: the labels lie in the core's memory.
    return this.#run((tf) => crossEntropy(tf, this.#take(logits), labels.slice(), divisor));
  }

  mse(a: Operand, b: Operand): Handle {
    return this.#run((tf) => mse(tf, this.#take(a), this.#take(b)));
  }

  mseGradient(upstream: Operand, a: Operand, b: Operand): Handle {
    return this.#run((tf) => mseGradient(tf, this.#take(upstream), this.#take(a), this.#take(b)));
  }

  add(a: Operand, b: Operand): Handle {
    return this.#run((tf) => tf.add(this.#take(a), this.#take(b)));
  }

  scale(x: Operand, factor: number): Handle {
    return this.#run((tf) => tf.mul(this.#take(x), factor));
  }

  scaleBy(scalar: Operand, x: Operand): Handle {
    return this.#run((tf) => tf.mul(this.#take(scalar), this.#take(x)));
  }

  adam(parameter: Operand, gradient: Operand, state: AdamState<Operand>, numbers: AdamNumbers): { parameter: Handle } & AdamState<Handle> {
    const { mean, square, largest } = state;
    return this.#run((tf) => {
      const taken = { mean: this.#take(mean), square: this.#take(square), largest: largest === undefined ? undefined : this.#take(largest) };
      return adam(tf, this.#take(parameter), this.#take(gradient), taken, numbers);
    });
  }
}
