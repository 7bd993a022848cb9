export {
  activate, activationGradient, gelu, relu, sigmoid, tanh, type Activation, type ChannelLayout,
} from './activation.js';
export { add, div, mul, scale, sub } from './arithmetic.js';
export { softmaxCrossEntropy, type CrossEntropyOptions, type Reduction } from './cross-entropy.js';
export { conv2d, convolutionParameterGradients, convolvedExtent, type ConvolutionOptions, type Pair } from './convolution.js';
export type {
  AdamNumbers, AdamState, ConvolutionSettings, Device, DeviceOp, Handle, LayerGradients, LayerHandles, LinearSettings, Operand, OpRequest, Placement,
  PoolSettings, Wanted,
} from './device.js';
export { cos, erf, exp, log, sin, sqrt } from './elementwise.js';
export { linear, linearParameterGradients, matmul, type LinearOptions } from './linear.js';
export { klDivergence, logSoftmax, mse, softmax } from './loss.js';
export { adaptiveAvgPool2d, avgPool2d, maxPool2d, type PoolingWindow } from './pooling.js';
export { argmax, dot, mean, sum, sumOfSquares } from './reduction.js';
export { gatherRows, rowRange } from './rows.js';
export { cast, flatten, reshape, sliceColumns } from './shape.js';
export { Stepper, Tape } from './tape.js';
export {
  formatShape, kernelOf, requireSameDType, requireSameShape, sizeOf, Tensor, type DType, type Shape, type Values,
} from './tensor.js';
