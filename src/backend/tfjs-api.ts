// The part of tfjs 4.22 that is used here, as its types say; the packages are optional, so nothing may import them.

export interface TfTensor {
  readonly shape: number[];
  data(): Promise<Float32Array>;
  dataSync(): Float32Array;
  dispose(): void;
}

type Axes = number | number[];
type Numeric = TfTensor | number;

export interface TensorFlow {
  readonly version_core: string;
  setBackend(name: string): Promise<boolean>;
  getBackend(): string;
  memory(): { numTensors: number };
  tidy<T>(body: () => T): T;
  engine(): { runKernel(name: string, inputs: Record<string, TfTensor>, attributes: Record<string, unknown>): TfTensor };
  backend(): { typedArrayFromHeap?(tensor: TfTensor): Float32Array };
  tensor(values: Float32Array | Int32Array, shape: readonly number[], dtype?: 'float32' | 'int32'): TfTensor;
  clone(x: TfTensor): TfTensor;
  cast(x: TfTensor, dtype: 'float32'): TfTensor;
  reshape(x: TfTensor, shape: readonly number[]): TfTensor;
  transpose(x: TfTensor, order?: readonly number[]): TfTensor;
  pad(x: TfTensor, widths: readonly (readonly [number, number])[], value?: number): TfTensor;
  slice(x: TfTensor, begin: readonly number[], size: readonly number[]): TfTensor;
  oneHot(indices: TfTensor, depth: number): TfTensor;
  matMul(a: TfTensor, b: TfTensor, transposeA?: boolean, transposeB?: boolean): TfTensor;
  conv2d(x: TfTensor, filter: TfTensor, strides: readonly [number, number], pad: ExplicitPadding): TfTensor;
  maxPool(x: TfTensor, kernel: readonly [number, number], strides: readonly [number, number], pad: 'valid'): TfTensor;
  avgPool(x: TfTensor, kernel: readonly [number, number], strides: readonly [number, number], pad: 'valid'): TfTensor;
  add(a: Numeric, b: Numeric): TfTensor;
  sub(a: Numeric, b: Numeric): TfTensor;
  mul(a: Numeric, b: Numeric): TfTensor;
  div(a: Numeric, b: Numeric): TfTensor;
  maximum(a: TfTensor, b: TfTensor): TfTensor;
  sum(x: TfTensor, axes?: Axes): TfTensor;
  mean(x: TfTensor): TfTensor;
  sqrt(x: TfTensor): TfTensor;
  square(x: TfTensor): TfTensor;
  exp(x: TfTensor): TfTensor;
  erf(x: TfTensor): TfTensor;
  relu(x: TfTensor): TfTensor;
  step(x: TfTensor): TfTensor;
  tanh(x: TfTensor): TfTensor;
  sigmoid(x: TfTensor): TfTensor;
  logSoftmax(x: TfTensor): TfTensor;
}

/** Of batch, height, width and channels. */
export type ExplicitPadding = readonly [readonly [number, number], readonly [number, number], readonly [number, number], readonly [number, number]];
