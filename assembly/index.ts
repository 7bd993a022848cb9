// The core's exports: one family per file.
export * from './activation';
export * from './arithmetic';
export * from './averagePooling';
export * from './columns';
export * from './convolution';
export * from './divergence';
export * from './elementwise';
export * from './gemm';
export * from './image';
export * from './loss';
export * from './offsetInput';
export * from './optimizer';
export * from './pooling';
export * from './probe';
export * from './random';
export * from './reduction';
export * from './rows';
