// The LeNet of ModarTensai/network_moments (torch/net/lenet.py).
import type { Core } from '../../core/index.js';
import { normalisedPixelTable } from '../../data/dataset.js';
import type { NamedArray } from '../../nn/index.js';
import { sizeOf } from '../../tensor/index.js';
import { Float32Network, type NetworkDescription } from './float32-network.js';

/** Its `input_mean` and `input_std`: pixels from 0 to 255 become -127.5 to 127.5. */
export const LENET_MEAN = 0.5;
export const LENET_DEVIATION = 1 / 255;
/** What torchvision's `ToTensor` and the library's `Normalize` make of each pixel value. */
export const LENET_PIXELS: Float32Array = normalisedPixelTable(LENET_MEAN, LENET_DEVIATION);

/**
 * LeNet is trained on pixels divided by this, and its first weights are divided by it when that is done. PyTorch's initialisation is made
 * for inputs near 1: at 127.5 the first logits are in the tens, and two epochs end at a test accuracy of 0.988 instead of 0.992. A power
 * of two, so that the network that is saved gives the very bits on the library's pixels.
 */
export const TRAINING_SCALE = 256;

/** The layers as a network file has them; the tensors' names are those of the library's `state_dict`. */
export const LENET: NetworkDescription = {
  input: [1, 28, 28],
  layers: [
    { kind: 'conv2d', weight: '0.weight', bias: '0.bias', padding: 2 },
    { kind: 'maxPool2d', kernel: 2 },
    { kind: 'relu' },
    { kind: 'conv2d', weight: '3.weight', bias: '3.bias', padding: 2 },
    { kind: 'maxPool2d', kernel: 2 },
    { kind: 'relu' },
    { kind: 'flatten' },
    { kind: 'linear', weight: '7.weight', bias: '7.bias' },
    { kind: 'relu' },
    { kind: 'linear', weight: '9.weight', bias: '9.bias' },
  ],
};

const SHAPES = {
  '0.weight': [32, 1, 5, 5], '0.bias': [32], '3.weight': [64, 32, 5, 5], '3.bias': [64], '7.weight': [1024, 3136], '7.bias': [1024], '9.weight': [10, 1024], '9.bias': [10],
} as const;

/** A LeNet of zeros. @throws RangeError when memory is exhausted */
export function makeLenet(core: Core): Float32Network {
  const zeros = Object.entries(SHAPES).map(([name, shape]): [string, NamedArray] => [name, { dtype: 'float32', shape, values: new Float32Array(sizeOf(shape)) }]);
  return new Float32Network(core, LENET, new Map(zeros));
}
