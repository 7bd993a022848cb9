// What layers with a weight and a bias share when a device makes them.
import type { Device, LayerGradients, LayerHandles, Wanted } from './device.js';
import type { Tape } from './tape.js';
import type { Shape, Tensor } from './tensor.js';

export interface LayerTensors {
  x: Tensor;
  weight: Tensor;
  bias: Tensor | null;
}

/** Which gradients are wanted, and how many values they have. */
export function wantedOf({ x, weight, bias }: LayerTensors): { wanted: Wanted; results: number } {
  const wanted = { x: x.requiresGrad, weight: weight.requiresGrad, bias: bias?.requiresGrad === true };
  const results = (wanted.x ? x.size : 0) + (wanted.weight ? weight.size : 0) + (wanted.bias ? bias!.size : 0);
  return { wanted, results };
}

/** A layer's handles as tensors of this step; one tensor where output and saved are one handle. */
export function layerMade(tape: Tape, device: Device, { output, saved }: LayerHandles, shape: Shape): { output: Tensor; saved: Tensor } {
  const made = tape.made(device, output, shape);
  return { output: made, saved: saved === output ? made : tape.made(device, saved, shape) };
}

export function giveLayerGradients(tape: Tape, device: Device, gradients: LayerGradients, layer: LayerTensors): void {
  for (const name of ['bias', 'weight', 'x'] as const) {
    const handle = gradients[name];
    if (handle !== undefined) tape.give(layer[name]!, tape.made(device, handle, layer[name]!.shape));
  }
}
