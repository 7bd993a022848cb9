export { BackendError, openDevice, TFJS_BACKENDS, TFJS_VERSION, type PackageFinder } from './loading.js';
export { everythingOn } from './placement.js';
export { TfjsDevice, type TfjsName } from './tfjs.js';
