// Who makes an op: the device whenever it can, or whichever side is cheaper by a calibration of this machine.
import type { Device, DeviceOp, OpRequest, Placement, Tensor } from '../tensor/index.js';

/** Ops of one kind cost alike for the same work. */
export type Family =
  | 'product' | 'product gradient' | 'sparse product' | 'sparse product gradient' | 'convolution' | 'convolution gradient' | 'elementwise';

/** Milliseconds: `overhead + perUnit` for each multiplication, value or byte. */
export interface Line {
  overhead: number;
  perUnit: number;
}

export interface SidedCosts {
  core: Line;
  device: Line;
}

export interface Costs {
  families: Record<Family, SidedCosts>;
  /** By bytes, as the download. */
  upload: Line;
  download: Line;
}

/**
 * The device must be cheaper by this much to be taken: less than the 5% that a wrong choice may cost, and more than
 * what two timings of one thing differ by when nothing else runs.
 */
const MARGIN = 0.97;

const FAMILIES: Partial<Record<DeviceOp, Family>> = {
  linear: 'product', matmul: 'product', 'linear gradient': 'product gradient', 'matmul gradient': 'product gradient',
  'sparse linear': 'sparse product', 'sparse linear gradient': 'sparse product gradient',
  conv2d: 'convolution', 'conv2d gradient': 'convolution gradient',
};

function timeOf({ overhead, perUnit }: Line, units: number): number {
  return overhead + units * perUnit;
}

/** The device makes every op that it can. */
export function everythingOn(device: Device): Placement {
  return { device, prefersDevice: () => true };
}

/**
 * Each op goes to the side where its work and the moving of its operands take less time. The device is also charged
 * with bringing the result back, so that every op it gets pays its own way and no chain of choices can lose. Values
 * that cannot be read at once are followed to where they are.
 */
export function byCosts(device: Device, costs: Costs): Placement {
  const moving = (operands: readonly Tensor[], line: Line, isThere: (tensor: Tensor) => boolean) =>
    operands.reduce((total, tensor) => (isThere(tensor) ? total : total + timeOf(line, 4 * tensor.size)), 0);
  const prefersDevice = ({ op, work, operands, outputBytes }: OpRequest): boolean => {
    if (device.readSync === undefined && operands.some(({ isOnCore }) => !isOnCore)) return true;
    const family = costs.families[FAMILIES[op] ?? 'elementwise'];
    const onCore = timeOf(family.core, work) + moving(operands, costs.download, ({ isOnCore }) => isOnCore);
    const arriving = moving(operands, costs.upload, (tensor) => tensor.isOn(device));
    const onDevice = timeOf(family.device, work) + arriving + timeOf(costs.download, outputBytes);
    return onDevice < MARGIN * onCore;
  };
  return { device, prefersDevice };
}
