import type { Shape } from '../tensor/index.js';
import type { Layer } from './layers.js';

/**
 * The shapes that pass through layers, without the batch: the input's first, then each layer's result.
 * @param where the list that the layers stand in, named in errors
 * @throws RangeError naming the layer that cannot take what reaches it
 */
export function shapesThrough(layers: readonly Layer[], input: Shape, where: string): Shape[] {
  const shapes: Shape[] = [input];
  layers.forEach((layer, index) => {
    try {
      shapes.push(layer.outputShape(shapes[index]!));
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      throw new RangeError(`${where}: layer ${index}: ${error.message}`);
    }
  });
  return shapes;
}
