import type { Device, Placement } from '../tensor/index.js';

/** The device makes every op that it can. */
export function everythingOn(device: Device): Placement {
  return { device, prefersDevice: () => true };
}
