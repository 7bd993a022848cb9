// The kernels of every family. index.ts has those that all experiments and the tensors lean on; a page that needs no more loads less.
export * from './index';
