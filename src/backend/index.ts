export { calibrationPath, readCalibration, writeCalibration, type CalibrationFiles, type CalibrationKey } from './calibration.js';
export { BackendError, openDevice, TFJS_BACKENDS, TFJS_VERSION, type PackageFinder } from './loading.js';
export { measureCosts, type Clock } from './measurement.js';
export { byCosts, everythingOn, type Costs, type Family, type Line, type SidedCosts } from './placement.js';
export { measureTable, TABLE_WIDTHS, type TableRow } from './table.js';
export { TfjsDevice, type TfjsName } from './tfjs.js';
