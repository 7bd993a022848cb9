export { DataError } from './data-error.js';
export { datasetTitle, keepFirstClasses, MNIST_DEVIATION, MNIST_MEAN, NORMALISED_PIXELS, UNIT_PIXELS, type DatasetPair, type ImageDataset } from './dataset.js';
export { loadEmnist, type EmnistSplit } from './emnist.js';
export { loadLibsvm, parseLibsvm, type LibsvmDataset, type LibsvmOptions } from './libsvm.js';
export { denseRows, selectLibsvmRows, splitLibsvm } from './libsvm-rows.js';
export { loadMnist, type DataFolders } from './mnist.js';
