// Who makes an op: the device whenever it can, or whichever side is cheaper by a calibration of this machine.
import type { Device, DeviceOp, OpRequest, Placement, Tensor } from '../tensor/index.js';

/** Ops of one kind cost alike for the same work. */
export type Family =
  | 'product' | 'product gradient' | 'sparse product' | 'sparse product gradient' | 'convolution' | 'convolution gradient' | 'elementwise';

/** Milliseconds of both sides at rising amounts of work. */
export interface Curve {
  work: number[];
  core: number[];
  device: number[];
}

/** Milliseconds to move a tensor: `overhead + bytes * perByte`. */
export interface Transfer {
  overhead: number;
  perByte: number;
}

export interface Costs {
  curves: Record<Family, Curve>;
  upload: Transfer;
  download: Transfer;
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

/** Between two points on the line through them, beyond the last in proportion to the work, before the first as there. */
export function interpolate(work: readonly number[], milliseconds: readonly number[], at: number): number {
  const next = work.findIndex((known) => known >= at);
  if (next === 0) return milliseconds[0]!;
  const last = work.length - 1;
  if (next < 0) return milliseconds[last]! * (at / work[last]!);
  const share = (at - work[next - 1]!) / (work[next]! - work[next - 1]!);
  return milliseconds[next - 1]! + share * (milliseconds[next]! - milliseconds[next - 1]!);
}

function transferTime({ overhead, perByte }: Transfer, bytes: number): number {
  return overhead + bytes * perByte;
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
  const moving = (operands: readonly Tensor[], transfer: Transfer, isThere: (tensor: Tensor) => boolean) =>
    operands.reduce((total, tensor) => (isThere(tensor) ? total : total + transferTime(transfer, 4 * tensor.size)), 0);
  const prefersDevice = ({ op, work, operands, outputBytes }: OpRequest): boolean => {
    if (device.readSync === undefined && operands.some(({ isOnCore }) => !isOnCore)) return true;
    const curve = costs.curves[FAMILIES[op] ?? 'elementwise'];
    const onCore = interpolate(curve.work, curve.core, work) + moving(operands, costs.download, ({ isOnCore }) => isOnCore);
    const arriving = moving(operands, costs.upload, (tensor) => tensor.isOn(device));
    const onDevice = interpolate(curve.work, curve.device, work) + arriving + transferTime(costs.download, outputBytes);
    return onDevice < MARGIN * onCore;
  };
  return { device, prefersDevice };
}
